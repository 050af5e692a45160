// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Counts distinct things in a fixed number of bits (linear counting, Whang et al. 1990).
struct DistinctBits: Sendable {
    private var words: [UInt64]
    private var set = 0

    /// - Parameter bits: A power of two, 64 or more.
    init(bits: Int) { words = [UInt64](repeating: 0, count: bits / 64) }

    /// - Returns: Whether it was not there.
    @inline(__always)
    mutating func insert(_ hash: UInt64) -> Bool {
        let place = Int(truncatingIfNeeded: hash) & (words.count * 64 - 1)
        let mask = UInt64(1) << UInt64(place & 63)
        let isNew = words[place >> 6] & mask == 0
        words[place >> 6] |= mask
        if isNew { set += 1 }
        return isNew
    }

    /// Corrected for things that fell on one bit.
    var count: Double {
        let size = Double(words.count * 64)
        let free = max(1, size - Double(set))
        return size * log(size / free)
    }

    var byteCount: Int { words.count * 8 }
}

/// The most frequent things of a stream (Misra and Gries 1982): each that makes up more than 1/(places + 1) of it is there.
struct TopCounter: Sendable {
    private(set) var entries: [(thing: UInt32, count: Int32)] = []
    private let places: Int

    init(places: Int) {
        self.places = places
        entries.reserveCapacity(places)
    }

    mutating func add(_ thing: UInt32) {
        for index in entries.indices where entries[index].thing == thing {
            entries[index].count &+= 1
            return
        }
        if entries.count < places {
            entries.append((thing, 1))
            return
        }
        for index in entries.indices { entries[index].count -= 1 }
        entries.removeAll { $0.count <= 0 }
    }

    /// How often the most frequent one came, at least.
    var most: Int { Int(entries.map(\.count).max() ?? 0) }
    var byteCount: Int { places * MemoryLayout<(UInt32, Int32)>.stride }
}

/// Rates of counts.
enum Rate {
    /// The lower end of a rate: two standard deviations of a count below it.
    static func lower(_ count: Int, of total: Int) -> Double {
        guard total > 0 else { return 0 }
        let count = Double(count)
        return max(0, count - 2 * count.squareRoot()) / Double(total)
    }

    static func of(_ count: Int, _ total: Int) -> Double {
        total > 0 ? Double(count) / Double(total) : 0
    }
}
