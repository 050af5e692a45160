// SPDX-License-Identifier: Apache-2.0

import CRetortKernels

/// Cosines and sines of positions, `[positions, pairs]` each.
package final class RotaryTable {
    package let pairs: Int
    package let positions: Int
    package let interleaved: Bool
    package let cosine: AlignedBuffer
    package let sine: AlignedBuffer
    /// For turning back.
    let negativeSine: AlignedBuffer

    /// - Parameter fill: Writes cosines and sines.
    /// - Throws: ``TensorError`` if memory runs out.
    package init(
        positions: Int, pairs: Int, interleaved: Bool,
        fill: (_ cosine: UnsafeMutablePointer<Float>, _ sine: UnsafeMutablePointer<Float>) -> Void
    ) throws(TensorError) {
        self.pairs = pairs
        self.positions = positions
        self.interleaved = interleaved
        cosine = try .floats(positions * pairs)
        sine = try .floats(positions * pairs)
        negativeSine = try .floats(positions * pairs)
        fill(cosine.floats, sine.floats)
        for index in 0..<positions * pairs { negativeSine.floats[index] = -sine.floats[index] }
    }
}

extension Tape {
    /// Rotates the last `2 * table.pairs` elements of every head, in place: `x` may not be used again.
    /// - Throws: ``TensorError`` if memory runs out.
    package func rotate(_ x: Variable, headDim: Int, _ table: RotaryTable) throws(TensorError)
        -> Variable
    {
        try engine.reserveLines(columns: x.columns)
        let out = variable(inPlaceOf: x)
        append(RotaryNode(x, headDim: headDim, table, out: out, tape: self))
        return out
    }
}

final class RotaryNode: Node, ParallelTask {
    private let headDim: Int
    private let angles: RotaryTable
    private unowned(unsafe) let tape: Tape
    private var isBackward = false

    init(_ x: Variable, headDim: Int, _ angles: RotaryTable, out: Variable, tape: Tape) {
        self.headDim = headDim
        self.angles = angles
        self.tape = tape
        super.init(inputs: [x], outputs: [out])
    }

    override var hasBackward: Bool { tape.values[outputs[0].index].needsGradient }

    override func forward(_ tape: Tape) {
        isBackward = false
        tape.engine.forRows(inputs[0].rows, self)
    }

    /// The gradient is turned back in place.
    override func backward(_ tape: Tape) {
        isBackward = true
        tape.engine.forRows(inputs[0].rows, self)
    }

    func run(chunk: Int, thread: Int) {
        guard let batch = tape.batch else { return }
        let engine = tape.engine
        let x = isBackward ? tape.gradient(inputs[0]) : tape.data(inputs[0])
        let sine = isBackward ? angles.negativeSine : angles.sine
        let kernel =
            angles.interleaved
            ? engine.table.pointee.rope_interleaved : engine.table.pointee.rope_half
        let line = engine.line(0, thread: thread)
        for row in MatrixEngine.rows(ofChunk: chunk, of: x.rows) {
            let position = Int(batch.positions[row]) * angles.pairs
            let values = engine.read(x.row(row), x.dtype, count: x.columns, line: line)
            for start in stride(
                from: headDim - 2 * angles.pairs, to: x.columns, by: headDim)
            {
                kernel?(
                    values + start, angles.cosine.floats + position, sine.floats + position,
                    angles.pairs)
            }
            engine.finish(x.row(row), x.dtype, line: line, count: x.columns)
        }
    }
}
