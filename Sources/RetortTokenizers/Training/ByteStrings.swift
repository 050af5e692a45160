// SPDX-License-Identifier: Apache-2.0
//
// The words of a corpus, and the tokens made of them. TokenTable is filled once from tokens that
// are known; this one grows while a corpus is read.

/// Distinct runs of bytes, numbered in the order in which they come.
struct ByteStrings: ~Copyable, Sendable {
    /// Not private: see ``MergeLearner/Word``.
    struct Slot: BitwiseCopyable {
        var index: UInt32
        var tag: UInt32

        static let empty = Slot(index: .max, tag: 0)
    }

    private(set) var bytes = GrowingBuffer<UInt8>(capacity: 1 << 12)
    /// By number: where the run starts; one more at the end.
    private(set) var offsets = GrowingBuffer<Int>()
    private var slots = GrowingBuffer<Slot>(repeating: .empty, count: 1 << 10)
    // Hashes differ from process to process, so that no corpus is slow by design.
    private let seed = UInt64.random(in: .min ... .max)

    /// Numbers are kept in 32 bits, one of which marks empty slots.
    static let most = Int(UInt32.max) - 1

    init() { offsets.append(0) }

    var count: Int { offsets.count - 1 }

    func range(_ index: Int) -> Range<Int> { offsets[index]..<offsets[index + 1] }

    /// The number of a run of bytes, which gets one if it is new. There is room for ``most``.
    @inline(__always)
    mutating func insert(_ run: UnsafePointer<UInt8>, _ length: Int) -> (index: Int, isNew: Bool) {
        let hash = hashBytes(run, length, seed: seed)
        let tag = UInt32(truncatingIfNeeded: hash)
        let mask = slots.count - 1
        var place = Int(truncatingIfNeeded: hash >> 32) & mask
        while true {
            let slot = slots[place]
            if slot.index == .max { break }
            if slot.tag == tag {
                let range = range(Int(slot.index))
                if range.count == length, bytesEqual(bytes.base + range.lowerBound, run, length) {
                    return (Int(slot.index), false)
                }
            }
            place = (place + 1) & mask
        }
        let index = count
        slots[place] = Slot(index: UInt32(truncatingIfNeeded: index), tag: tag)
        bytes.append(run, length)
        offsets.append(bytes.count)
        if count * 2 > slots.count { grow() }
        return (index, true)
    }

    private mutating func grow() {
        let larger = GrowingBuffer<Slot>(repeating: .empty, count: slots.count * 2)
        let mask = larger.count - 1
        for index in 0..<count {
            let range = range(index)
            let hash = hashBytes(bytes.base + range.lowerBound, range.count, seed: seed)
            var place = Int(truncatingIfNeeded: hash >> 32) & mask
            while larger[place].index != .max { place = (place + 1) & mask }
            larger[place] = Slot(
                index: UInt32(truncatingIfNeeded: index), tag: UInt32(truncatingIfNeeded: hash))
        }
        slots = larger
    }
}

/// The distinct words of a corpus and how often each comes.
final class WordCounts: @unchecked Sendable {
    // Safety: owned by one trainer, which cannot be copied and changes it only while it mutates.
    private(set) var words = ByteStrings()
    /// By word.
    private(set) var counts = GrowingBuffer<Int64>()

    func add(_ text: UnsafePointer<UInt8>, _ pieces: [Piece]) {
        Self.add(text, pieces, &words, &counts)
    }

    // The fields as parameters: exclusive access to a class's is checked once a text, not a word.
    private static func add(
        _ text: UnsafePointer<UInt8>, _ pieces: [Piece], _ words: inout ByteStrings,
        _ counts: inout GrowingBuffer<Int64>
    ) {
        for piece in pieces {
            let (word, isNew) = words.insert(text + piece.start, piece.end - piece.start)
            if isNew { counts.append(1) } else { counts[word] += 1 }
        }
    }
}
