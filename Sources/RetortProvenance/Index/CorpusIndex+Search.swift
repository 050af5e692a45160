// SPDX-License-Identifier: Apache-2.0

/// What a search found.
public struct SearchResult: Equatable, Sendable {
    /// How often the text occurs, overlaps included.
    public var count: Int
    /// In how many documents; nil if not all occurrences were looked at.
    public var documentCount: Int?
    /// The documents with the text, in the order of the corpus, up to the limit.
    public var documents: [Found]

    /// A document with the text.
    public struct Found: Equatable, Sendable {
        public var document: IndexedDocument
        /// How often the text occurs in it, of the occurrences that were looked at.
        public var count: Int
        /// Of its first occurrence, in bytes or tokens from the start of the document.
        public var offset: Int
    }
}

extension CorpusIndex {
    /// How often a text occurs in the corpus, overlaps included, never across documents.
    /// - Complexity: O(shards · (text + log corpus)); no occurrence is looked at.
    public func count(of query: CorpusQuery) throws(ProvenanceError) -> Int {
        try check(query)
        var sum = 0
        for shard in shards {
            sum += try shard.perform(IntervalWork(shard: shard, query: query))?.count ?? 0
        }
        return sum
    }

    /// How many of the first bytes or tokens of a text stand together somewhere in the corpus.
    public func longestPrefix(of query: CorpusQuery) throws(ProvenanceError) -> Int {
        try check(query)
        var longest = 0
        for shard in shards {
            longest = max(longest, try shard.perform(PrefixWork(shard: shard, query: query)) ?? 0)
        }
        return longest
    }

    /// Counts a text and lists the documents with it.
    /// - Parameters:
    ///   - limit: The most documents that are listed.
    ///   - looked: The most occurrences that are looked at to find and count documents. A text that occurs
    ///     more often has no ``SearchResult/documentCount``.
    public func search(_ query: CorpusQuery, limit: Int = 10, looked: Int = 10_000_000)
        throws(ProvenanceError) -> SearchResult
    {
        try check(query)
        var result = SearchResult(count: 0, documentCount: 0, documents: [])
        var rest = looked
        var found: [Int: (count: Int, offset: Int)] = [:]
        for shard in shards {
            let work = OccurrenceWork(shard: shard, query: query, limit: rest)
            guard let (count, positions) = try shard.perform(work) else { continue }
            result.count += count
            rest -= positions.count
            if count > positions.count { result.documentCount = nil }
            for place in positions.lazy.map(shard.occurrence) {
                let before = found[place.document]
                found[place.document] = (
                    (before?.count ?? 0) + 1, min(before?.offset ?? .max, place.offset)
                )
            }
        }
        if result.documentCount != nil { result.documentCount = found.count }
        for number in found.keys.sorted().prefix(max(0, limit)) {
            guard let document = document(number), let (count, offset) = found[number] else {
                continue
            }
            result.documents.append(.init(document: document, count: count, offset: offset))
        }
        return result
    }

    /// Where a text occurs, in the order of the corpus, if it does so at most `limit` times; else that many of
    /// the places.
    public func occurrences(of query: CorpusQuery, limit: Int = 1000) throws(ProvenanceError)
        -> [Occurrence]
    {
        try check(query)
        var places: [Occurrence] = []
        for shard in shards where places.count < limit {
            let work = OccurrenceWork(shard: shard, query: query, limit: limit - places.count)
            guard let (_, positions) = try shard.perform(work) else { continue }
            places += positions.sorted().map(shard.occurrence)
        }
        return places
    }

    struct IntervalWork: IndexShard.Work {
        let shard: IndexShard
        let query: CorpusQuery

        func run<Symbol: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
            _ search: ShardSearch<Symbol>
        ) throws(ProvenanceError) -> Range<Int> {
            try ShardQuery<Symbol>(query.values, shard).withSymbols {
                pattern throws(ProvenanceError) in
                pattern.contains(0) ? 0..<0 : try search.interval(pattern)
            }
        }
    }

    private struct PrefixWork: IndexShard.Work {
        let shard: IndexShard
        let query: CorpusQuery

        func run<Symbol: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
            _ search: ShardSearch<Symbol>
        ) throws(ProvenanceError) -> Int {
            try ShardQuery<Symbol>(query.values, shard).withSymbols {
                pattern throws(ProvenanceError) in
                let known = pattern.prefix { $0 != 0 }
                guard !known.isEmpty else { return 0 }
                return try search.longestPrefix(UnsafeBufferPointer(rebasing: known))
            }
        }
    }

    /// The number of occurrences and the positions of some.
    struct OccurrenceWork: IndexShard.Work {
        let shard: IndexShard
        let query: CorpusQuery
        let limit: Int

        func run<Symbol: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
            _ search: ShardSearch<Symbol>
        ) throws(ProvenanceError) -> (count: Int, positions: [Int]) {
            let interval = try IntervalWork(shard: shard, query: query).run(search)
            var positions: [Int] = []
            for index in interval.prefix(max(0, limit)) {
                positions.append(try search.position(index))
            }
            return (interval.count, positions)
        }
    }
}
