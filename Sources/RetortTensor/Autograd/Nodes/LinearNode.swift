// SPDX-License-Identifier: Apache-2.0

import CRetortKernels

/// A trained linear layer: `weight` is `[outputs, inputs]`, `bias` `[outputs]`.
package struct LinearParameters {
    package let weight: Parameter
    package let bias: Parameter?

    package init(weight: Parameter, bias: Parameter? = nil) {
        self.weight = weight
        self.bias = bias
    }

    var isTrained: Bool { weight.isTrained || bias?.isTrained ?? false }
}

extension Tape {
    /// y = x Wᵀ + b, `[rows, outputs]`.
    /// - Parameters:
    ///   - residual: What is added, `[rows, outputs]`, f32; then y is f32.
    ///   - dtype: The type of y; by default that of activations.
    package func linear(
        _ x: Variable, _ layer: LinearParameters, residual: Variable? = nil, dtype: DType? = nil
    ) -> Variable {
        linears(x, [layer], residual: residual, dtype: dtype)[0]
    }

    /// Several linear layers of one input.
    package func linears(
        _ x: Variable, _ layers: [LinearParameters], residual: Variable? = nil,
        dtype: DType? = nil
    ) -> [Variable] {
        let outs = layers.map { layer in
            variable(
                rows: x.rows, columns: layer.weight.rows,
                residual != nil ? .f32 : dtype ?? activationType,
                needsGradient: needsGradient(x) || layer.isTrained
                    || residual.map { needsGradient($0) } ?? false)
        }
        append(LinearNode(x, layers, residual: residual, outs: outs, tape: self))
        // Each layer adds to the gradient of the one input.
        values[root(x)].consumers += layers.count - 1
        return outs
    }
}

final class LinearNode: Node, ParallelTask {
    private let layers: [LinearParameters]
    private let residual: Variable?
    private unowned(unsafe) let tape: Tape
    private var accumulatesInput: Bool?
    private var passesResidual: Bool?
    private var phase = Phase.bias(0)
    private var biasGradient: MatrixView?
    private var accumulatesBias = false

    private enum Phase { case bias(Int), biasGradient(Int), residual }
    private static let columnsPerChunk = 64

    init(
        _ x: Variable, _ layers: [LinearParameters], residual: Variable?, outs: [Variable],
        tape: Tape
    ) {
        self.layers = layers
        self.residual = residual
        self.tape = tape
        super.init(inputs: [x] + (residual.map { [$0] } ?? []), outputs: outs)
        if layers.contains(where: \.weight.isTrained) { saved = [x] }
    }

    override var parameters: [Parameter] {
        layers.flatMap { [$0.weight] + ($0.bias.map { [$0] } ?? []) }
    }

    override var hasBackward: Bool {
        outputs.contains { tape.values[$0.index].needsGradient }
    }

    override func planBackward(_ plan: inout GradientPlan) {
        accumulatesInput = plan.write(inputs[0])
        passesResidual = residual.flatMap { plan.pass(outputs[0], to: $0) }
    }

    override func forward(_ tape: Tape) throws(TensorError) {
        let x = tape.data(inputs[0])
        for (index, layer) in layers.enumerated() {
            let out = tape.data(outputs[index])
            let added = residual.map { tape.data($0) }
            // Either is added for nothing where the sum begins.
            let start =
                added.map { UnsafePointer($0.floats) }
                ?? layer.bias.map { UnsafePointer($0.values) }
            try tape.engine.product(
                out, start: start, startStride: added?.stride ?? 0, x, layer.weight.matrix,
                .transposed)
            if layer.bias != nil, residual != nil {
                phase = .bias(index)
                tape.engine.forRows(out.rows, self)
            }
        }
    }

    override func backward(_ tape: Tape) throws(TensorError) {
        for (index, layer) in layers.enumerated() {
            let dy = tape.gradient(outputs[index])
            if let (gradient, accumulate) = layer.weight.beginGradient() {
                try tape.engine.sumOfProducts(
                    gradient, dy, tape.data(inputs[0]), accumulate: accumulate)
            }
            if let (gradient, accumulate) = layer.bias?.beginGradient() {
                biasGradient = gradient
                accumulatesBias = accumulate
                phase = .biasGradient(index)
                tape.engine.pool.run(
                    self,
                    chunks: (gradient.columns + Self.columnsPerChunk - 1) / Self.columnsPerChunk)
            }
            if let accumulatesInput {
                let dx = tape.gradient(inputs[0])
                let start = accumulatesInput || index > 0 ? UnsafePointer(dx.floats) : nil
                try tape.engine.product(
                    dx, start: start, startStride: dx.stride, dy, layer.weight.matrix, .plain)
            }
        }
        if passesResidual == false, let residual {
            phase = .residual
            tape.engine.forRows(residual.rows, self)
        }
    }

    func run(chunk: Int, thread: Int) {
        let table = tape.engine.table
        switch phase {
        case .bias(let index):
            let out = tape.data(outputs[index])
            guard let bias = layers[index].bias else { return }
            for row in MatrixEngine.rows(ofChunk: chunk, of: out.rows) {
                table.pointee.add(out.floats(row: row), bias.values, out.columns)
            }
        case .biasGradient(let index):
            guard let biasGradient else { return }
            let dy = tape.gradient(outputs[index])
            let first = chunk * Self.columnsPerChunk
            let count = min(Self.columnsPerChunk, dy.columns - first)
            let sum = biasGradient.floats + first
            if !accumulatesBias { sum.update(repeating: 0, count: count) }
            let line = tape.engine.line(0, thread: thread)
            for row in 0..<dy.rows {
                let part = dy.row(row) + first * dy.elementBytes
                table.pointee.add(
                    sum, tape.engine.read(part, dy.dtype, count: count, line: line), count)
            }
        case .residual:
            guard let residual else { return }
            let (dy, dr) = (tape.gradient(outputs[0]), tape.gradient(residual))
            for row in MatrixEngine.rows(ofChunk: chunk, of: dy.rows) {
                table.pointee.add(dr.floats(row: row), dy.floats(row: row), dy.columns)
            }
        }
    }
}
