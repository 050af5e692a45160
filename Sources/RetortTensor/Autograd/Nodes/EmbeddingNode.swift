// SPDX-License-Identifier: Apache-2.0

import CRetortKernels

extension Tape {
    /// The rows of an embedding, `[tokens, hiddenSize]`, f32.
    /// - Parameters:
    ///   - weight: `[vocabSize, hiddenSize]`.
    ///   - shift: Embeds the token that many places later in the same document, and the first of the
    ///     vocabulary where there is none.
    package func embedding(_ weight: Parameter, tokens: Int, shift: Int = 0) -> Variable {
        let out = variable(
            rows: tokens, columns: weight.columns, .f32, needsGradient: weight.isTrained)
        append(EmbeddingNode(weight: weight, out: out, shift: shift, tape: self))
        return out
    }
}

extension TapeBatch {
    /// The index of the token `shift` places later in the same document; nil where there is none.
    func index(_ index: Int, shift: Int) -> Int? {
        guard shift > 0 else { return index }
        let later = index + shift
        let isSameRow = later / length == index / length
        guard isSameRow, documentStarts[later] == documentStarts[index] else { return nil }
        return later
    }
}

final class EmbeddingNode: Node, ParallelTask {
    private let weight: Parameter
    private let shift: Int
    private unowned(unsafe) let tape: Tape
    private var phase = Phase.gather
    private var gradient: MatrixView

    private enum Phase { case gather, clear, scatter }
    private static let columnsPerChunk = 64

    init(weight: Parameter, out: Variable, shift: Int, tape: Tape) {
        self.weight = weight
        self.shift = shift
        self.tape = tape
        gradient = weight.matrix
        super.init(inputs: [], outputs: [out])
    }

    override var parameters: [Parameter] { [weight] }

    override var hasBackward: Bool { weight.isTrained }

    override func forward(_ tape: Tape) {
        phase = .gather
        tape.engine.forRows(outputs[0].rows, self)
    }

    override func backward(_ tape: Tape) {
        guard let (gradient, accumulate) = weight.beginGradient() else { return }
        self.gradient = gradient
        if !accumulate {
            phase = .clear
            tape.engine.forRows(gradient.rows, self)
        }
        // By columns: two tokens of one kind never meet, and the order of sums is always the same.
        phase = .scatter
        let chunks = (gradient.columns + Self.columnsPerChunk - 1) / Self.columnsPerChunk
        tape.engine.pool.run(self, chunks: chunks)
    }

    func run(chunk: Int, thread: Int) {
        guard let batch = tape.batch else { return }
        switch phase {
        case .gather:
            let out = tape.data(outputs[0])
            for row in MatrixEngine.rows(ofChunk: chunk, of: out.rows) {
                out.floats(row: row).update(
                    from: weight.values + token(row, batch) * weight.columns, count: out.columns)
            }
        case .clear:
            for row in MatrixEngine.rows(ofChunk: chunk, of: gradient.rows) {
                gradient.floats(row: row).update(repeating: 0, count: gradient.columns)
            }
        case .scatter:
            let source = tape.gradient(outputs[0])
            let first = chunk * Self.columnsPerChunk
            let count = min(Self.columnsPerChunk, gradient.columns - first)
            for row in 0..<source.rows {
                tape.engine.table.pointee.add(
                    gradient.floats(row: token(row, batch)) + first,
                    source.floats(row: row) + first, count)
            }
        }
    }

    private func token(_ row: Int, _ batch: TapeBatch) -> Int {
        batch.index(row, shift: shift).map { Int(batch.tokens[$0]) } ?? 0
    }
}
