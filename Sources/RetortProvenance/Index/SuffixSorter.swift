// SPDX-License-Identifier: Apache-2.0
//
// The suffix array by induced sorting: Nong, Zhang and Chan, "Two Efficient Algorithms for Linear Time
// Suffix Array Construction" (2011). What costs time is reading the text in the order of its sorted
// suffixes, one cache miss each. So an entry is written together with a flag, its sign, that says
// whether the suffix before it is to be induced in the same pass: the pass that reads it back
// decides by what it reads in sequence, and the misses of many entries overlap.

import CRetortKernels

/// Sorts all suffixes of a text in linear time.
enum SuffixSorter {
    /// The largest text that 32-bit positions can sort.
    static let maximumCount = Int(Int32.max) - 1

    /// Writes the starts of all suffixes of `text` in their order to `suffixes`, a suffix before all that
    /// it is a prefix of.
    /// - Parameters:
    ///   - text: Symbols in `0 ..< alphabet`, not more than ``maximumCount``.
    ///   - suffixes: Room for `text.count` positions.
    /// - Complexity: O(text + alphabet) time. Beside the two buffers it takes 12 bytes for each symbol of the
    ///   alphabet; texts that repeat themselves rarely also take less than 4 bytes for each symbol.
    static func sort<Symbol: FixedWidthInteger>(
        _ text: UnsafeBufferPointer<Symbol>, alphabet: Int,
        into suffixes: UnsafeMutableBufferPointer<Int32>
    ) {
        precondition(text.count <= maximumCount && suffixes.count >= text.count)
        guard let start = text.baseAddress, let array = suffixes.baseAddress, text.count > 0 else {
            return
        }
        let level = InducedSort(
            text: start, count: text.count, alphabet: alphabet, suffixes: array)
        level.run(spare: UnsafeMutableBufferPointer(start: nil, count: 0))
    }
}

/// One level of the recursion: a text, and the array that becomes its suffix array.
///
/// A suffix is S-type if it is smaller than the next one and L-type if it is larger; LMS is an S-type
/// suffix after an L-type one. The end of the text counts as smaller than any symbol.
private struct InducedSort<Symbol: FixedWidthInteger> {
    let text: UnsafePointer<Symbol>
    let count: Int
    let alphabet: Int
    let suffixes: UnsafeMutablePointer<Int32>

    /// How many entries ahead the memory is asked for that they will need.
    private static var ahead: Int { 32 }
    private var last: Int { count &- 1 }
    /// Whether the buckets are too many for the nearest cache.
    private var hasManyBuckets: Bool { alphabet > 1 << 12 }

    /// Asks for the symbol before the suffix at `index`, and for its bucket sooner than that is used.
    @inline(__always)
    private func prefetch(
        _ index: Int, _ direction: Int, _ cursors: UnsafeMutablePointer<Int32>
    ) {
        let far = index &+ 2 &* Self.ahead &* direction
        let entry = suffixes[min(max(far, 0), last)]
        rk_prefetch(text + (max(Int(entry), 1) &- 1))
        if hasManyBuckets {
            let near = suffixes[min(max(index &+ Self.ahead &* direction, 0), last)]
            if near > 0 { rk_prefetch(cursors + symbol(Int(near) &- 1)) }
        }
    }

    @inline(__always)
    private func symbol(_ position: Int) -> Int { Int(truncatingIfNeeded: text[position]) }

    /// - Parameter spare: Memory that nobody uses meanwhile, taken for the buckets if it suffices.
    func run(spare: UnsafeMutableBufferPointer<Int32>) {
        if count == 1 {
            suffixes[0] = 0
            return
        }
        let needed = 2 * alphabet
        let isBorrowed = spare.count >= needed
        let buckets =
            isBorrowed
            ? UnsafeMutableBufferPointer(rebasing: spare[..<needed])
            : .allocate(capacity: needed)
        defer { if !isBorrowed { buckets.deallocate() } }
        guard let sizes = buckets.baseAddress else { return }
        let cursors = sizes + alphabet

        sizes.update(repeating: 0, count: alphabet)
        for position in 0..<count { sizes[symbol(position)] &+= 1 }

        suffixes.update(repeating: 0, count: count)
        toEnds(cursors, sizes)
        let sampled = placeLMS(cursors)
        if sampled > 1 {
            toStarts(cursors, sizes)
            sortSubstringsFromLeft(cursors)
            toEnds(cursors, sizes)
            sortSubstringsFromRight(cursors)
            sortLMS(sampled)
            toEnds(cursors, sizes)
            spreadLMS(sampled, cursors)
        }
        toStarts(cursors, sizes)
        induceFromLeft(cursors)
        toEnds(cursors, sizes)
        induceFromRight(cursors)
    }

    private func toStarts(
        _ cursors: UnsafeMutablePointer<Int32>, _ sizes: UnsafeMutablePointer<Int32>
    ) {
        var sum: Int32 = 0
        for symbol in 0..<alphabet {
            cursors[symbol] = sum
            sum &+= sizes[symbol]
        }
    }

    private func toEnds(
        _ cursors: UnsafeMutablePointer<Int32>, _ sizes: UnsafeMutablePointer<Int32>
    ) {
        var sum: Int32 = 0
        for symbol in 0..<alphabet {
            sum &+= sizes[symbol]
            cursors[symbol] = sum
        }
    }

    /// Calls `body` with each LMS position, the last first.
    @inline(__always)
    private func forEachLMS(_ body: (_ position: Int, _ symbol: Int) -> Void) {
        var next = symbol(count - 1)
        var nextIsS = false
        var position = count - 2
        while position >= 0 {
            let current = symbol(position)
            let isS = current < next || (current == next && nextIsS)
            if nextIsS && !isS { body(position &+ 1, next) }
            nextIsS = isS
            next = current
            position &-= 1
        }
    }

    /// Puts the LMS suffixes at the ends of their buckets, in no particular order.
    private func placeLMS(_ ends: UnsafeMutablePointer<Int32>) -> Int {
        var found = 0
        forEachLMS { position, symbol in
            ends[symbol] &-= 1
            suffixes[Int(ends[symbol])] = Int32(truncatingIfNeeded: position)
            found &+= 1
        }
        return found
    }

    // MARK: the order of LMS substrings

    /// Induces the L-type positions from the LMS ones. Leaves those whose predecessor is S-type.
    private func sortSubstringsFromLeft(_ starts: UnsafeMutablePointer<Int32>) {
        putLast(starts)
        for index in 0..<count {
            prefetch(index, 1, starts)
            let entry = suffixes[index]
            if entry > 0 {
                suffixes[index] = 0
                induceL(entry, starts)
            } else if entry < 0 {
                suffixes[index] = ~entry
            }
        }
    }

    /// Induces the S-type positions from the L-type ones. Leaves the LMS ones, complemented.
    private func sortSubstringsFromRight(_ ends: UnsafeMutablePointer<Int32>) {
        var index = count
        while index > 0 {
            index &-= 1
            prefetch(index, -1, ends)
            let entry = suffixes[index]
            if entry > 0 {
                suffixes[index] = 0
                let position = Int(entry) &- 1
                let current = symbol(position)
                let isLMS = position > 0 && symbol(position &- 1) > current
                let value = Int32(truncatingIfNeeded: position)
                ends[current] &-= 1
                suffixes[Int(ends[current])] = isLMS ? ~value : value
            }
        }
    }

    /// Names the sorted LMS substrings, sorts the text of the names, and leaves the sorted LMS suffixes
    /// at the front of the array.
    private func sortLMS(_ sampled: Int) {
        var filled = 0
        for index in 0..<count {
            let entry = suffixes[index]
            if entry < 0 {
                suffixes[filled] = ~entry
                filled &+= 1
            }
        }
        let names = nameSubstrings(sampled)

        // LMS positions are at least two apart, so that half the positions have a slot each. The names
        // go to the end of the array in the order of the text.
        let reduced = suffixes + (count - sampled)
        var slot = sampled + (count >> 1)
        var end = sampled
        while slot >= sampled {
            let name = suffixes[slot]
            if name >= 0 {
                end &-= 1
                reduced[end] = name
            }
            slot &-= 1
        }

        if names < sampled {
            let spare = UnsafeMutableBufferPointer(
                start: suffixes + sampled, count: count - 2 * sampled)
            InducedSort<Int32>(
                text: reduced, count: sampled, alphabet: names, suffixes: suffixes
            ).run(spare: spare)
        } else {
            for index in 0..<sampled {
                suffixes[Int(reduced[index])] = Int32(truncatingIfNeeded: index)
            }
        }

        var last = sampled
        forEachLMS { position, _ in
            last &-= 1
            reduced[last] = Int32(truncatingIfNeeded: position)
        }
        for index in 0..<sampled {
            rk_prefetch(reduced + Int(suffixes[min(index &+ Self.ahead, sampled &- 1)]))
            suffixes[index] = reduced[Int(suffixes[index])]
        }
    }

    /// Gives equal LMS substrings one name, in their order, and returns the number of names. The name of
    /// the substring at `p` goes to slot `sampled + p / 2`; other slots are negative.
    private func nameSubstrings(_ sampled: Int) -> Int {
        let slots = suffixes + sampled
        slots.update(repeating: -1, count: count - sampled)
        // First the lengths, the symbol of the next LMS position included. The last one ends with the
        // text, as no other does: zero.
        var next = -1
        forEachLMS { position, _ in
            slots[position >> 1] =
                next < 0 ? 0 : Int32(truncatingIfNeeded: next &- position &+ 1)
            next = position
        }
        // Most substrings are short enough for one word, so that nothing is decided by a symbol that
        // has to be waited for.
        let symbolBits = Symbol.bitWidth
        let perWord = 64 / symbolBits
        let lastWord = count - perWord
        var names: Int32 = -1
        var previous = 0
        var previousLength = 0
        var previousWord: UInt64 = 0
        for index in 0..<sampled {
            let coming = Int(suffixes[min(index &+ Self.ahead, sampled &- 1)])
            rk_prefetch(text + coming)
            rk_prefetch(slots + coming >> 1)
            let position = Int(suffixes[index])
            let length = Int(slots[position >> 1])
            let used = min(length, perWord)
            var word: UInt64 = 0
            if position <= lastWord {
                word = UnsafeRawPointer(text + position).loadUnaligned(as: UInt64.self).littleEndian
                word &= ~0 &>> UInt64(truncatingIfNeeded: 64 - used * symbolBits)
            } else {
                for offset in 0..<used {
                    let current = UInt64(truncatingIfNeeded: text[position + offset])
                    word |= current &<< UInt64(truncatingIfNeeded: offset * symbolBits)
                }
            }
            var isSame = length == previousLength && word == previousWord && length > 0
            if isSame && length > perWord {
                var offset = perWord
                while offset < length,
                    text[position &+ offset] == text[previous &+ offset]
                { offset &+= 1 }
                isSame = offset == length
            }
            names &+= isSame ? 0 : 1
            slots[position >> 1] = names
            previous = position
            previousLength = length
            previousWord = word
        }
        return Int(names) + 1
    }

    /// Moves the sorted LMS suffixes from the front of the array to the ends of their buckets.
    private func spreadLMS(_ sampled: Int, _ ends: UnsafeMutablePointer<Int32>) {
        (suffixes + sampled).update(repeating: 0, count: count - sampled)
        var index = sampled
        while index > 0 {
            index &-= 1
            rk_prefetch(text + Int(suffixes[max(index &- Self.ahead, 0)]))
            let entry = suffixes[index]
            suffixes[index] = 0
            let current = symbol(Int(entry))
            ends[current] &-= 1
            suffixes[Int(ends[current])] = entry
        }
    }

    // MARK: the order of all suffixes

    /// Induces the L-type suffixes. Leaves complemented what the other direction need not look at.
    private func induceFromLeft(_ starts: UnsafeMutablePointer<Int32>) {
        putLast(starts)
        for index in 0..<count {
            prefetch(index, 1, starts)
            let entry = suffixes[index]
            suffixes[index] = ~entry
            if entry > 0 { induceL(entry, starts) }
        }
    }

    private func induceFromRight(_ ends: UnsafeMutablePointer<Int32>) {
        var index = count
        while index > 0 {
            index &-= 1
            prefetch(index, -1, ends)
            let entry = suffixes[index]
            if entry > 0 {
                let position = Int(entry) &- 1
                let current = symbol(position)
                let isDone = position == 0 || symbol(position &- 1) > current
                let value = Int32(truncatingIfNeeded: position)
                ends[current] &-= 1
                suffixes[Int(ends[current])] = isDone ? ~value : value
            } else {
                suffixes[index] = ~entry
            }
        }
    }

    /// The end of the text induces its last symbol, which is L-type.
    @inline(__always)
    private func putLast(_ starts: UnsafeMutablePointer<Int32>) {
        induceL(Int32(truncatingIfNeeded: count), starts)
    }

    /// Puts the L-type suffix before `entry` at the next place from the start of its bucket: complemented
    /// if the one before it is S-type, which only the other direction induces.
    @inline(__always)
    private func induceL(_ entry: Int32, _ starts: UnsafeMutablePointer<Int32>) {
        let position = Int(entry) &- 1
        let current = symbol(position)
        let isDone = position > 0 && symbol(position &- 1) < current
        let value = Int32(truncatingIfNeeded: position)
        suffixes[Int(starts[current])] = isDone ? ~value : value
        starts[current] &+= 1
    }
}
