// SPDX-License-Identifier: Apache-2.0
//
// A text is contaminated by an item if they share a run of n words, or if it is the item word by
// word. Items shorter than n words have no run: "What is 2 + 2?" is told from "What is 2 * 2?" by
// its signs, and only as a whole.

/// A passage that a text shares with an item of an evaluation set.
public struct ContaminationMatch: Sendable, Equatable {
    public var set: String
    public var item: String
    /// The longest shared run, as words.
    public var text: String
    public var words: Int
}

/// Finds passages of evaluation sets.
public struct ContaminationIndex: Sendable {
    private struct Item {
        let set: String
        let id: String
        let words: [String]
    }

    /// Words of a run that is a match.
    public let length: Int
    public let sets: [String]
    public let itemCount: Int
    private var items: [Item] = []
    private var grams: [UInt64: [Int]] = [:]
    /// By all their words and signs.
    private var wholes: [String: [Int]] = [:]

    /// - Throws: ``DistillationError`` of kind `invalidInput` for a length that is not 4 to 64.
    public init(_ sets: [EvaluationSet], length: Int = 8) throws(DistillationError) {
        guard (4...64).contains(length) else {
            throw DistillationError(
                .invalidInput, "runs of \(length) words are to be compared; expected 4 to 64")
        }
        self.length = length
        self.sets = sets.map(\.name)
        itemCount = sets.reduce(0) { $0 + $1.items.count }
        for set in sets {
            for item in set.items {
                let index = items.count
                let words = Words.of(item.text)
                items.append(Item(set: set.name, id: item.id, words: words))
                wholes[Self.whole(item.text), default: []].append(index)
                guard words.count >= length else { continue }
                for hash in Set(Words.grams(words, length)) {
                    grams[hash, default: []].append(index)
                }
            }
        }
    }

    private static func whole(_ text: String) -> String {
        Words.withSigns(text).joined(separator: " ")
    }

    /// The items that a text shares a passage with, each with the longest.
    public func matches(_ text: String) -> [ContaminationMatch] {
        let words = Words.of(text)
        var best: [Int: Range<Int>] = [:]
        for index in wholes[Self.whole(text)] ?? [] where !items[index].words.isEmpty {
            best[index] = 0..<words.count
        }
        if words.count >= length, !grams.isEmpty {
            for (start, hash) in Words.grams(words, length).enumerated() {
                for index in grams[hash] ?? [] {
                    // Inside a run that was found.
                    if let found = best[index], start + length <= found.upperBound { continue }
                    guard let end = end(of: words, from: start, in: items[index].words) else {
                        continue
                    }
                    if end - start > best[index]?.count ?? 0 { best[index] = start..<end }
                }
            }
        }
        return best.sorted { $0.key < $1.key }.map { index, range in
            ContaminationMatch(
                set: items[index].set, item: items[index].id,
                text: words[range].joined(separator: " "), words: range.count)
        }
    }

    /// Where the longest run ends that begins at `start` and is in the item; nil if none is long
    /// enough, as two runs may have one hash.
    private func end(of words: [String], from start: Int, in item: [String]) -> Int? {
        var longest = 0
        for offset in 0...(item.count - length) {
            var count = 0
            while start + count < words.count, offset + count < item.count,
                words[start + count] == item[offset + count]
            {
                count += 1
            }
            longest = max(longest, count)
        }
        return longest >= length ? start + longest : nil
    }
}
