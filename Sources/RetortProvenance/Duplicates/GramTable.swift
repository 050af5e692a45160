// SPDX-License-Identifier: Apache-2.0
//
// Hashes of runs of words, each with the places in items that have it. Linear probing over a power
// of two at most half full: a miss, which nearly every look-up is, costs about one cache line.

/// Which places of which items a run of words is at.
struct GramTable: Sendable {
    struct Place: Sendable, Comparable, Hashable {
        var item: UInt32
        /// Of the run's first word.
        var word: UInt32

        static func < (a: Self, b: Self) -> Bool {
            a.item == b.item ? a.word < b.word : a.item < b.item
        }
    }

    /// 0 is an empty slot.
    private var keys: [UInt64] = []
    private var grams: [UInt32] = []
    /// Where each gram's places begin; one more at the end.
    private var starts: [UInt32] = [0]
    private var places: [Place] = []
    private var mask = 0

    /// Different runs.
    var count: Int { starts.count - 1 }

    /// - Parameters:
    ///   - runs: Each place with its run's hash. Put in order.
    ///   - mostItems: Runs of more items than that are left out.
    /// - Returns: The runs left out.
    mutating func fill(_ runs: inout [(hash: UInt64, place: Place)], mostItems: Int) -> Int {
        runs.sort { $0.hash == $1.hash ? $0.place < $1.place : $0.hash < $1.hash }
        var leftOut = 0
        var found: [UInt64] = []
        var start = 0
        while start < runs.count {
            var end = start
            var items = 0
            while end < runs.count, runs[end].hash == runs[start].hash {
                if end == start || runs[end].place.item != runs[end - 1].place.item { items += 1 }
                end += 1
            }
            if items > mostItems {
                leftOut += 1
            } else {
                found.append(runs[start].hash)
                places.append(contentsOf: runs[start..<end].lazy.map(\.place))
                starts.append(UInt32(places.count))
            }
            start = end
        }
        var slots = 16
        while slots < 2 * found.count { slots *= 2 }
        keys = Array(repeating: 0, count: slots)
        grams = Array(repeating: 0, count: slots)
        mask = slots - 1
        for (gram, hash) in found.enumerated() {
            var slot = Int(truncatingIfNeeded: hash) & mask
            while keys[slot] != 0 { slot = (slot + 1) & mask }
            keys[slot] = Self.key(hash)
            grams[slot] = UInt32(gram)
        }
        return leftOut
    }

    private static func key(_ hash: UInt64) -> UInt64 { hash == 0 ? 1 : hash }

    /// The gram of a hash.
    @inline(__always)
    func gram(_ hash: UInt64) -> Int? {
        let key = Self.key(hash)
        var slot = Int(truncatingIfNeeded: hash) & mask
        while keys[slot] != 0 {
            if keys[slot] == key { return Int(grams[slot]) }
            slot = (slot + 1) & mask
        }
        return nil
    }

    func places(of gram: Int) -> ArraySlice<Place> {
        places[Int(starts[gram])..<Int(starts[gram + 1])]
    }

    /// Every place that is not left out.
    var all: [Place] { places }
}
