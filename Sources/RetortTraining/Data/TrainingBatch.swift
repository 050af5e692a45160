// SPDX-License-Identifier: Apache-2.0
//
// What a training step reads. Filled again and again: nothing is allocated after init.

import RetortTensor

/// Rows of tokens of one length, and what each token shall predict.
///
/// A row holds pieces of documents one after another; a token sees its own document's tokens up to
/// itself and nothing else. Each array has `rows * length` entries, one row after another.
public final class TrainingBatch: @unchecked Sendable {
    // Safety: as AlignedBuffer; who writes when is the owner's business.
    public let rows: Int
    /// Tokens a row.
    public let length: Int
    /// The inputs.
    package let tokens: UnsafeMutableBufferPointer<Int32>
    /// The token that follows, -1 where nothing is trained: at the last token of a document, where
    /// the token that follows belongs to a prompt, and at padding.
    package let targets: UnsafeMutableBufferPointer<Int32>
    /// Where in its row the token's document starts: token `i` attends to `documentStart[i]...i`.
    package let documentStart: UnsafeMutableBufferPointer<Int32>
    /// Where in its document piece the token stands, from 0.
    package let positions: UnsafeMutableBufferPointer<Int32>
    /// Targets that are not -1.
    public package(set) var targetCount = 0
    /// Tokens that are no padding.
    public package(set) var tokenCount = 0
    private let memory: AlignedBuffer

    /// - Throws: ``TrainingError`` if a size is not positive or memory runs out.
    public init(rows: Int, length: Int) throws(TrainingError) {
        let (count, overflow) = rows.multipliedReportingOverflow(by: length)
        guard rows > 0, length > 0, !overflow, count <= Int(Int32.max) else {
            throw TrainingError(
                "a batch of \(rows) rows of \(length) tokens was asked for; both must be positive and the product fit 31 bits"
            )
        }
        do throws(TensorError) {
            memory = try AlignedBuffer(byteCount: count * 4 * MemoryLayout<Int32>.stride)
        } catch {
            throw TrainingError("no memory for a batch of \(rows) rows of \(length) tokens")
        }
        self.rows = rows
        self.length = length
        let base = memory.base.bindMemory(to: Int32.self, capacity: count * 4)
        tokens = .init(start: base, count: count)
        targets = .init(start: base + count, count: count)
        documentStart = .init(start: base + 2 * count, count: count)
        positions = .init(start: base + 3 * count, count: count)
        for row in 0..<rows { pad(row: row, from: 0, with: 0) }
    }

    /// Makes the rest of a row padding: documents of one token each.
    func pad(row: Int, from start: Int, with token: Int32) {
        let base = row * length
        for i in start..<length {
            tokens[base + i] = token
            targets[base + i] = -1
            documentStart[base + i] = Int32(truncatingIfNeeded: i)
            positions[base + i] = 0
        }
    }
}
