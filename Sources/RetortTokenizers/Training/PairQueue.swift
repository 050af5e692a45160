// SPDX-License-Identifier: Apache-2.0

/// A pair that may be merged next.
struct PairEntry: BitwiseCopyable {
    /// As it was when the entry was put in the queue: the true count may be another by now.
    var count: Int64
    var pair: TokenPair
    /// The words that may hold the pair, in the list of places.
    var start: Int
    var length: Int

    /// Of equal counts the smaller pair goes first.
    @inline(__always)
    func precedes(_ other: PairEntry) -> Bool {
        count != other.count ? count > other.count : pair.key < other.pair.key
    }
}

/// A heap of pairs, four children to a node, the most frequent pair on top.
struct PairQueue: ~Copyable {
    private(set) var entries = GrowingBuffer<PairEntry>()
    private static let arity = 4

    /// Appends without order; `order` follows.
    mutating func append(_ entry: PairEntry) { entries.append(entry) }

    mutating func order() {
        guard entries.count > 1 else { return }
        for index in stride(from: (entries.count - 2) / Self.arity, through: 0, by: -1) {
            sink(entries[index], from: index)
        }
    }

    mutating func push(_ entry: PairEntry) {
        entries.append(entry)
        var index = entries.count - 1
        while index > 0 {
            let parent = (index - 1) / Self.arity
            guard entry.precedes(entries[parent]) else { break }
            entries[index] = entries[parent]
            index = parent
        }
        entries[index] = entry
    }

    var top: PairEntry? { entries.count > 0 ? entries[0] : nil }

    mutating func removeTop() {
        let last = entries[entries.count - 1]
        entries.removeLast()
        if entries.count > 0 { sink(last, from: 0) }
    }

    /// Gives the top another count.
    mutating func replaceTop(_ entry: PairEntry) { sink(entry, from: 0) }

    private func sink(_ entry: PairEntry, from start: Int) {
        let count = entries.count
        let base = entries.base
        var index = start
        while true {
            let first = index * Self.arity + 1
            guard first < count else { break }
            var best = first
            for child in first + 1..<max(min(first + Self.arity, count), first + 1)
            where base[child].precedes(base[best]) {
                best = child
            }
            guard base[best].precedes(entry) else { break }
            base[index] = base[best]
            index = best
        }
        base[index] = entry
    }
}
