// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortProvenance
import TestSupport
import Testing

@Suite struct IndexRepeatTests {
    @Test(
        "repeated spans are those of comparing all places with all others",
        arguments: TinyCorpus.all.filter { $0.name != "all equal" })
    func brute(_ corpus: TinyCorpus) throws {
        let folder = try TemporaryFolder()
        // The first documents: the comparison is quadratic.
        var small = corpus
        small.documents = Array(corpus.documents.prefix(25)).map { Array($0.prefix(160)) }
        let index = try small.index(in: folder.path("index"))
        for minimum in [1, 4, 12] {
            var expected: [RepeatedSpan] = []
            for (document, text) in small.documents.enumerated() {
                var end = 0
                for start in text.indices {
                    var longest = 0
                    for (other, second) in small.documents.enumerated() {
                        for place in second.indices where other != document || place != start {
                            var common = 0
                            while start + common < text.count, place + common < second.count,
                                text[start + common] == second[place + common]
                            { common += 1 }
                            longest = max(longest, common)
                        }
                    }
                    if longest >= minimum, start + longest > end {
                        end = start + longest
                        let place = Occurrence(document: document, offset: start)
                        expected.append(RepeatedSpan(place: place, length: longest, other: place))
                    }
                }
            }
            var found: [RepeatedSpan] = []
            try index.repeatedSpans(minimum: minimum) { found.append($0) }
            #expect(found.map(\.place) == expected.map(\.place), "\(minimum)")
            #expect(found.map(\.length) == expected.map(\.length), "\(minimum)")
            for span in found {
                #expect(span.place != span.other)
                let (a, b) = (
                    small.documents[span.place.document], small.documents[span.other.document]
                )
                #expect(
                    a[span.place.offset..<span.place.offset + span.length]
                        == b[span.other.offset..<span.other.offset + span.length])
            }
        }
    }

    @Test(
        "every planted copy of 50 tokens or more is found, in one shard or several",
        arguments: [9, 64])
    func planted(_ kibibytes: Int) throws {
        var random = SeededRandom(seed: 12)
        func tokens(_ count: Int) -> [UInt32] {
            (0..<count).map { _ in UInt32.random(in: 0..<30_000, using: &random) }
        }
        let sources = (0..<20).map { _ in tokens(Int.random(in: 50...90, using: &random)) }
        var documents: [[UInt32]] = []
        for number in 0..<60 {
            // Each source three times.
            documents.append(
                tokens(Int.random(in: 0...40, using: &random)) + sources[number % 20]
                    + tokens(Int.random(in: 0...40, using: &random)))
        }
        let folder = try TemporaryFolder()
        let builder = try CorpusIndexBuilder(
            path: folder.path("index"), options: .init(unit: .tokens, memory: kibibytes << 10))
        for document in documents { try builder.add(tokens: document, .init(path: "x")) }
        #expect(try builder.finish().shards > 1 || kibibytes == 64)
        var found: [Int: RepeatedSpan] = [:]
        try CorpusIndex(path: folder.path("index")).repeatedSpans(minimum: 50) {
            found[$0.place.document] = $0
        }
        #expect(found.count == 60)
        for (number, span) in found {
            #expect(span.length >= sources[number % 20].count)
            #expect(span.other.document % 20 == number % 20)
        }
    }
}
