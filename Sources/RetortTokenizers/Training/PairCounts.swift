// SPDX-License-Identifier: Apache-2.0

/// Two tokens side by side, as one number; pairs are ordered by the left token, then the right.
struct TokenPair: BitwiseCopyable, Equatable {
    var key: UInt64

    init(_ left: Int32, _ right: Int32) {
        key = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    var left: Int32 { Int32(truncatingIfNeeded: key >> 32) }
    var right: Int32 { Int32(truncatingIfNeeded: key) }
}

/// Open addressing from pairs to how often they stand in the corpus.
struct PairCounts: ~Copyable {
    /// Not private: see ``MergeLearner/Word``.
    struct Slot: BitwiseCopyable {
        var key: UInt64
        var count: Int64

        // Ids are below 2^31, so no pair has this key.
        static let empty = Slot(key: .max, count: 0)
    }

    private var slots = GrowingBuffer<Slot>(repeating: .empty, count: 1 << 12)
    private var used = 0
    private let seed = UInt64.random(in: .min ... .max)

    /// Adds to the count of a pair, which is 0 at first.
    /// - Returns: The new count.
    @discardableResult
    mutating func add(_ pair: TokenPair, _ change: Int64) -> Int64 {
        let place = place(of: pair.key, in: slots)
        if slots[place].key == pair.key {
            slots.base[place].count += change
            return slots[place].count
        }
        slots[place] = Slot(key: pair.key, count: change)
        used += 1
        if used * 2 > slots.count { grow() }
        return change
    }

    /// 0 for a pair that was never added.
    subscript(pair: TokenPair) -> Int64 { slots[place(of: pair.key, in: slots)].count }

    /// Where the pair is, or would be put.
    @inline(__always)
    private func place(of key: UInt64, in slots: borrowing GrowingBuffer<Slot>) -> Int {
        let product = (key ^ seed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        let mask = slots.count - 1
        var place = Int(truncatingIfNeeded: product.high ^ product.low) & mask
        while slots[place].key != key, slots[place].key != UInt64.max { place = (place + 1) & mask }
        return place
    }

    private mutating func grow() {
        let larger = GrowingBuffer<Slot>(repeating: .empty, count: slots.count * 2)
        for index in 0..<slots.count where slots[index].key != UInt64.max {
            larger[place(of: slots[index].key, in: larger)] = slots[index]
        }
        slots = larger
    }
}
