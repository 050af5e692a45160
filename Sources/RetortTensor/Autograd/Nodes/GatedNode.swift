// SPDX-License-Identifier: Apache-2.0
//
// The second half of SwiGLU (Shazeer 2020): silu(gate) · up is made block by block where the product
// with the last layer wants it, so that it is never in memory as a whole in the forward pass.

import CRetortKernels

extension Tape {
    /// residual + (silu(gate) ∘ up) Wᵀ, `[rows, outputs]`, f32.
    /// - Parameters:
    ///   - gate, up: `[rows, inner]`.
    ///   - down: `weight` is `[outputs, inner]`; without bias.
    ///   - residual: `[rows, outputs]`, f32.
    /// - Throws: ``TensorError`` if memory runs out.
    package func gatedLinear(
        gate: Variable, up: Variable, down: Parameter, residual: Variable?
    ) throws(TensorError) -> Variable {
        try engine.reserveLines(columns: max(gate.columns, down.rows))
        let out = variable(
            rows: gate.rows, columns: down.rows, .f32,
            needsGradient: needsGradient(gate, up) || down.isTrained
                || residual.map { needsGradient($0) } ?? false)
        append(GatedNode(gate: gate, up: up, down: down, residual: residual, out: out, tape: self))
        return out
    }

    /// silu(gate) ∘ up, `[rows, inner]`.
    /// - Throws: ``TensorError`` if memory runs out.
    package func gated(gate: Variable, up: Variable) throws(TensorError) -> Variable {
        try engine.reserveLines(columns: gate.columns)
        let out = variable(
            rows: gate.rows, columns: gate.columns, activationType,
            needsGradient: needsGradient(gate, up))
        append(SiluNode(gate: gate, up: up, out: out, tape: self))
        return out
    }
}

final class GatedNode: Node, ParallelTask, ProductPrologue, ProductEpilogue {
    private let down: Parameter
    private let residual: Variable?
    private unowned(unsafe) let tape: Tape
    private var accumulatesGate: Bool?
    private var accumulatesUp: Bool?
    private var passesResidual: Bool?
    /// silu(gate) ∘ up, `[rows, inner]`, while the backward pass runs.
    private var hidden: MatrixView

    init(
        gate: Variable, up: Variable, down: Parameter, residual: Variable?, out: Variable,
        tape: Tape
    ) {
        self.down = down
        self.residual = residual
        self.tape = tape
        hidden = down.matrix
        super.init(inputs: [gate, up] + (residual.map { [$0] } ?? []), outputs: [out])
        saved = [gate, up]
    }

    override var parameters: [Parameter] { [down] }

    override var hasBackward: Bool { tape.values[outputs[0].index].needsGradient }

    override func planBackward(_ plan: inout GradientPlan) {
        accumulatesGate = plan.write(inputs[0])
        accumulatesUp = plan.write(inputs[1])
        passesResidual = residual.flatMap { plan.pass(outputs[0], to: $0) }
    }

    override func forward(_ tape: Tape) throws(TensorError) {
        let added = residual.map { tape.data($0) }
        try tape.engine.product(
            tape.data(outputs[0]), start: added.map { UnsafePointer($0.floats) },
            startStride: added?.stride ?? 0, tape.data(inputs[0]), down.matrix, .transposed,
            prologue: self)
    }

    func fill(
        _ target: UnsafeMutablePointer<Float>, stride: Int, first: Int, count: Int, thread: Int
    ) {
        let (gate, up) = (tape.data(inputs[0]), tape.data(inputs[1]))
        let engine = tape.engine
        let (gateLine, upLine) = (engine.line(0, thread: thread), engine.line(1, thread: thread))
        for row in 0..<count {
            engine.table.pointee.silu_product(
                target + row * stride,
                engine.read(gate.row(first + row), gate.dtype, count: gate.columns, line: gateLine),
                engine.read(up.row(first + row), up.dtype, count: up.columns, line: upLine),
                gate.columns)
        }
    }

    override func backward(_ tape: Tape) throws(TensorError) {
        let engine = tape.engine
        let gate = tape.data(inputs[0])
        let dy = tape.gradient(outputs[0])
        let type = tape.activationType
        hidden = MatrixView(
            try tape.scratch.reserve(byteCount: 4 * gate.rows * gate.columns + 256), type,
            rows: gate.rows, columns: gate.columns)
        try engine.product(nil, dy, down.matrix, .plain, epilogue: self)
        if let (gradient, accumulate) = down.beginGradient() {
            try engine.sumOfProducts(gradient, dy, hidden, accumulate: accumulate)
        }
        if passesResidual == false, residual != nil { engine.forRows(dy.rows, self) }
    }

    func finish(
        _ product: UnsafeMutablePointer<Float>, stride: Int, first: Int, count: Int, thread: Int
    ) {
        let engine = tape.engine
        let (gate, up) = (tape.data(inputs[0]), tape.data(inputs[1]))
        let (dgate, dup) = (tape.gradient(inputs[0]), tape.gradient(inputs[1]))
        let columns = gate.columns
        for row in 0..<count {
            let index = first + row
            let g = engine.read(
                gate.row(index), gate.dtype, count: columns, line: engine.line(0, thread: thread))
            let u = engine.read(
                up.row(index), up.dtype, count: columns, line: engine.line(1, thread: thread))
            let lines = (engine.line(2, thread: thread), engine.line(3, thread: thread))
            let h = engine.target(hidden.row(index), hidden.dtype, line: lines.0)
            engine.table.pointee.silu_product(h, g, u, columns)
            engine.finish(hidden.row(index), hidden.dtype, line: lines.0, count: columns)
            engine.table.pointee.silu_product_backward(
                lines.0, lines.1, g, u, product + row * stride, columns)
            if let accumulatesGate {
                engine.write(
                    dgate.row(index), dgate.dtype, lines.0, count: columns,
                    accumulate: accumulatesGate, line: engine.line(4, thread: thread))
            }
            if let accumulatesUp {
                engine.write(
                    dup.row(index), dup.dtype, lines.1, count: columns,
                    accumulate: accumulatesUp, line: engine.line(4, thread: thread))
            }
        }
    }

    func run(chunk: Int, thread: Int) {
        guard let residual else { return }
        let (dy, dr) = (tape.gradient(outputs[0]), tape.gradient(residual))
        for row in MatrixEngine.rows(ofChunk: chunk, of: dy.rows) {
            tape.engine.table.pointee.add(dr.floats(row: row), dy.floats(row: row), dy.columns)
        }
    }
}

final class SiluNode: RowNode {
    private var accumulatesGate: Bool?
    private var accumulatesUp: Bool?

    init(gate: Variable, up: Variable, out: Variable, tape: Tape) {
        super.init(inputs: [gate, up], outputs: [out], tape: tape)
        saved = [gate, up]
    }

    override func planBackward(_ plan: inout GradientPlan) {
        accumulatesGate = plan.write(inputs[0])
        accumulatesUp = plan.write(inputs[1])
    }

    override func forward(row: Int, thread: Int) {
        let engine = tape.engine
        let out = tape.data(outputs[0])
        let line = engine.line(2, thread: thread)
        let (g, u) = read(row: row, thread: thread)
        engine.table.pointee.silu_product(
            engine.target(out.row(row), out.dtype, line: line), g, u, out.columns)
        engine.finish(out.row(row), out.dtype, line: line, count: out.columns)
    }

    override func backward(row: Int, thread: Int) {
        let engine = tape.engine
        let dy = tape.gradient(outputs[0])
        let (g, u) = read(row: row, thread: thread)
        let (dg, du) = (engine.line(2, thread: thread), engine.line(3, thread: thread))
        engine.table.pointee.silu_product_backward(
            dg, du, g, u,
            engine.read(
                dy.row(row), dy.dtype, count: dy.columns, line: engine.line(4, thread: thread)),
            dy.columns)
        write(dg, to: inputs[0], row: row, accumulate: accumulatesGate, thread: thread)
        write(du, to: inputs[1], row: row, accumulate: accumulatesUp, thread: thread)
    }

    /// Rows of gate and up as f32.
    private func read(row: Int, thread: Int) -> (
        gate: UnsafeMutablePointer<Float>, up: UnsafeMutablePointer<Float>
    ) {
        let engine = tape.engine
        let (gate, up) = (tape.data(inputs[0]), tape.data(inputs[1]))
        return (
            engine.read(
                gate.row(row), gate.dtype, count: gate.columns,
                line: engine.line(0, thread: thread)),
            engine.read(
                up.row(row), up.dtype, count: up.columns, line: engine.line(1, thread: thread))
        )
    }

    private func write(
        _ values: UnsafeMutablePointer<Float>, to input: Variable, row: Int, accumulate: Bool?,
        thread: Int
    ) {
        guard let accumulate else { return }
        let target = tape.gradient(input)
        tape.engine.write(
            target.row(row), target.dtype, values, count: target.columns,
            accumulate: accumulate, line: tape.engine.line(5, thread: thread))
    }
}
