// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortProvenance
import TestSupport
import Testing

@Suite struct IndexTraceTests {
    /// Every part of `text` that the corpus has and that is in no longer one.
    private func maximal(_ text: [UInt8], _ corpus: TinyCorpus, minimum: Int) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        for start in text.indices {
            var longest = 0
            for document in corpus.documents {
                for place in document.indices {
                    var common = 0
                    while start + common < text.count, place + common < document.count,
                        text[start + common] == document[place + common]
                    { common += 1 }
                    longest = max(longest, common)
                }
            }
            if longest >= minimum, start + longest > spans.last?.upperBound ?? 0 {
                spans.append(start..<start + longest)
            }
        }
        return spans
    }

    @Test(
        "the spans of a text are those of comparing it with everything", arguments: TinyCorpus.all)
    func spans(_ corpus: TinyCorpus) throws {
        let folder = try TemporaryFolder()
        let index = try corpus.index(in: folder.path("index"))
        var random = SeededRandom(seed: 5)
        for _ in 0..<3 {
            // Parts of the corpus, some changed, and bytes of its own.
            var text: [UInt8] = [7]
            for part in corpus.patterns(&random).prefix(8) { text += part }
            let all = maximal(text, corpus, minimum: 1)
            for minimum in [1, 2, 5, 8, 16, 19] {
                let options = TraceOptions(
                    minimumLength: minimum, keepsWholeWords: false, documentLimit: 4)
                let trace = try index.trace(CorpusQuery(bytes: text), options: options)
                let expected = all.filter { $0.count >= minimum }
                #expect(trace.spans.map { $0.offset..<$0.offset + $0.length } == expected)
                #expect(trace.spanCount == expected.count)
                let covered = Set(expected.flatMap { $0 }).count
                #expect(abs(trace.coverage - Double(covered) / Double(text.count)) < 1e-9)
                for span in trace.spans {
                    let part = Array(text[span.offset..<span.offset + span.length])
                    #expect(span.count == corpus.count(of: part))
                    #expect(span.sources.count <= 4 && !span.sources.isEmpty)
                    for source in span.sources {
                        let document = corpus.documents[source.document.number]
                        #expect(document[source.offset...].starts(with: part))
                    }
                }
            }
        }
    }

    @Test(
        "a text of one letter over and over is not traced for ever, and it is said that there may be more",
        .timeLimit(.minutes(1)))
    func repeated() throws {
        let folder = try TemporaryFolder()
        let builder = try CorpusIndexBuilder(
            path: folder.path("index"), options: .init(memory: 64 << 20))
        try builder.add(
            [UInt8](repeating: UInt8(ascii: "-"), count: 100_000), CorpusDocument(path: "ruler"))
        try builder.add([UInt8](repeating: UInt8(ascii: "x"), count: 80), CorpusDocument(path: "x"))
        _ = try builder.finish()
        let index = try CorpusIndex(path: folder.path("index"))
        for (letter, most) in [("-", 11), ("x", 4096)] {
            let text = String(repeating: letter, count: 256 << 10)
            for wholeWords in [true, false] {
                let trace = try index.trace(
                    CorpusQuery(text),
                    options: TraceOptions(minimumLength: 24, keepsWholeWords: wholeWords))
                #expect(trace.isCut && trace.spans.count <= most)
            }
        }
        let whole = try index.trace(CorpusQuery(String(repeating: "-", count: 1000)))
        #expect(!whole.isCut && whole.spans.count == 1 && whole.coverage == 1)
    }

    @Test("spans are cut to whole words, and the rarest are kept")
    func words() throws {
        let corpus = TinyCorpus(
            name: "",
            documents: [
                Array("the cat and the dog and the horse and the quokka sat on the mat".utf8),
                Array("unbelievably, the cat and the dog and the cow sat on the mat".utf8),
                Array("日本語のテキストです。".utf8),
            ], memory: 1 << 20)
        let folder = try TemporaryFolder()
        let index = try corpus.index(in: folder.path("index"))
        let text = "believably, the cat and the do… the quokka sat on mats; 日本語のテ"
        func trace(_ share: Double?) throws -> [String] {
            let options = TraceOptions(minimumLength: 9, share: share)
            let bytes = Array(text.utf8)
            return try index.trace(CorpusQuery(bytes: bytes), options: options).spans.map {
                String(decoding: bytes[$0.offset..<$0.offset + $0.length], as: UTF8.self)
            }
        }
        #expect(
            try trace(nil) == ["believably, the cat and the", "the quokka sat on", "日本語のテ"])
        // One in twenty of the words is one.
        #expect(try trace(0.05).count == 1)
        #expect(try trace(0) == [])
        for share in [2, 1e300, Double.infinity] { #expect(try trace(share) == trace(nil)) }
        for share in [-1, -Double.infinity, .nan] { #expect(try trace(share) == []) }
    }

    @Test("the source of a span names the document, its licence and the place")
    func source() throws {
        let folder = try TemporaryFolder()
        let builder = try CorpusIndexBuilder(path: folder.path("index"))
        try builder.add(Array("nothing of it".utf8), CorpusDocument(path: "a.txt"))
        try builder.add(
            Array("Some words before. A sentence that is known.".utf8),
            CorpusDocument(path: "b.jsonl", offset: 1234, licence: "MIT"))
        _ = try builder.finish()
        let index = try CorpusIndex(path: folder.path("index"))
        let trace = try index.trace(CorpusQuery("He said: A sentence that is known. Really"))
        #expect(trace.spans.count == 1)
        let source = try #require(trace.spans.first?.sources.first)
        #expect(
            source.document.source == CorpusDocument(path: "b.jsonl", offset: 1234, licence: "MIT"))
        #expect(source.offset == 19)
    }
}
