// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortProvenance
import TestSupport
import Testing

@Suite("Repetitions within one limit of memory") struct DuplicateSearchTests {
    private static func words(_ count: Int, _ random: inout SeededRandom) -> String {
        (0..<count).map { _ in "w\(UInt32.random(in: 0..<1_000_000, using: &random))" }
            .joined(separator: " ")
    }

    private func search(
        _ texts: [(text: String, document: CorpusDocument)], exact: Int? = nil,
        _ settings: DuplicateSettings = .init(), rank: @escaping (String?) -> Int = { _ in 0 }
    ) throws -> (duplicates: DuplicateReport, exact: ExactRepeats?) {
        let folder = try TemporaryFolder()
        let search = try DuplicateSearch(
            settings, exact: exact, workspace: folder.url, rank: rank)
        for (text, document) in texts {
            var text = text
            let result = text.withUTF8 { bytes in
                Result { try search.add(UnsafeRawBufferPointer(bytes), document) }
            }
            try result.get()
        }
        let found = try search.finish()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
        return found
    }

    @Test("bytes that stand in several repeated parts count once, and what is listed is told")
    func union() throws {
        // Parts of 12 from a text of 16, 4 apart: b and c share its middle, which counts once in a.
        let a = "0123456789ABCDEF"
        let texts = [a, "x\(a.prefix(12))y", "v\(a.suffix(12))w"].enumerated().map {
            ($1, CorpusDocument(path: "\($0)", name: $0 == 1 ? "second" : nil))
        }
        let exact = try #require(try search(texts, exact: 10).exact)
        #expect(exact.count == 4)
        #expect(exact.spans.map(\.length) == [12, 12, 12, 12])
        #expect(exact.bytes == 16 + 12 + 12)
        #expect(exact.listed == 4)
        #expect(exact.spans.map(\.name) == [nil, nil, "second", nil])
        #expect(exact.spans.first?.otherName == "second")
        #expect(try exact.json().contains("\"listed\" : 4"))

        let folder = try TemporaryFolder()
        let builder = try CorpusIndexBuilder(path: folder.path("index"))
        for (text, document) in texts { try builder.add(Array(text.utf8), document) }
        _ = try builder.finish()
        let index = try CorpusIndex(path: folder.path("index"))
        let short = try ExactRepeats(index, minimum: 10, mostListed: 3)
        #expect(short.spans == Array(exact.spans.prefix(3)))
        #expect(short.listed == 3 && short.count == 4 && short.bytes == exact.bytes)
    }

    @Test("repeated bytes are those of marking each, in one shard or several")
    func marked() throws {
        var random = SeededRandom(seed: 21)
        let pieces = (0..<30).map { _ in Self.words(40, &random) }
        let texts = (0..<400).map { number in
            let chosen = (0..<4).map { _ in pieces[Int.random(in: 0..<30, using: &random)] }
            return (
                chosen.joined(separator: Self.words(3, &random)), CorpusDocument(path: "\(number)")
            )
        }
        var reports: [ExactRepeats] = []
        for memory in [2 << 20, 64 << 20] {
            var settings = DuplicateSettings()
            settings.memoryBytes = memory
            reports.append(try #require(try search(texts, exact: 60, settings).exact))
        }
        var marks = texts.map { Array(repeating: false, count: $0.0.utf8.count) }
        for span in reports[0].spans {
            for place in span.offset..<span.offset + span.length {
                marks[Int(span.document) ?? 0][place] = true
            }
        }
        #expect(reports[0].bytes == marks.reduce(0) { $0 + $1.count { $0 } })
        #expect(reports[0].bytes < reports[0].spans.reduce(0) { $0 + $1.length })
        #expect(reports[0].bytes == reports[1].bytes && reports[0].count == reports[1].count)
    }

    @Test("of a cluster the document whose licence ranks best stays, of equal ones the first")
    func ranks() throws {
        var random = SeededRandom(seed: 5)
        let texts = (0..<3).map { _ in Self.words(60, &random) }
        let licences = [["GPL", "MIT", "MIT"], [nil, "GPL", nil], [nil, nil, nil]]
        var documents: [(String, CorpusDocument)] = []
        for copy in 0..<3 {
            for text in 0..<3 {
                documents.append(
                    (
                        texts[text],
                        CorpusDocument(
                            path: "t\(text)", offset: copy, licence: licences[text][copy],
                            name: text == 0 ? "copy \(copy)" : nil)
                    ))
            }
        }
        func rank(_ licence: String?) -> Int { licence == "MIT" ? 0 : licence == "GPL" ? 1 : 2 }
        let report = try search(documents, rank: rank).duplicates
        #expect(report.clusters.map(\.keep) == ["t0@1", "t1@1", "t2"])
        #expect(report.clusters.first?.remove == ["t0", "t0@2"])
        #expect(
            report.clusters.map(\.names) == [
                ["t0": "copy 0", "t0@1": "copy 1", "t0@2": "copy 2"], nil, nil,
            ])
        #expect(
            try search(documents).duplicates.clusters.map(\.keep) == ["t0", "t1", "t2"])
        let json = try ReportJSON.read(DuplicateReport.self, from: report.json())
        #expect(json == report)
    }

    @Test("too little memory and parts of no bytes are refused")
    func refused() {
        var settings = DuplicateSettings()
        settings.memoryBytes = 1 << 20
        #expect(throws: ProvenanceError.self) { try DuplicateSearch(settings, exact: 10) }
        #expect(throws: ProvenanceError.self) { try DuplicateSearch(exact: 0) }
    }

    #if os(Linux)
        @Test("all parts together stay within the memory", arguments: [24, 48])
        func memory(mebibytes: Int) async throws {
            // In a process of its own, whose memory is nobody else's.
            await #expect(processExitsWith: .success) { [mebibytes = mebibytes as Int] in
                var random = SeededRandom(seed: 9)
                var settings = DuplicateSettings()
                settings.memoryBytes = mebibytes << 20
                let before = PeakMemory.anonymous()
                let peak = try await PeakMemory.during {
                    let search = try DuplicateSearch(settings, exact: 200)
                    // 16 MB in documents of 2 kB, one in eight of them again.
                    var text: [UInt8] = []
                    for number in 0..<8000 {
                        if number % 8 != 0 {
                            text = (0..<2000).map { _ in
                                let letter = UInt8.random(in: 96...122, using: &random)
                                return letter == 96 ? 32 : letter
                            }
                        }
                        let result = text.withUnsafeBytes { bytes in
                            Result {
                                try search.add(bytes, CorpusDocument(path: "x", offset: number))
                            }
                        }
                        try result.get()
                    }
                    _ = try search.finish()
                }
                print("anonymous memory: \(before) KiB before, \(peak) KiB at the peak")
                #expect(peak - before < (mebibytes + 16) << 10)
            }
        }
    #endif
}
