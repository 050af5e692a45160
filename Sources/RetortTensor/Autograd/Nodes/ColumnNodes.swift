// SPDX-License-Identifier: Apache-2.0
//
// Ops that move columns: parts of a row side by side, the keys of latent attention, factors.

import CRetortKernels

extension Tape {
    /// Cuts rows into parts of the given widths, which together are the row.
    /// - Throws: ``TensorError`` if memory runs out.
    package func split(_ x: Variable, _ widths: [Int]) throws(TensorError) -> [Variable] {
        try engine.reserveLines(columns: x.columns)
        let outs = widths.map {
            variable(rows: x.rows, columns: $0, dtype(x), needsGradient: needsGradient(x))
        }
        append(SplitNode(x, outs, tape: self))
        return outs
    }

    /// Puts two rows side by side.
    /// - Throws: ``TensorError`` if memory runs out.
    package func concatenate(_ first: Variable, _ second: Variable) throws(TensorError)
        -> Variable
    {
        try engine.reserveLines(columns: first.columns + second.columns)
        let out = variable(
            rows: first.rows, columns: first.columns + second.columns, dtype(first),
            needsGradient: needsGradient(first, second))
        append(ConcatenationNode(first, second, out: out, tape: self))
        return out
    }

    /// x · factor, in place: `x` may not be used again.
    /// - Throws: ``TensorError`` if memory runs out.
    package func scale(_ x: Variable, by factor: Float) throws(TensorError) -> Variable {
        try engine.reserveLines(columns: x.columns)
        let out = variable(inPlaceOf: x)
        append(ScaleNode(x, factor, out: out, tape: self))
        return out
    }

    /// The keys and values of latent attention (DeepSeek-V2, 2024) as those of many heads.
    /// - Parameters:
    ///   - expanded: `[tokens, heads * (nope + valueDim)]`.
    ///   - shared: `[tokens, rope]`, the rotated key that all heads share.
    /// - Returns: Keys `[tokens, heads * (nope + rope)]`, values `[tokens, heads * valueDim]`.
    /// - Throws: ``TensorError`` if memory runs out.
    package func latentKeys(
        _ expanded: Variable, shared: Variable, heads: Int, nope: Int, valueDim: Int
    ) throws(TensorError) -> (keys: Variable, values: Variable) {
        try engine.reserveLines(columns: heads * (nope + shared.columns + valueDim))
        let needed = needsGradient(expanded, shared)
        let keys = variable(
            rows: expanded.rows, columns: heads * (nope + shared.columns), dtype(expanded),
            needsGradient: needed)
        let values = variable(
            rows: expanded.rows, columns: heads * valueDim, dtype(expanded),
            needsGradient: needed)
        append(
            LatentKeysNode(
                expanded, shared, heads: heads, nope: nope, valueDim: valueDim, keys: keys,
                values: values, tape: self))
        return (keys, values)
    }
}

/// A node that treats each row alone in both directions.
package class RowNode: Node, ParallelTask {
    unowned(unsafe) let tape: Tape
    private var isBackward = false

    init(inputs: [Variable], outputs: [Variable], tape: Tape) {
        self.tape = tape
        super.init(inputs: inputs, outputs: outputs)
    }

    override var hasBackward: Bool {
        outputs.contains { tape.values[$0.index].needsGradient }
    }

    override func forward(_ tape: Tape) {
        isBackward = false
        tape.engine.forRows(rowCount, self)
    }

    override func backward(_ tape: Tape) {
        isBackward = true
        tape.engine.forRows(rowCount, self)
    }

    /// Rows to run over.
    var rowCount: Int { inputs[0].rows }

    package func run(chunk: Int, thread: Int) {
        for row in MatrixEngine.rows(ofChunk: chunk, of: rowCount) {
            if isBackward {
                backward(row: row, thread: thread)
            } else {
                forward(row: row, thread: thread)
            }
        }
    }

    func forward(row: Int, thread: Int) {}
    func backward(row: Int, thread: Int) {}

    /// Copies elements of equal or different types.
    func copy(
        _ target: MatrixView, _ targetColumn: Int, _ source: MatrixView, _ sourceColumn: Int,
        row: Int, count: Int
    ) {
        let to = target.row(row) + targetColumn * target.elementBytes
        let from = source.row(row) + sourceColumn * source.elementBytes
        if target.dtype == source.dtype {
            to.copyMemory(from: from, byteCount: count * target.elementBytes)
        } else if target.dtype == .f32 {
            tape.engine.table.pointee.to_f32(
                to.assumingMemoryBound(to: Float.self), from, RK_BF16, count)
        } else {
            tape.engine.table.pointee.bf16_round(
                to.assumingMemoryBound(to: UInt16.self), from.assumingMemoryBound(to: Float.self),
                count)
        }
    }

    /// Adds columns of a gradient to those of another, or copies them.
    func hand(
        _ target: MatrixView, _ targetColumn: Int, _ source: MatrixView, _ sourceColumn: Int,
        row: Int, count: Int, accumulate: Bool, thread: Int
    ) {
        guard accumulate else {
            return copy(target, targetColumn, source, sourceColumn, row: row, count: count)
        }
        let line = tape.engine.line(0, thread: thread)
        let from = source.row(row) + sourceColumn * source.elementBytes
        tape.engine.table.pointee.to_f32(line, from, source.dtype.kernelType, count)
        tape.engine.write(
            target.row(row) + targetColumn * target.elementBytes, target.dtype, line,
            count: count, accumulate: true, line: tape.engine.line(1, thread: thread))
    }
}

final class SplitNode: RowNode {
    private var accumulate: Bool?

    init(_ x: Variable, _ outs: [Variable], tape: Tape) {
        super.init(inputs: [x], outputs: outs, tape: tape)
    }

    override func planBackward(_ plan: inout GradientPlan) { accumulate = plan.write(inputs[0]) }

    override func forward(row: Int, thread: Int) {
        let x = tape.data(inputs[0])
        var column = 0
        for output in outputs {
            let out = tape.data(output)
            copy(out, 0, x, column, row: row, count: out.columns)
            column += out.columns
        }
    }

    override func backward(row: Int, thread: Int) {
        guard let accumulate else { return }
        let dx = tape.gradient(inputs[0])
        var column = 0
        for output in outputs {
            let dy = tape.gradient(output)
            hand(
                dx, column, dy, 0, row: row, count: dy.columns, accumulate: accumulate,
                thread: thread)
            column += dy.columns
        }
    }
}

final class ConcatenationNode: RowNode {
    private var accumulates: (first: Bool?, second: Bool?) = (nil, nil)

    init(_ first: Variable, _ second: Variable, out: Variable, tape: Tape) {
        super.init(inputs: [first, second], outputs: [out], tape: tape)
    }

    override func planBackward(_ plan: inout GradientPlan) {
        accumulates = (plan.write(inputs[0]), plan.write(inputs[1]))
    }

    override func forward(row: Int, thread: Int) {
        let out = tape.data(outputs[0])
        copy(out, 0, tape.data(inputs[0]), 0, row: row, count: inputs[0].columns)
        copy(
            out, inputs[0].columns, tape.data(inputs[1]), 0, row: row, count: inputs[1].columns)
    }

    override func backward(row: Int, thread: Int) {
        let dy = tape.gradient(outputs[0])
        if let accumulate = accumulates.first {
            hand(
                tape.gradient(inputs[0]), 0, dy, 0, row: row, count: inputs[0].columns,
                accumulate: accumulate, thread: thread)
        }
        if let accumulate = accumulates.second {
            hand(
                tape.gradient(inputs[1]), 0, dy, inputs[0].columns, row: row,
                count: inputs[1].columns, accumulate: accumulate, thread: thread)
        }
    }
}

final class ScaleNode: RowNode {
    private let factor: Float

    init(_ x: Variable, _ factor: Float, out: Variable, tape: Tape) {
        self.factor = factor
        super.init(inputs: [x], outputs: [out], tape: tape)
    }

    override func forward(row: Int, thread: Int) {
        scale(tape.data(inputs[0]), row: row, thread: thread)
    }

    override func backward(row: Int, thread: Int) {
        scale(tape.gradient(inputs[0]), row: row, thread: thread)
    }

    private func scale(_ x: MatrixView, row: Int, thread: Int) {
        let line = tape.engine.line(0, thread: thread)
        let values = tape.engine.read(x.row(row), x.dtype, count: x.columns, line: line)
        tape.engine.table.pointee.scale(values, x.columns, factor)
        tape.engine.finish(x.row(row), x.dtype, line: line, count: x.columns)
    }
}

final class LatentKeysNode: RowNode {
    private let heads: Int
    private let nope: Int
    private let valueDim: Int
    private var accumulates: (expanded: Bool?, shared: Bool?) = (nil, nil)

    init(
        _ expanded: Variable, _ shared: Variable, heads: Int, nope: Int, valueDim: Int,
        keys: Variable, values: Variable, tape: Tape
    ) {
        self.heads = heads
        self.nope = nope
        self.valueDim = valueDim
        super.init(inputs: [expanded, shared], outputs: [keys, values], tape: tape)
    }

    override func planBackward(_ plan: inout GradientPlan) {
        accumulates = (plan.write(inputs[0]), plan.write(inputs[1]))
    }

    override func forward(row: Int, thread: Int) {
        let (expanded, shared) = (tape.data(inputs[0]), tape.data(inputs[1]))
        let (keys, values) = (tape.data(outputs[0]), tape.data(outputs[1]))
        let rope = shared.columns
        for head in 0..<heads {
            let (from, to) = (head * (nope + valueDim), head * (nope + rope))
            copy(keys, to, expanded, from, row: row, count: nope)
            copy(keys, to + nope, shared, 0, row: row, count: rope)
            copy(values, head * valueDim, expanded, from + nope, row: row, count: valueDim)
        }
    }

    override func backward(row: Int, thread: Int) {
        let (dKeys, dValues) = (tape.gradient(outputs[0]), tape.gradient(outputs[1]))
        let rope = inputs[1].columns
        let sum = tape.engine.line(2, thread: thread)
        let line = tape.engine.line(3, thread: thread)
        sum.update(repeating: 0, count: rope)
        for head in 0..<heads {
            let (from, to) = (head * (nope + valueDim), head * (nope + rope))
            if let accumulate = accumulates.expanded {
                let target = tape.gradient(inputs[0])
                hand(
                    target, from, dKeys, to, row: row, count: nope, accumulate: accumulate,
                    thread: thread)
                hand(
                    target, from + nope, dValues, head * valueDim, row: row, count: valueDim,
                    accumulate: accumulate, thread: thread)
            }
            let part = dKeys.row(row) + (to + nope) * dKeys.elementBytes
            tape.engine.table.pointee.add(
                sum, tape.engine.read(part, dKeys.dtype, count: rope, line: line), rope)
        }
        if let accumulate = accumulates.shared {
            let target = tape.gradient(inputs[1])
            tape.engine.write(
                target.row(row), target.dtype, sum, count: rope, accumulate: accumulate,
                line: line)
        }
    }
}
