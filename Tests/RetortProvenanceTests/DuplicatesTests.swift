// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortProvenance
import TestSupport
import Testing

@Suite("Near-duplicates") struct DuplicatesTests {
    private static func words(_ count: Int, _ random: inout SeededRandom) -> [String] {
        (0..<count).map { _ in "w\(UInt32.random(in: 0..<50_000, using: &random))" }
    }

    /// Texts of 200 words, every tenth with a copy that has one word in a hundred changed.
    private static func corpus(_ count: Int) -> [(name: String, text: String)] {
        var random = SeededRandom(seed: 1)
        var documents: [(name: String, text: String)] = []
        for number in 0..<count {
            var text = words(200, &random)
            documents.append(("d\(number)", text.joined(separator: " ")))
            if number % 10 == 0 {
                for place in stride(from: 20, to: 200, by: 100) { text[place] = "changed\(place)" }
                documents.append(("copy\(number)", text.joined(separator: "\n").uppercased()))
            }
        }
        return documents
    }

    private static func jaccard(_ a: String, _ b: String, _ length: Int = 5) -> Double {
        func shingles(_ text: String) -> Set<String> {
            let words = text.lowercased().split(whereSeparator: \.isWhitespace)
            return Set(
                (0...words.count - length).map {
                    words[$0..<$0 + length].joined(separator: " ")
                })
        }
        let (a, b) = (shingles(a), shingles(b))
        return Double(a.intersection(b).count) / Double(a.union(b).count)
    }

    private static func report(
        _ documents: [(name: String, text: String)], _ settings: DuplicateSettings = .init()
    ) throws -> DuplicateReport {
        let finder = try DuplicateFinder(settings)
        for document in documents { try finder.add(document.text, name: document.name) }
        return try finder.finish()
    }

    @Test("planted copies are found with their exact similarity, and nothing else")
    func planted() throws {
        let documents = Self.corpus(300)
        var settings = DuplicateSettings()
        settings.similarity = 0.7
        let report = try Self.report(documents, settings)
        #expect(report.documents == 330)
        #expect(report.duplicatePairs == 30)
        let texts = Dictionary(uniqueKeysWithValues: documents.map { ($0.name, $0.text) })
        for pair in report.pairs {
            #expect(pair.second == "copy" + pair.first.dropFirst())
            let (a, b) = try (#require(texts[pair.first]), #require(texts[pair.second]))
            #expect(pair.similarity == Self.jaccard(a, b))
        }
        #expect(report.clusters.map(\.keep) == report.pairs.map(\.first))
        let removed = report.clusters.flatMap(\.remove)
        #expect(report.removableBytes == removed.reduce(0) { $0 + (texts[$1]?.utf8.count ?? 0) })
        #expect(report.removableDocuments == 30)
    }

    @Test("the report does not depend on the memory: sorting on the disk gives the same")
    func memory() throws {
        // 77,000 keys of 16 bytes, half a mebibyte for them and for sorting: four runs.
        var documents = Self.corpus(5000)
        documents = documents.map { ($0.name, String($0.text.prefix(120))) }
        var settings = DuplicateSettings()
        let large = try Self.report(documents, settings)
        settings.memoryBytes = 1 << 20
        var small = try Self.report(documents, settings)
        #expect(large.duplicatePairs > 100)
        small.settings = large.settings
        #expect(small == large)
    }

    @Test(
        "pairs come in order whether they were sorted in memory or on the disk",
        arguments: [0, 1 << 20])
    func sorted(memoryBytes: Int) throws {
        let folder = try TemporaryFolder()
        let sorter = PairSorter(memoryBytes: memoryBytes, folder: folder.url)
        var random = SeededRandom(seed: 6)
        var pairs: [[UInt64]] = []
        for _ in 0..<20_000 {
            pairs.append([UInt64.random(in: 0..<500, using: &random), random.next()])
        }
        for pair in pairs { try sorter.append(pair[0], pair[1]) }
        #expect(sorter.count == 20_000)
        #expect(sorter.runs == (memoryBytes == 0 ? 19 : 0))
        // What is on the disk has no name.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
        var found: [[UInt64]] = []
        try sorter.drain { found.append([$0.key, $0.value]) }
        #expect(found == pairs.sorted { $0.lexicographicallyPrecedes($1) })
    }

    @Test("chains are one cluster; the first or the longest stays")
    func clusters() throws {
        var random = SeededRandom(seed: 2)
        let text = Self.words(100, &random)
        func document(_ words: [String]) -> String { words.joined(separator: " ") }
        let documents = [
            ("a", document(text)), ("other", document(Self.words(100, &random))),
            ("b", document(text + ["more", "words"])),
            ("c", document(text + ["more", "words", "and", "others"])),
        ]
        var settings = DuplicateSettings()
        settings.bands = 40
        settings.rows = 2
        let first = try Self.report(documents, settings)
        #expect(first.clusters.count == 1)
        #expect(first.clusters.first?.keep == "a")
        #expect(first.clusters.first?.remove == ["b", "c"])
        settings.keep = .longest
        let longest = try Self.report(documents, settings)
        #expect(longest.clusters.first?.keep == "c")
        #expect(longest.removableBytes == documents[0].1.utf8.count + documents[2].1.utf8.count)
    }

    @Test("many copies of one text stay one cluster and are counted as a crowded bucket")
    func crowded() throws {
        var settings = DuplicateSettings()
        settings.bucketNeighbours = 4
        settings.reportedPairs = 10
        let documents = (0..<50).map { ("d\($0)", "the same few words every time it is read") }
        let report = try Self.report(documents, settings)
        #expect(report.clusters.map(\.remove.count) == [49])
        #expect(report.duplicatePairs == 4 * 46 + 6)
        #expect(report.pairs.count == 10)
        #expect(report.crowdedBuckets == settings.bands)
    }

    @Test("texts of fewer words than a shingle are compared as a whole, empty ones not at all")
    func short() throws {
        let report = try Self.report([
            ("a", "two words"), ("b", "Two words."), ("c", "two other words"), ("d", ""),
            ("e", "…"),
        ])
        #expect(report.pairs.map { [$0.first, $0.second] } == [["a", "b"]])
        #expect(report.pairs.first?.similarity == 1)
        #expect(report.documentsWithoutWords == 2)
    }

    @Test("a report survives JSON, and its keys are in snake case")
    func json() throws {
        let report = try Self.report([("a", "one text of words"), ("b", "one text of words")])
        let text = try report.json()
        #expect(text.contains("\"removable_bytes\" : 17"))
        #expect(try ReportJSON.read(DuplicateReport.self, from: text) == report)
        #expect(throws: ProvenanceError.self) {
            try ReportJSON.read(DuplicateReport.self, from: "{}")
        }
    }

    @Test("settings out of range and folders that are not there are refused")
    func refused() {
        var settings = DuplicateSettings()
        settings.similarity = 0
        #expect(throws: ProvenanceError.self) { try DuplicateFinder(settings) }
        settings = DuplicateSettings()
        settings.shingleWords = 0
        #expect(throws: ProvenanceError.self) { try DuplicateFinder(settings) }
        #expect(throws: ProvenanceError.self) {
            try DuplicateFinder(workspace: URL(fileURLWithPath: "/no/such/folder"))
        }
    }
}
