// SPDX-License-Identifier: Apache-2.0
//
// A mixture of experts in one op. Tokens are gathered by expert, so that each expert's layers are
// matrix products; the weight of an expert is put on what goes into its last layer, so that the
// gradient of the weight needs none of the experts' outputs.

import CRetortKernels

/// Chooses experts by their scores. Called by several threads at once.
package protocol ExpertChooser: AnyObject {
    /// - Parameters:
    ///   - scores: `[experts]`, logits; become scores.
    ///   - experts, weights: `[experts per token]`.
    func choose(
        _ scores: UnsafeMutablePointer<Float>, experts: UnsafeMutablePointer<Int32>,
        weights: UnsafeMutablePointer<Float>, thread: Int)
}

/// The shape and the parameters of a mixture of experts.
package struct ExpertsParameters {
    package struct Expert {
        package let gate: Parameter  // [inner, hiddenSize]
        package let up: Parameter  // [inner, hiddenSize]
        package let down: Parameter  // [hiddenSize, inner]

        package init(gate: Parameter, up: Parameter, down: Parameter) {
            self.gate = gate
            self.up = up
            self.down = down
        }
    }

    package var router: Parameter  // [experts, hiddenSize]
    package var experts: [Expert]
    package var perToken: Int
    /// Whether scores are a softmax; else sigmoids.
    package var isSoftmax: Bool
    /// Whether the weights of the chosen are divided by their sum.
    package var normalizes: Bool
    package var scale: Float
    /// α of the sequence-wise balance loss.
    package var balanceWeight: Float
    package var chooser: any ExpertChooser

    package init(
        router: Parameter, experts: [Expert], perToken: Int, isSoftmax: Bool, normalizes: Bool,
        scale: Float, balanceWeight: Float, chooser: any ExpertChooser
    ) {
        self.router = router
        self.experts = experts
        self.perToken = perToken
        self.isSoftmax = isSoftmax
        self.normalizes = normalizes
        self.scale = scale
        self.balanceWeight = balanceWeight
        self.chooser = chooser
    }

    var isTrained: Bool {
        router.isTrained
            || experts.contains { $0.gate.isTrained || $0.up.isTrained || $0.down.isTrained }
    }
}

extension Tape {
    /// residual + Σ weight · down(silu(gate(x)) ∘ up(x)) over the experts of each token, f32.
    /// - Parameter length: Tokens of a row, over which experts are balanced.
    /// - Throws: ``TensorError`` if memory runs out.
    package func experts(
        _ x: Variable, _ parameters: ExpertsParameters, residual: Variable, length: Int
    ) throws(TensorError) -> (out: Variable, node: ExpertsNode) {
        guard let first = parameters.experts.first else {
            throw TensorError("a mixture of experts has no experts")
        }
        let inner = first.gate.rows
        try engine.reserveLines(columns: max(x.columns, inner, parameters.experts.count))
        let needed = needsGradient(x, residual) || parameters.isTrained
        let assignments = x.rows * parameters.perToken
        let out = variable(rows: x.rows, columns: x.columns, .f32, needsGradient: needed)
        let inside = [x.columns, inner, inner].map {
            variable(rows: assignments, columns: $0, activationType, needsGradient: false)
        }
        let node = try ExpertsNode(
            x, parameters, residual: residual, outs: [out] + inside, length: length, tape: self)
        append(node)
        return (out, node)
    }
}

package final class ExpertsNode: Node {
    package let mixture: ExpertsParameters
    /// How many tokens each expert was given since ``resetLoad()``.
    package private(set) var load: [Int]
    /// The balance loss of the last backward pass, the mean of all rows, times its α.
    package private(set) var balanceLoss: Double = 0
    let length: Int
    unowned(unsafe) let tape: Tape
    var accumulatesInput: Bool?
    var passesResidual: Bool?

    // [tokens, experts]: scores, and the gradients of the logits.
    let scores: MatrixView
    let slopes: MatrixView
    // [tokens, per token]
    let experts: UnsafeMutablePointer<Int32>
    let weights: UnsafeMutablePointer<Float>
    let weightSlopes: UnsafeMutablePointer<Float>
    /// Where each assignment (token * perToken + place) is among those sorted by expert, and back.
    let places: UnsafeMutablePointer<Int32>
    let order: UnsafeMutablePointer<Int32>
    /// Where each expert's assignments begin.
    var starts: [Int]
    let routerPanels: UnsafeMutablePointer<Float>
    private let buffers: [AlignedBuffer]
    private let counts: UnsafeMutablePointer<Float>  // [experts]
    private let rowTask: ExpertsRowTask
    private let hooks: ExpertHooks

    init(
        _ x: Variable, _ parameters: ExpertsParameters, residual: Variable, outs: [Variable],
        length: Int, tape: Tape
    ) throws(TensorError) {
        mixture = parameters
        self.length = length
        self.tape = tape
        let count = parameters.experts.count
        let assignments = x.rows * parameters.perToken
        load = Array(repeating: 0, count: count)
        starts = Array(repeating: 0, count: count + 1)
        var buffers: [AlignedBuffer] = []
        func words(_ count: Int) throws(TensorError) -> UnsafeMutablePointer<Float> {
            let buffer = try AlignedBuffer.floats(count + 64)
            buffers.append(buffer)
            return buffer.floats
        }
        func integers(_ count: Int) throws(TensorError) -> UnsafeMutablePointer<Int32> {
            UnsafeMutableRawPointer(try words(count)).assumingMemoryBound(to: Int32.self)
        }
        scores = MatrixView(try words(x.rows * count), rows: x.rows, columns: count)
        slopes = MatrixView(try words(x.rows * count), rows: x.rows, columns: count)
        experts = try integers(assignments)
        weights = try words(assignments)
        weightSlopes = try words(assignments)
        places = try integers(assignments)
        order = try integers(assignments)
        counts = try words(count)
        routerPanels = try words((count + 31) / 32 * 32 * x.columns)
        self.buffers = buffers
        rowTask = ExpertsRowTask()
        hooks = ExpertHooks()
        super.init(inputs: [x, residual], outputs: outs)
        saved = [x] + outs.dropFirst()
        rowTask.node = self
        hooks.node = self
    }

    /// `x` gathered by expert, `[assignments, hiddenSize]`; the gate's and up's outputs on it.
    var gathered: MatrixView { tape.data(outputs[1]) }
    var gate: MatrixView { tape.data(outputs[2]) }
    var up: MatrixView { tape.data(outputs[3]) }

    /// Counts from nothing again.
    package func resetLoad() { for index in load.indices { load[index] = 0 } }

    override var parameters: [Parameter] {
        [mixture.router] + mixture.experts.flatMap { [$0.gate, $0.up, $0.down] }
    }

    override var hasBackward: Bool { tape.values[outputs[0].index].needsGradient }

    override func planBackward(_ plan: inout GradientPlan) {
        accumulatesInput = plan.write(inputs[0])
        passesResidual = plan.pass(outputs[0], to: inputs[1])
    }

    override func forward(_ tape: Tape) throws(TensorError) {
        let engine = tape.engine
        let x = tape.data(inputs[0])
        let router = mixture.router
        for first in stride(from: 0, to: router.rows, by: Int(RK_PANEL)) {
            engine.table.pointee.pack_panel(
                routerPanels + first * router.columns, router.values + first * router.columns,
                RK_F32, 4 * router.columns, min(Int(RK_PANEL), router.rows - first),
                router.columns)
        }
        rowTask.phase = .route
        engine.forRows(x.rows, rowTask)
        sort()
        rowTask.phase = .gather
        engine.forRows(gathered.rows, rowTask)
        let products = try scratch(tape.expertScratch[0], .f32, columns: x.columns)
        rowTask.products = products
        for (index, expert) in mixture.experts.enumerated() {
            guard let rows = rows(of: index) else { continue }
            let input = part(gathered, rows)
            try engine.product(part(gate, rows), input, expert.gate.matrix, .transposed)
            try engine.product(part(up, rows), input, expert.up.matrix, .transposed)
            hooks.firstRow = rows.lowerBound
            try engine.product(
                part(products, rows), part(gate, rows), expert.down.matrix, .transposed,
                prologue: hooks)
        }
        rowTask.phase = .combine
        engine.forRows(x.rows, rowTask)
    }

    /// Sorts the assignments by expert; those of one expert stay in the order of tokens.
    private func sort() {
        let count = mixture.experts.count
        let assignments = scores.rows * mixture.perToken
        for index in 0...count { starts[index] = 0 }
        for index in 0..<assignments { starts[Int(experts[index]) + 1] += 1 }
        for index in 0..<count { starts[index + 1] += starts[index] }
        for index in 0..<assignments {
            let expert = Int(experts[index])
            let place = starts[expert]
            places[index] = Int32(place)
            order[place] = Int32(index)
            starts[expert] = place + 1
        }
        for index in stride(from: count, to: 0, by: -1) { starts[index] = starts[index - 1] }
        starts[0] = 0
    }

    /// Whether a token is more than padding, which is a document by itself without a target.
    private func isCounted(_ token: Int, _ batch: TapeBatch) -> Bool {
        let place = token % length
        guard batch.targets[token] < 0, Int(batch.documentStarts[token]) == place else {
            return true
        }
        return place + 1 < length && Int(batch.documentStarts[token + 1]) == place
    }

    private func rows(of expert: Int) -> Range<Int>? {
        starts[expert] < starts[expert + 1] ? starts[expert]..<starts[expert + 1] : nil
    }

    private func part(_ matrix: MatrixView, _ rows: Range<Int>) -> MatrixView {
        matrix.rows(from: rows.lowerBound, count: rows.count)
    }

    private func scratch(_ buffer: ScratchBuffer, _ dtype: DType, columns: Int)
        throws(TensorError) -> MatrixView
    {
        MatrixView(
            try buffer.reserve(byteCount: 4 * gathered.rows * columns + 256), dtype,
            rows: gathered.rows, columns: columns)
    }

    override func backward(_ tape: Tape) throws(TensorError) {
        let engine = tape.engine
        let x = tape.data(inputs[0])
        let type = tape.activationType
        let products = try scratch(tape.expertScratch[0], .f32, columns: x.columns)
        let above = try scratch(tape.expertScratch[1], type, columns: x.columns)
        let hidden = try scratch(tape.expertScratch[2], type, columns: gate.columns)
        rowTask.products = products
        rowTask.above = above
        hooks.hidden = hidden
        rowTask.phase = .gatherGradient
        engine.forRows(gathered.rows, rowTask)
        for (index, expert) in mixture.experts.enumerated() {
            let rows = rows(of: index) ?? 0..<0
            hooks.firstRow = rows.lowerBound
            // The epilogue leaves the gradients of gate and up in place of their values.
            try engine.product(nil, part(above, rows), expert.down.matrix, .plain, epilogue: hooks)
            try addGradient(expert.down, part(above, rows), part(hidden, rows))
            try addGradient(expert.gate, part(gate, rows), part(gathered, rows))
            try addGradient(expert.up, part(up, rows), part(gathered, rows))
            guard accumulatesInput != nil else { continue }
            let target = part(products, rows)
            try engine.product(target, part(gate, rows), expert.gate.matrix, .plain)
            try engine.product(
                target, start: UnsafePointer(target.floats), startStride: target.stride,
                part(up, rows), expert.up.matrix, .plain)
        }
        balance()
        rowTask.phase = .routeBackward
        engine.forRows(x.rows, rowTask)
        if mixture.router.isTrained {
            try addGradient(mixture.router, slopes, x)
        }
        if passesResidual == false {
            rowTask.phase = .residual
            engine.forRows(x.rows, rowTask)
        }
    }

    private func addGradient(_ parameter: Parameter, _ dy: MatrixView, _ x: MatrixView)
        throws(TensorError)
    {
        guard let (gradient, accumulate) = parameter.beginGradient() else { return }
        try tape.engine.sumOfProducts(gradient, dy, x, accumulate: accumulate)
    }

    /// The sequence-wise balance loss and, in `slopes`, its gradient by the scores. Counts the load.
    private func balance() {
        guard let batch = tape.batch else { return }
        let (count, perToken) = (mixture.experts.count, mixture.perToken)
        let factor = mixture.balanceWeight * tape.rowScale
        balanceLoss = 0
        for row in 0..<scores.rows / length {
            counts.update(repeating: 0, count: count)
            var tokens = 0
            for token in row * length..<(row + 1) * length where isCounted(token, batch) {
                tokens += 1
                for index in token * perToken..<(token + 1) * perToken {
                    counts[Int(experts[index])] += 1
                    load[Int(experts[index])] += 1
                }
            }
            let share = Float(count) / Float(perToken * max(1, tokens))
            var loss: Float = 0
            for token in row * length..<(row + 1) * length {
                let values = scores.floats(row: token)
                let target = slopes.floats(row: token)
                guard isCounted(token, batch) else {
                    target.update(repeating: 0, count: count)
                    continue
                }
                var (sum, mixed): (Float, Float) = (0, 0)
                for index in 0..<count {
                    sum += values[index]
                    mixed += values[index] * counts[index] * share
                }
                let inverse = sum > 0 ? 1 / sum : 0
                loss += mixed * inverse
                for index in 0..<count {
                    target[index] =
                        factor / Float(tokens)
                        * (counts[index] * share * inverse - mixed * inverse * inverse)
                }
            }
            balanceLoss += Double(loss / Float(max(1, tokens)) * mixture.balanceWeight)
        }
        balanceLoss /= Double(max(1, scores.rows / length))
    }
}

/// Fills and uses blocks of one expert's rows.
final class ExpertHooks: ProductPrologue, ProductEpilogue {
    weak var node: ExpertsNode?
    /// Where the expert's rows begin among those sorted by expert.
    var firstRow = 0
    /// What goes into the last layers, `[assignments, inner]`.
    var hidden: MatrixView?

    /// weight · silu(gate) ∘ up
    func fill(
        _ target: UnsafeMutablePointer<Float>, stride: Int, first: Int, count: Int, thread: Int
    ) {
        guard let node else { return }
        let engine = node.tape.engine
        let columns = node.gate.columns
        for row in 0..<count {
            let place = firstRow + first + row
            let line = target + row * stride
            engine.table.pointee.silu_product(
                line, read(node.gate, place, 0, engine, thread),
                read(node.up, place, 1, engine, thread),
                columns)
            engine.table.pointee.scale(line, columns, node.weights[Int(node.order[place])])
        }
    }

    private func read(
        _ matrix: MatrixView, _ row: Int, _ line: Int, _ engine: MatrixEngine, _ thread: Int
    ) -> UnsafeMutablePointer<Float> {
        engine.read(
            matrix.row(row), matrix.dtype, count: matrix.columns,
            line: engine.line(line, thread: thread))
    }

    private func replace(
        _ matrix: MatrixView, _ row: Int, _ values: UnsafeMutablePointer<Float>,
        _ engine: MatrixEngine
    ) {
        engine.write(
            matrix.row(row), matrix.dtype, values, count: matrix.columns, accumulate: false,
            line: values)
    }

    func finish(
        _ product: UnsafeMutablePointer<Float>, stride: Int, first: Int, count: Int, thread: Int
    ) {
        guard let node, let hidden else { return }
        let engine = node.tape.engine
        let table = engine.table
        let columns = node.gate.columns
        let (h, dg, du) = (
            engine.line(2, thread: thread), engine.line(3, thread: thread),
            engine.line(4, thread: thread)
        )
        for row in 0..<count {
            let place = firstRow + first + row
            let assignment = Int(node.order[place])
            let weight = node.weights[assignment]
            let slope = product + row * stride
            let (g, u) = (
                read(node.gate, place, 0, engine, thread), read(node.up, place, 1, engine, thread)
            )
            table.pointee.silu_product(h, g, u, columns)
            node.weightSlopes[assignment] = table.pointee.inner_product(slope, h, columns)
            table.pointee.scale(h, columns, weight)
            table.pointee.scale(slope, columns, weight)
            table.pointee.silu_product_backward(dg, du, g, u, slope, columns)
            replace(hidden, place, h, engine)
            replace(node.gate, place, dg, engine)
            replace(node.up, place, du, engine)
        }
    }
}

/// What a mixture of experts does row by row.
final class ExpertsRowTask: ParallelTask {
    enum Phase { case route, gather, combine, gatherGradient, routeBackward, residual }

    weak var node: ExpertsNode?
    var phase = Phase.route
    /// `[assignments, hiddenSize]`: the experts' outputs, or the gradients of their inputs.
    var products: MatrixView?
    /// The gradients of the experts' outputs.
    var above: MatrixView?

    func run(chunk: Int, thread: Int) {
        guard let node else { return }
        let isByExpert = phase == .gather || phase == .gatherGradient
        let count = isByExpert ? node.gathered.rows : node.scores.rows
        for row in MatrixEngine.rows(ofChunk: chunk, of: count) {
            switch phase {
            case .route: route(row, node, thread)
            case .gather: gather(node.gathered, node.tape.data(node.inputs[0]), row, node)
            case .combine: combine(row, node)
            case .gatherGradient:
                if let above {
                    gather(above, node.tape.gradient(node.outputs[0]), row, node)
                }
            case .routeBackward: routeBackward(row, node, thread)
            case .residual:
                node.tape.engine.table.pointee.add(
                    node.tape.gradient(node.inputs[1]).floats(row: row),
                    node.tape.gradient(node.outputs[0]).floats(row: row),
                    node.inputs[0].columns)
            }
        }
    }

    /// The router is f32 in every compute type: a choice must not change with rounding.
    private func route(_ row: Int, _ node: ExpertsNode, _ thread: Int) {
        let engine = node.tape.engine
        let x = node.tape.data(node.inputs[0])
        let values = engine.read(
            x.row(row), x.dtype, count: x.columns, line: engine.line(0, thread: thread))
        let scores = node.scores.floats(row: row)
        engine.table.pointee.matrix_product(
            scores, RK_F32, node.scores.columns, nil, 0, values, x.columns, 1,
            node.routerPanels, 1, node.scores.columns, x.columns)
        let first = row * node.mixture.perToken
        node.mixture.chooser.choose(
            scores, experts: node.experts + first, weights: node.weights + first, thread: thread)
    }

    private func gather(
        _ target: MatrixView, _ source: MatrixView, _ place: Int, _ node: ExpertsNode
    ) {
        let token = Int(node.order[place]) / node.mixture.perToken
        let (to, from) = (target.row(place), source.row(token))
        if target.dtype == source.dtype {
            to.copyMemory(from: from, byteCount: target.columns * target.elementBytes)
        } else {
            node.tape.engine.table.pointee.bf16_round(
                to.assumingMemoryBound(to: UInt16.self), from.assumingMemoryBound(to: Float.self),
                target.columns)
        }
    }

    private func combine(_ row: Int, _ node: ExpertsNode) {
        guard let products else { return }
        let out = node.tape.data(node.outputs[0]).floats(row: row)
        out.update(
            from: node.tape.data(node.inputs[1]).floats(row: row), count: products.columns)
        let perToken = node.mixture.perToken
        for assignment in row * perToken..<(row + 1) * perToken {
            node.tape.engine.table.pointee.add(
                out, products.floats(row: Int(node.places[assignment])), products.columns)
        }
    }

    /// From the gradients of the weights, and of the balance loss, those of the logits and of x.
    private func routeBackward(_ row: Int, _ node: ExpertsNode, _ thread: Int) {
        guard let products else { return }
        let parameters = node.mixture
        let table = node.tape.engine.table
        let (scores, slopes) = (node.scores.floats(row: row), node.slopes.floats(row: row))
        let assignments = row * parameters.perToken..<(row + 1) * parameters.perToken
        var (sum, mixed): (Float, Float) = (0, 0)
        for assignment in assignments {
            sum += scores[Int(node.experts[assignment])]
            mixed += node.weights[assignment] * node.weightSlopes[assignment]
        }
        for assignment in assignments {
            let expert = Int(node.experts[assignment])
            let slope = parameters.scale * node.weightSlopes[assignment]
            slopes[expert] += parameters.normalizes ? (slope - mixed) / (sum + 1e-20) : slope
        }
        let count = node.scores.columns
        if parameters.isSoftmax {
            let mean = table.pointee.inner_product(slopes, scores, count)
            for index in 0..<count { slopes[index] = scores[index] * (slopes[index] - mean) }
        } else {
            for index in 0..<count { slopes[index] *= scores[index] * (1 - scores[index]) }
        }
        guard let accumulate = node.accumulatesInput else { return }
        let columns = node.inputs[0].columns
        let line = node.tape.engine.line(0, thread: thread)
        line.update(repeating: 0, count: columns)
        for index in 0..<count {
            table.pointee.add_scaled(
                line, parameters.router.values + index * columns, columns, slopes[index])
        }
        for assignment in assignments {
            table.pointee.add(line, products.floats(row: Int(node.places[assignment])), columns)
        }
        let dx = node.tape.gradient(node.inputs[0])
        node.tape.engine.write(
            dx.row(row), dx.dtype, line, count: columns, accumulate: accumulate,
            line: node.tape.engine.line(1, thread: thread))
    }
}
