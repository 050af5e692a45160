// SPDX-License-Identifier: Apache-2.0
//
// Prompt lookup (Saxena 2023): where the last tokens stood before, what followed them there may
// follow again.

/// Guesses by the last place where the longest end of the sequence stood before.
package final class PromptLookupDrafter: Drafter {
    /// The shortest and the longest n-gram that is looked up.
    private static let grams = 2...4
    /// From this length of the match on, a guess is as good as it gets.
    private static let longestMatch = 16

    package let initialCost = 0.0
    private var tokens: [Int32] = []
    /// For each length of n-gram, a table from the hash of one to the position after its last
    /// occurrence. A collision overwrites: what is found is compared before it is believed.
    private var tables: [[Int32]]
    private let mask: Int
    /// The position that foretold the last token, plus one, and for how many tokens it has done so.
    private var followed: (position: Int, length: Int)?
    /// The match of `prepare`.
    private var match = 0

    package init(contextLength: Int) {
        var slots = 1024
        while slots < 2 * contextLength, slots < 1 << 17 { slots *= 2 }
        mask = slots - 1
        tables = Self.grams.map { _ in Array(repeating: 0, count: slots) }
        tokens.reserveCapacity(contextLength)
    }

    package func begin(_ prompt: [Int32], cached: Int) -> Int {
        followed = nil
        let common = tokens.commonPrefixLength(with: prompt)
        guard common < tokens.count else { return common }
        // Places that are no longer there would hide earlier ones that are: from the start.
        tokens.removeAll(keepingCapacity: true)
        for index in tables.indices {
            tables[index].withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
        }
        return 0
    }

    package func append(
        _ tokens: UnsafeBufferPointer<Int32>, states: UnsafeBufferPointer<Float>?
    ) {
        for token in tokens { append(token) }
    }

    private func append(_ token: Int32) {
        let count = tokens.count
        for (index, length) in Self.grams.enumerated() where count >= length {
            tables[index][slot(endingAt: count, length)] = Int32(count)
        }
        if let (position, length) = followed {
            followed =
                tokens[position] == token ? (position + 1, min(length + 1, Self.longestMatch)) : nil
        }
        tokens.append(token)
    }

    private func slot(endingAt end: Int, _ length: Int) -> Int {
        var hash: UInt64 = 0
        for index in (end - length)..<end {
            hash = (hash ^ UInt64(UInt32(bitPattern: tokens[index]))) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
        }
        return Int(truncatingIfNeeded: hash >> 20) & mask
    }

    /// How many tokens before `position` are those at the end.
    private func matchLength(before position: Int) -> Int {
        var length = 0
        while length < min(position, Self.longestMatch),
            tokens[position - 1 - length] == tokens[tokens.count - 1 - length]
        { length += 1 }
        return length
    }

    package func prepare() -> Int? {
        // A place that has foretold the last tokens is better than a later one of a shorter match.
        if let (position, length) = followed, length >= Self.grams.upperBound {
            return take(position, length)
        }
        for (index, length) in Self.grams.enumerated().reversed() where tokens.count > length {
            let position = Int(tables[index][slot(endingAt: tokens.count, length)])
            guard position >= length else { continue }
            let matched = matchLength(before: position)
            if matched >= length { return take(position, matched) }
        }
        followed = nil
        return nil
    }

    /// The class of a guess is the length of its match.
    private func take(_ position: Int, _ length: Int) -> Int {
        followed = (position, length)
        match = position
        switch length {
        case ...2: return 0
        case 3: return 1
        case 4..<8: return 2
        case 8..<Self.longestMatch: return 3
        default: return 4
        }
    }

    package func propose(_ draft: UnsafeMutableBufferPointer<Int32>) -> Int {
        for index in draft.indices {
            let position = match + index
            // Past the end the guess goes on from itself: a text that repeats in a circle.
            draft[index] =
                position < tokens.count ? tokens[position] : draft[position - tokens.count]
        }
        return draft.count
    }
}
