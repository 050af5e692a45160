// SPDX-License-Identifier: Apache-2.0
//
// The memory that an encoding works in. Encoders borrow it from a pool, so that short texts need no
// allocation and words seen before, no merging.

import Synchronization

/// Buffers for one encoding at a time.
final class EncoderScratch: @unchecked Sendable {
    // Safety: in the pool, or owned by the one encoding that took it out.
    var output: [Int32] = []
    var pieces: [Piece] = []
    var cutPieces: [Piece] = []
    var symbols: [Int32] = []
    let regex = RegexScratch()
    let scanIDs = UnsafeMutablePointer<Int32>.allocate(capacity: BPEModel.longestScan + 1)
    let scanPairs = UnsafeMutablePointer<Merge>.allocate(capacity: BPEModel.longestScan + 1)
    var cache = WordCache()

    deinit {
        scanIDs.deallocate()
        scanPairs.deallocate()
    }

    /// Makes ready for the next encoding; gives back what a large text left behind.
    func reset() {
        let largest = 1 << 16
        func clear<T>(_ array: inout [T]) {
            array.removeAll(keepingCapacity: array.capacity <= largest)
        }
        clear(&output)
        clear(&pieces)
        clear(&cutPieces)
        clear(&symbols)
    }
}

/// Scratch memory for as many encodings as run at once.
final class ScratchPool: Sendable {
    private let free = Mutex<[EncoderScratch]>([])
    private static let most = 16

    func take() -> EncoderScratch { free.withLock { $0.popLast() } ?? EncoderScratch() }

    func give(_ scratch: EncoderScratch) {
        scratch.reset()
        free.withLock { if $0.count < Self.most { $0.append(scratch) } }
    }
}

/// The tokens of recent words: one slot for a word, the newest wins.
struct WordCache: ~Copyable {
    static let longestWord = 24
    private static let mostTokens = 6
    private static let slotCount = 1 << 12

    private struct Slot {
        var hash: UInt64 = 0
        var wordCount: UInt8 = 0
        var tokenCount: UInt8 = 0
        var tokens: (Int32, Int32, Int32, Int32, Int32, Int32) = (0, 0, 0, 0, 0, 0)
        var word: (UInt64, UInt64, UInt64) = (0, 0, 0)
    }

    private let slots: UnsafeMutablePointer<Slot>

    init() {
        slots = .allocate(capacity: Self.slotCount)
        slots.initialize(repeating: Slot(), count: Self.slotCount)
    }

    deinit { slots.deallocate() }

    private func slot(_ hash: UInt64) -> UnsafeMutablePointer<Slot> {
        slots + Int(truncatingIfNeeded: hash >> 20) & (Self.slotCount - 1)
    }

    /// Appends the tokens of a word if they are known.
    func append(
        _ word: UnsafePointer<UInt8>, _ count: Int, _ hash: UInt64, to output: inout [Int32]
    ) -> Bool {
        let slot = slot(hash)
        guard slot.pointee.hash == hash, Int(slot.pointee.wordCount) == count else { return false }
        return withUnsafeBytes(of: &slot.pointee.word) { stored in
            guard let base = stored.baseAddress,
                bytesEqual(base.assumingMemoryBound(to: UInt8.self), word, count)
            else { return false }
            withUnsafeBytes(of: &slot.pointee.tokens) { tokens in
                let tokens = tokens.assumingMemoryBound(to: Int32.self)
                for i in 0..<Int(slot.pointee.tokenCount) { output.append(tokens[i]) }
            }
            return true
        }
    }

    func store(
        _ word: UnsafePointer<UInt8>, _ count: Int, _ hash: UInt64, _ tokens: ArraySlice<Int32>
    ) {
        guard tokens.count <= Self.mostTokens, count <= Self.longestWord else { return }
        let slot = slot(hash)
        slot.pointee.hash = hash
        slot.pointee.wordCount = UInt8(truncatingIfNeeded: count)
        slot.pointee.tokenCount = UInt8(truncatingIfNeeded: tokens.count)
        withUnsafeMutableBytes(of: &slot.pointee.word) { stored in
            stored.copyMemory(from: UnsafeRawBufferPointer(start: word, count: count))
        }
        withUnsafeMutableBytes(of: &slot.pointee.tokens) { stored in
            for (i, id) in tokens.enumerated() {
                stored.storeBytes(of: id, toByteOffset: 4 * i, as: Int32.self)
            }
        }
    }
}
