// SPDX-License-Identifier: Apache-2.0
//
// What a corpus says twice. Within a shard the neighbours in the suffix array share the most: their common
// prefixes come in linear time from Kasai, Lee, Arimura, Arikawa and Park (2001) in the form of Kärkkäinen,
// Manzini and Puglisi (2009), which reads the text in its own order. Between shards one's text is traced in
// the other's array.

import Foundation

/// A part of a document that stands in the corpus a second time.
public struct RepeatedSpan: Equatable, Hashable, Sendable {
    public var place: Occurrence
    /// In bytes or tokens.
    public var length: Int
    /// One other place of it.
    public var other: Occurrence

    public init(place: Occurrence, length: Int, other: Occurrence) {
        self.place = place
        self.length = length
        self.other = other
    }
}

extension CorpusIndex {
    /// All parts of documents, of at least `minimum` bytes or tokens, that stand elsewhere in the corpus too and
    /// are part of no longer one, in order. Each copy is reported at its own place, the first one as well.
    ///
    /// Lee et al. (arXiv:2107.06499) remove repetitions of 50 tokens.
    /// - Parameters:
    ///   - scratch: Where scratch files go, 24 bytes a span; nil for the system's temporary folder.
    ///   - body: Gets each span; what repeats between two shards as well as in one is reported once.
    /// - Complexity: For each shard O(symbols) time and 4 bytes of memory for each; for each pair of shards a
    ///   few searches for each half of `minimum`.
    public func repeatedSpans(
        minimum: Int, scratch: URL? = nil, _ body: (RepeatedSpan) throws(ProvenanceError) -> Void
    ) throws(ProvenanceError) {
        guard minimum > 0 else {
            throw ProvenanceError("the least length of a repeated span is 1, not \(minimum)")
        }
        let folder = scratch ?? FileManager.default.temporaryDirectory
        for shard in shards {
            // On the disk: of short parts there are more than the text has symbols.
            let before = try RepeatFile(in: folder)
            let after = try RepeatFile(in: folder)
            try shard.perform(LocalRepeats(minimum: minimum, before: before, after: after))
            var heads = [try before.next(), try after.next(), nil]
            var foreign: ArraySlice<Repeat> = []
            var documents = shards.count > 1 ? 0..<shard.documents.count : 0..<0
            var end = 0
            while true {
                // One document at a time, so that the text needs little memory.
                while heads[2] == nil, let document = documents.popFirst() {
                    if shard.documents.length(document) >= minimum {
                        foreign = try foreignRepeats(shard, document, minimum: minimum).sorted()[
                            ...]
                    }
                    heads[2] = foreign.popFirst()
                }
                var least = 0
                for list in 1..<3 {
                    guard let head = heads[list] else { continue }
                    if heads[least].map({ head < $0 }) ?? true { least = list }
                }
                guard let repeated = heads[least] else { break }
                switch least {
                case 0: heads[0] = try before.next()
                case 1: heads[1] = try after.next()
                default: heads[2] = foreign.popFirst()
                }
                guard repeated.range.upperBound > end else { continue }
                end = repeated.range.upperBound
                try body(
                    RepeatedSpan(
                        place: shard.occurrence(repeated.range.lowerBound),
                        length: repeated.range.count,
                        other: repeated.other ?? shard.occurrence(repeated.partner)))
            }
        }
    }

    /// What of a document of one shard stands in others.
    private func foreignRepeats(_ shard: IndexShard, _ document: Int, minimum: Int)
        throws(ProvenanceError) -> [Repeat]
    {
        let query = CorpusQuery(
            try values(
                0..<shard.documents.length(document), ofDocument: shard.firstDocument + document),
            unit)
        let start = shard.documents.start(document)
        var found: [Repeat] = []
        for other in shards where other !== shard {
            let work = ForeignRepeats(shard: other, query: query, minimum: minimum)
            for (range, position) in try other.perform(work) ?? [] {
                found.append(
                    Repeat(
                        range: range.lowerBound + start..<range.upperBound + start, partner: 0,
                        other: other.occurrence(position)))
            }
        }
        return found
    }
}

private struct ForeignRepeats: IndexShard.Work {
    let shard: IndexShard
    let query: CorpusQuery
    let minimum: Int

    func run<Symbol: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ search: ShardSearch<Symbol>
    ) throws(ProvenanceError) -> [(range: Range<Int>, position: Int)] {
        try ShardQuery<Symbol>(query.values, shard).withSymbols { text throws(ProvenanceError) in
            var found: [(Range<Int>, Int)] = []
            for range in try search.maximalSpans(text, minimum: minimum) {
                let interval = try search.interval(ShardPattern(rebasing: text[range]))
                guard let first = interval.first else { continue }
                found.append((range, try search.position(first)))
            }
            return found
        }
    }
}

/// What a shard's text shares with itself: first with each suffix's predecessor in the array, then with its
/// successor.
private struct LocalRepeats: IndexShard.Work {
    let minimum: Int
    let before: RepeatFile
    let after: RepeatFile

    func run<Symbol: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ search: ShardSearch<Symbol>
    ) throws(ProvenanceError) {
        // First each suffix's predecessor in the array, then in its place the length of what they share.
        // The length of what a suffix shares with its successor follows in a second pass, with the same.
        let memory = try MappedBytes(zeroed: 4 * search.textCount)
        let neighbours = memory.bind(Int32.self, count: search.textCount)
        for isSuccessor in [false, true] {
            let found = isSuccessor ? after : before
            neighbours.update(repeating: -1)
            for index in 0..<search.count {
                let neighbour = isSuccessor ? index + 1 : index - 1
                guard neighbour >= 0 && neighbour < search.count else { continue }
                neighbours[try search.position(index)] = Int32(try search.position(neighbour))
            }
            var common = 0
            var end = 0
            for position in 0..<search.textCount {
                let neighbour = Int(neighbours[position])
                guard neighbour >= 0 else {
                    common = 0
                    continue
                }
                // Equal symbols end at a separator, the text's last symbol at the latest.
                while search.text[position + common] != 0,
                    neighbour + common < search.textCount,
                    search.text[position + common] == search.text[neighbour + common]
                { common += 1 }
                if common >= minimum, position + common > end {
                    end = position + common
                    try found.append(position..<end, partner: neighbour)
                }
                common = max(0, common - 1)
            }
        }
    }
}
