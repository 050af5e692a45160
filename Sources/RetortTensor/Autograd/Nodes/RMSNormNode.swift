// SPDX-License-Identifier: Apache-2.0

import CRetortKernels

extension Tape {
    /// weight · x / sqrt(mean(x²) + eps), for each head of `weight.count` columns by itself.
    /// - Throws: ``TensorError`` if memory runs out.
    package func rmsNorm(_ x: Variable, _ weight: Parameter, eps: Float, dtype: DType? = nil)
        throws(TensorError) -> Variable
    {
        try engine.reserveLines(columns: x.columns)
        let out = variable(
            rows: x.rows, columns: x.columns, dtype ?? activationType,
            needsGradient: needsGradient(x) || weight.isTrained)
        append(try RMSNormNode(x, weight, eps: eps, out: out, tape: self))
        return out
    }
}

final class RMSNormNode: Node, ParallelTask {
    private let weight: Parameter
    private let eps: Float
    private unowned(unsafe) let tape: Tape
    /// 1 / sqrt(mean(x²) + eps), `[rows, heads]`.
    private let factors: AlignedBuffer
    /// The gradient of the weight from each chunk of rows, `[chunks, weight.count]`: added up in
    /// the order of chunks, so that it does not depend on which thread ran which.
    private let partial: AlignedBuffer
    private let chunks: Int
    private var accumulatesInput: Bool?
    private var isBackward = false

    init(_ x: Variable, _ weight: Parameter, eps: Float, out: Variable, tape: Tape)
        throws(TensorError)
    {
        self.weight = weight
        self.eps = eps
        self.tape = tape
        factors = try .floats(x.rows * (x.columns / weight.count))
        chunks = (x.rows + MatrixEngine.rowsPerChunk - 1) / MatrixEngine.rowsPerChunk
        partial = try .floats(chunks * weight.count)
        super.init(inputs: [x], outputs: [out])
        saved = [x]
    }

    private var heads: Int { inputs[0].columns / weight.count }

    override var parameters: [Parameter] { [weight] }

    override var hasBackward: Bool { tape.values[outputs[0].index].needsGradient }

    override func planBackward(_ plan: inout GradientPlan) {
        accumulatesInput = plan.write(inputs[0])
    }

    override func forward(_ tape: Tape) {
        isBackward = false
        tape.engine.forRows(inputs[0].rows, self)
    }

    override func backward(_ tape: Tape) {
        isBackward = true
        tape.engine.forRows(inputs[0].rows, self)
        guard let (gradient, accumulate) = weight.beginGradient() else { return }
        if !accumulate { gradient.floats.update(repeating: 0, count: weight.count) }
        for chunk in 0..<chunks {
            tape.engine.table.pointee.add(
                gradient.floats, partial.floats + chunk * weight.count, weight.count)
        }
    }

    func run(chunk: Int, thread: Int) {
        let rows = MatrixEngine.rows(ofChunk: chunk, of: inputs[0].rows)
        if isBackward {
            backward(rows, chunk: chunk, thread: thread)
        } else {
            forward(rows, thread: thread)
        }
    }

    private func forward(_ rows: Range<Int>, thread: Int) {
        let engine = tape.engine
        let (x, out) = (tape.data(inputs[0]), tape.data(outputs[0]))
        let (line, outLine) = (engine.line(0, thread: thread), engine.line(1, thread: thread))
        for row in rows {
            let source = engine.read(x.row(row), x.dtype, count: x.columns, line: line)
            let target = engine.target(out.row(row), out.dtype, line: outLine)
            for head in 0..<heads {
                let offset = head * weight.count
                factors.floats[row * heads + head] = engine.table.pointee.rms_norm_saving(
                    target + offset, source + offset, weight.values, weight.count, eps)
            }
            engine.finish(out.row(row), out.dtype, line: outLine, count: x.columns)
        }
    }

    private func backward(_ rows: Range<Int>, chunk: Int, thread: Int) {
        let engine = tape.engine
        let x = tape.data(inputs[0])
        let dy = tape.gradient(outputs[0])
        let dx = tape.gradient(inputs[0])
        let sums = partial.floats + chunk * weight.count
        sums.update(repeating: 0, count: weight.count)
        let isDirect = accumulatesInput != nil && dx.dtype == .f32
        for row in rows {
            let source = engine.read(
                x.row(row), x.dtype, count: x.columns, line: engine.line(0, thread: thread))
            let above = engine.read(
                dy.row(row), dy.dtype, count: x.columns, line: engine.line(1, thread: thread))
            let target = isDirect ? dx.floats(row: row) : engine.line(2, thread: thread)
            for head in 0..<heads {
                let offset = head * weight.count
                engine.table.pointee.rms_norm_backward(
                    target + offset, sums, above + offset, source + offset, weight.values,
                    factors.floats[row * heads + head], weight.count,
                    isDirect && accumulatesInput == true ? 1 : 0)
            }
            if let accumulatesInput, !isDirect {
                engine.write(
                    dx.row(row), dx.dtype, target, count: x.columns,
                    accumulate: accumulatesInput, line: engine.line(3, thread: thread))
            }
        }
    }
}
