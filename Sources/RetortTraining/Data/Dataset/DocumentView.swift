// SPDX-License-Identifier: Apache-2.0

/// The tokens of a document as they lie in a shard, which must outlive the view.
struct DocumentView {
    let count: Int
    /// Whether an id takes 4 bytes instead of 2.
    let isWide: Bool
    let tokens: UnsafeRawBufferPointer
    /// By token: 1 if it is trained. Nil if all are.
    let mask: UnsafeRawBufferPointer?

    init(
        count: Int, isWide: Bool, tokens: UnsafeRawBufferPointer, mask: UnsafeRawBufferPointer?
    ) {
        self.count = count
        self.isWide = isWide
        self.tokens = tokens
        self.mask = mask
    }

    /// An id; of 32 bits as they are, so that a damaged one is negative.
    @inline(__always) subscript(index: Int) -> Int32 {
        isWide ? load(index, Int32.self) : load(index, UInt16.self)
    }

    @inline(__always)
    private func load<ID: FixedWidthInteger & BitwiseCopyable>(_ index: Int, _ type: ID.Type)
        -> Int32
    {
        let id = tokens.loadUnaligned(
            fromByteOffset: index * MemoryLayout<ID>.stride, as: ID.self)
        return Int32(truncatingIfNeeded: ID(littleEndian: id))
    }

    @inline(__always) func isTrained(_ index: Int) -> Bool { mask.map { $0[index] != 0 } ?? true }

    /// The place of the first id that is not in `0..<limit`.
    func firstToken(outside limit: Int) -> Int? {
        for i in 0..<count where self[i] < 0 || Int(self[i]) >= limit { return i }
        return nil
    }

    /// Writes a part of the document into a row.
    /// - Parameters:
    ///   - range: Inside the document, not empty.
    ///   - batch: Gets tokens, targets, document starts and positions.
    ///   - row: Which row.
    ///   - column: Where the part starts; it must end inside the row.
    /// - Returns: The number of targets.
    func write(_ range: Range<Int>, into batch: TrainingBatch, row: Int, column: Int) -> Int {
        isWide
            ? write(range, Int32.self, batch, row, column)
            : write(range, UInt16.self, batch, row, column)
    }

    @inline(__always)
    private func write<ID: FixedWidthInteger & BitwiseCopyable>(
        _ range: Range<Int>, _ type: ID.Type, _ batch: TrainingBatch, _ row: Int, _ column: Int
    ) -> Int {
        let base = row * batch.length + column
        let start = Int32(truncatingIfNeeded: column)
        var targets = 0
        var token = load(range.lowerBound, type)
        for i in 0..<range.count {
            batch.tokens[base + i] = token
            batch.documentStart[base + i] = start
            batch.positions[base + i] = Int32(truncatingIfNeeded: i)
            let next = range.lowerBound + i + 1
            // The document may go on behind the part: the token there is known and is trained.
            var target: Int32 = -1
            if next < count {
                token = load(next, type)
                if isTrained(next) {
                    target = token
                    targets += 1
                }
            }
            batch.targets[base + i] = target
        }
        return targets
    }
}
