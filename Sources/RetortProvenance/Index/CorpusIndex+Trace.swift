// SPDX-License-Identifier: Apache-2.0

import Foundation

extension CorpusIndex {
    /// The parts of a text that stand in the corpus and are part of no longer one that does, with their
    /// sources, as OLMoTrace (arXiv:2504.07096) shows them.
    /// - Parameter options: Nil for the defaults of the index's unit.
    /// - Complexity: A few searches for each half of the least length, more where the corpus has the text.
    public func trace(_ query: CorpusQuery, options: TraceOptions? = nil)
        throws(ProvenanceError) -> CorpusTrace
    {
        try check(query)
        let options = options ?? TraceOptions(unit: unit)
        guard options.minimumLength > 0 else {
            throw ProvenanceError("the least length of a span is 1, not \(options.minimumLength)")
        }
        var (ranges, isCut) = try maximalSpans(
            of: query, minimum: options.minimumLength, limit: options.spanLimit)
        let words = WordBoundaries(bytes: query.values)
        if unit == .bytes && options.keepsWholeWords {
            ranges = Self.maximal(
                ranges.map(words.wholeWords).filter { $0.count >= options.minimumLength })
        }
        var trace = CorpusTrace(
            spans: [], spanCount: ranges.count,
            coverage: Double(Self.covered(ranges)) / Double(query.count), isCut: isCut)

        var frequencies: [[UInt32]: Double] = [:]
        var rated: [(range: Range<Int>, logProbability: Double)] = []
        for range in ranges {
            let parts = unit == .bytes ? words.words(range) : range.map { $0..<$0 + 1 }
            var sum = 0.0
            for part in parts {
                let key = Array(query.values[part])
                if frequencies[key] == nil {
                    frequencies[key] =
                        Double(try count(of: CorpusQuery(key, unit))) / Double(symbolCount)
                }
                sum += log(frequencies[key] ?? 1)
            }
            rated.append((range, sum))
        }
        if let share = options.share {
            let length =
                unit == .bytes ? words.words(0..<query.count).count : query.count
            let wanted = (share * Double(length)).rounded(.up)
            // A share that is no number keeps none.
            let kept = wanted > 0 ? Int(min(wanted, Double(rated.count))) : 0
            rated = Array(
                rated.sorted { $0.logProbability < $1.logProbability }.prefix(kept))
            rated.sort { $0.range.lowerBound < $1.range.lowerBound }
        }
        for (range, logProbability) in rated {
            let part = CorpusQuery(Array(query.values[range]), unit)
            let (count, sources) = try sources(of: part, limit: options.documentLimit)
            trace.spans.append(
                .init(
                    offset: range.lowerBound, length: range.count, count: count,
                    logProbability: logProbability, sources: sources))
        }
        return trace
    }

    /// The maximal spans of all shards together.
    func maximalSpans(of query: CorpusQuery, minimum: Int, limit: Int = .max)
        throws(ProvenanceError) -> (ranges: [Range<Int>], isCut: Bool)
    {
        var ranges: [Range<Int>] = []
        var isCut = false
        for shard in shards {
            let work = SpanWork(shard: shard, query: query, minimum: minimum, limit: limit)
            guard let found = try shard.perform(work) else { continue }
            ranges += found.ranges
            isCut = isCut || found.isCut
        }
        return (Self.maximal(ranges), isCut)
    }

    /// Those of some ranges that are in no other, in order.
    static func maximal(_ ranges: [Range<Int>]) -> [Range<Int>] {
        let sorted = ranges.sorted {
            ($0.lowerBound, -$0.upperBound) < ($1.lowerBound, -$1.upperBound)
        }
        var kept: [Range<Int>] = []
        for range in sorted where range.upperBound > kept.last?.upperBound ?? 0 {
            kept.append(range)
        }
        return kept
    }

    private static func covered(_ ranges: [Range<Int>]) -> Int {
        var covered = 0
        var end = 0
        for range in ranges {
            covered += max(0, range.upperBound - max(range.lowerBound, end))
            end = range.upperBound
        }
        return covered
    }

    /// How often a text occurs, and one place in each of some documents.
    private func sources(of query: CorpusQuery, limit: Int) throws(ProvenanceError)
        -> (count: Int, sources: [CorpusTrace.Source])
    {
        var count = 0
        var sources: [CorpusTrace.Source] = []
        var seen: Set<Int> = []
        for shard in shards {
            // A text that one document repeats is not looked at for ever.
            let work = OccurrenceWork(
                shard: shard, query: query, limit: sources.count < limit ? 20 * limit : 0)
            guard let (found, positions) = try shard.perform(work) else { continue }
            count += found
            for place in positions.lazy.map(shard.occurrence) where sources.count < limit {
                guard seen.insert(place.document).inserted,
                    let document = document(place.document)
                else { continue }
                sources.append(.init(document: document, offset: place.offset))
            }
        }
        return (count, sources)
    }

    private struct SpanWork: IndexShard.Work {
        let shard: IndexShard
        let query: CorpusQuery
        let minimum: Int
        let limit: Int

        func run<Symbol: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
            _ search: ShardSearch<Symbol>
        ) throws(ProvenanceError) -> (ranges: [Range<Int>], isCut: Bool) {
            try ShardQuery<Symbol>(query.values, shard).withSymbols {
                text throws(ProvenanceError) in
                var budget = SpanBudget(spans: limit)
                let ranges = try search.maximalSpans(text, minimum: minimum, &budget)
                return (ranges, budget.isSpent)
            }
        }
    }
}
