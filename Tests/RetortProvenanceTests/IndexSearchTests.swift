// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortProvenance
import TestSupport
import Testing

@Suite struct IndexSearchTests {
    @Test("counts, places and documents are those of looking everywhere", arguments: TinyCorpus.all)
    func brute(_ corpus: TinyCorpus) throws {
        let folder = try TemporaryFolder()
        let index = try corpus.index(in: folder.path("index"))
        #expect(index.documentCount == corpus.documents.count)
        #expect(index.symbolCount == corpus.documents.reduce(0) { $0 + $1.count })
        if corpus.memory < 1 << 14 { #expect(index.shardCount > 2) }
        var random = SeededRandom(seed: 99)
        for pattern in corpus.patterns(&random) {
            let expected = corpus.occurrences(of: pattern)
            let query = CorpusQuery(bytes: pattern)
            #expect(try index.count(of: query) == expected.count, "\(pattern)")
            #expect(
                try Set(index.occurrences(of: query, limit: .max)) == Set(expected), "\(pattern)")
            let result = try index.search(query, limit: 3)
            #expect(result.count == expected.count)
            let documents = Set(expected.map(\.document))
            #expect(result.documentCount == documents.count)
            #expect(
                result.documents.map(\.document.number) == Array(documents.sorted().prefix(3)))
            for found in result.documents {
                let places = expected.filter { $0.document == found.document.number }
                #expect(found.count == places.count)
                #expect(found.offset == places.map(\.offset).min())
                #expect(found.document.source.path == "\(found.document.number).txt")
            }
        }
    }

    @Test("the longest prefix is that of trying all lengths", arguments: TinyCorpus.all)
    func longest(_ corpus: TinyCorpus) throws {
        let folder = try TemporaryFolder()
        let index = try corpus.index(in: folder.path("index"))
        var random = SeededRandom(seed: 7)
        for pattern in corpus.patterns(&random) {
            let expected = (0...pattern.count).last {
                $0 == 0 || corpus.count(of: Array(pattern[..<$0])) > 0
            }
            #expect(try index.longestPrefix(of: CorpusQuery(bytes: pattern)) == expected)
        }
    }

    @Test("documents are kept as they were", arguments: TinyCorpus.all)
    func documents(_ corpus: TinyCorpus) throws {
        let folder = try TemporaryFolder()
        let index = try corpus.index(in: folder.path("index"))
        for (number, document) in corpus.documents.enumerated() {
            #expect(index.document(number)?.length == document.count)
            #expect(
                try index.values(0..<document.count, ofDocument: number)
                    == document.map(UInt32.init))
        }
        #expect(index.document(corpus.documents.count) == nil)
        #expect(index.document(-1) == nil)
        try index.verify()
    }

    @Test(
        "token counts are those of looking everywhere", arguments: [300, 70_000, 1 << 24])
    func tokens(_ vocabulary: UInt32) throws {
        var random = SeededRandom(seed: UInt64(vocabulary))
        let ids = (0..<50).map { _ in UInt32.random(in: 0..<vocabulary, using: &random) }
        // More ids than fit into the narrower numbers.
        let rare = vocabulary == 300 ? [] : Array(vocabulary - 66_000..<vocabulary)
        var documents = (0..<20).map { _ in
            (0..<Int.random(in: 0...400, using: &random)).map { _ in
                ids.randomElement(using: &random) ?? 0
            }
        }
        documents.append(rare)
        let folder = try TemporaryFolder()
        let builder = try CorpusIndexBuilder(
            path: folder.path("index"), options: .init(unit: .tokens, memory: 8 << 20))
        for document in documents { try builder.add(tokens: document, CorpusDocument(path: "t")) }
        _ = try builder.finish()
        let index = try CorpusIndex(path: folder.path("index"))
        for _ in 0..<300 {
            let length = Int.random(in: 1...4, using: &random)
            let pattern = (0..<length).map { _ in ids.randomElement(using: &random) ?? 0 }
            let expected = documents.reduce(0) { sum, document in
                sum
                    + document.indices.count {
                        document[$0] == pattern[0] && document[$0...].starts(with: pattern)
                    }
            }
            #expect(try index.count(of: CorpusQuery(tokens: pattern)) == expected)
        }
        #expect(try index.values(0..<documents[3].count, ofDocument: 3) == documents[3])
        if let last = rare.last { #expect(try index.count(of: CorpusQuery(tokens: [last])) >= 1) }
    }

    @Test("a query of the wrong unit and an empty one are refused")
    func refused() throws {
        let folder = try TemporaryFolder()
        let index = try TinyCorpus.all[0].index(in: folder.path("index"))
        #expect(throws: ProvenanceError.self) { try index.count(of: CorpusQuery(tokens: [1])) }
        #expect(throws: ProvenanceError.self) { try index.count(of: CorpusQuery("")) }
        #expect(throws: ProvenanceError.self) { try index.search(CorpusQuery("")) }
    }
}
