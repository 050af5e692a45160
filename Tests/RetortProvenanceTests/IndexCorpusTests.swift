// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import TestSupport
import Testing

@Suite struct IndexCorpusTests {
    private struct Text: Equatable {
        var bytes: [UInt8]
        var source: CorpusDocument

        init(_ bytes: [UInt8], _ path: String, offset: Int = 0, licence: String? = nil) {
            self.bytes = bytes
            source = CorpusDocument(path: path, offset: offset, licence: licence)
        }
    }

    private func folder(_ files: [String: [UInt8]]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (path, content) in files {
            let url = folder.url.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content).write(to: url)
        }
        return folder
    }

    private func read(
        _ folder: TemporaryFolder, _ options: CorpusReader.Options = .init(), longest: Int = .max
    ) throws -> (texts: [Text], report: CorpusReader.Report) {
        var texts: [Text] = []
        let report = try CorpusReader(options: options).read(folder.url.path, longest: longest) {
            bytes, document in
            texts.append(
                Text(
                    Array(bytes), document.path, offset: document.offset, licence: document.licence)
            )
        }
        return (texts, report)
    }

    private func gzips() throws -> [(name: String, gzip: [UInt8], content: [UInt8])] {
        try String(contentsOf: fixture("gzip.jsonl"), encoding: .utf8).split(separator: "\n").map {
            let row = try JSONValue(parsing: String($0))
            let content = bytes(row["content"]?.stringValue ?? "")
            let times = row["times"]?.intValue ?? 0
            return (
                row["name"]?.stringValue ?? "", bytes(row["gzip"]?.stringValue ?? ""),
                times == 1 ? content : Array(repeating: content.first ?? 0, count: times)
            )
        }
    }

    @Test("texts come in the order of their paths with what their files state")
    func order() throws {
        let lines = """
            {"text": "one\\nline", "license": "CC-BY-4.0"}

            {"id": 3, "text": "ü", "metadata": {"license": "MIT"}}
            {"text": "no licence"}
            """
        let folder = try folder([
            "b/lines.jsonl": Array(lines.utf8),
            "b.txt": Array("plain".utf8),
            "a/code.c": Array("/* SPDX-License-Identifier: GPL-2.0 WITH x-note */\nint a;".utf8),
            "a/empty.md": [],
            "picture.png": [1, 2, 3],
            ".hidden/text.txt": Array("hidden".utf8),
        ])
        let (texts, report) = try read(
            folder, .init(licence: { $0.hasPrefix("b") ? "by the caller" : nil }))
        #expect(
            texts == [
                Text(
                    Array("/* SPDX-License-Identifier: GPL-2.0 WITH x-note */\nint a;".utf8),
                    "a/code.c", licence: "GPL-2.0 WITH x-note"),
                Text([], "a/empty.md"),
                Text(Array("plain".utf8), "b.txt", licence: "by the caller"),
                Text(Array("one\nline".utf8), "b/lines.jsonl", licence: "CC-BY-4.0"),
                Text(Array("ü".utf8), "b/lines.jsonl", offset: 47, licence: "MIT"),
                Text(
                    Array("no licence".utf8), "b/lines.jsonl", offset: 103, licence: "by the caller"
                ),
            ])
        #expect(report.files == 4 && report.otherFiles == 1 && report.documents == 6)
        #expect(report.problems.isEmpty)
    }

    @Test("gzip files of all kinds of blocks are read")
    func gzip() throws {
        for (name, packed, content) in try gzips() where name != "zeros" {
            let folder = try folder(["x.txt.gz": packed])
            #expect(try read(folder).texts == [Text(content, "x.txt.gz")], "\(name)")
        }
    }

    @Test("a gzip file that is cut or altered anywhere is an error and not a crash")
    func damagedGzip() throws {
        for (name, packed, content) in try gzips() where name != "zeros" {
            var random = SeededRandom(seed: 4)
            for round in 0..<60 {
                var broken = packed
                if round % 2 == 0 {
                    broken.removeLast(Int.random(in: 1..<packed.count, using: &random))
                } else {
                    let place = Int.random(in: 0..<packed.count, using: &random)
                    broken[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                }
                let folder = try folder(["x.txt.gz": broken])
                let (texts, report) = try read(folder, .init(policy: .skip))
                // Bits of the header that do not matter, and whole members, may go.
                if let text = texts.first {
                    let isWhole = text.bytes == content
                    #expect(isWhole || name == "members" && content.starts(with: text.bytes))
                } else {
                    #expect(report.problems.count == 1)
                }
            }
        }
    }

    @Test("a gzip bomb is refused at its limit")
    func bomb() throws {
        let zeros = try #require(try gzips().first { $0.name == "zeros" })
        let folder = try folder(["bomb.txt.gz": zeros.gzip])
        let error = #expect(throws: ProvenanceError.self) {
            try read(folder, .init(gzip: GzipLimits(maximumRatio: 100)))
        }
        #expect(error?.description.contains("bomb.txt.gz") == true)
        #expect(error?.description.contains("bomb.") == true)
        #expect(throws: ProvenanceError.self) {
            try read(folder, .init(gzip: GzipLimits(maximumBytes: 1 << 20, maximumRatio: 2000)))
        }
        #expect(throws: ProvenanceError.self) {
            try read(folder, .init(gzip: GzipLimits(maximumRatio: 2000)), longest: 1 << 20)
        }
        let all = try read(folder, .init(gzip: GzipLimits(maximumRatio: 2000)))
        #expect(all.texts.first?.bytes.count == 20 << 20)
    }

    @Test("a bomb in a folder that is indexed leaves the old index")
    func oldIndex() throws {
        let zeros = try #require(try gzips().first { $0.name == "zeros" })
        let folder = try folder(["a.txt": Array("first".utf8)])
        let path = folder.path("index")
        func build() throws {
            let builder = try CorpusIndexBuilder(path: path)
            let reader = CorpusReader(
                options: .init(gzip: GzipLimits(maximumRatio: 100), excluding: [path]))
            _ = try reader.read(folder.url.path, longest: builder.longestDocument) {
                bytes, document throws(ProvenanceError) in try builder.add(bytes, document)
            }
            _ = try builder.finish()
        }
        try build()
        try Data(zeros.gzip).write(to: folder.url.appendingPathComponent("b.txt.gz"))
        try Data("second".utf8).write(to: folder.url.appendingPathComponent("a.txt"))
        #expect(throws: ProvenanceError.self) { try build() }
        let index = try CorpusIndex(path: path)
        #expect(try index.count(of: CorpusQuery("first")) == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).count == 3)
    }

    @Test("broken UTF-8 is kept and counted")
    func brokenUTF8() throws {
        let folder = try folder([
            "a.txt": [0x61, 0xFF, 0x00], "b.txt": Array("gut: ü€😀".utf8),
            "c.txt": [0xED, 0xA0, 0x80],
            "d.txt": [0xC0, 0x80], "e.txt": Array("abcdefgh".utf8) + [0xE2, 0x82],
        ])
        let (texts, report) = try read(folder)
        #expect(texts.count == 5)
        #expect(report.brokenUTF8 == 4)
        #expect(report.brokenPaths == ["a.txt", "c.txt", "d.txt", "e.txt"])
    }

    @Test("what is no text is an error with its place, or is left out")
    func problems() throws {
        let folder = try folder([
            "a.jsonl": Array("{\"text\": \"x\"}\n{\"text\": 3}\n{\"text\": \"\u{1}".utf8),
            "b.jsonl": Array("{\"text\": \"".utf8) + [0xFF] + Array("\"}".utf8),
            "c.txt": Array("fine".utf8),
        ])
        let outside = try TemporaryFolder()
        try FileManager.default.createSymbolicLink(
            at: folder.url.appendingPathComponent("d.txt"), withDestinationURL: outside.url)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("e.txt"), withDestinationPath: "nowhere")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("f.txt"), withDestinationPath: "c.txt")
        let (texts, report) = try read(folder, .init(policy: .skip))
        #expect(texts.map(\.source.path) == ["a.jsonl", "c.txt"])
        #expect(
            report.problems.map(\.path).sorted() == [
                "a.jsonl", "a.jsonl", "b.jsonl", "d.txt", "e.txt",
            ])
        #expect(report.problems.contains { $0.reason.contains("byte 14") })
        #expect(report.problems.contains { $0.reason.contains("outside") })
        let error = #expect(throws: ProvenanceError.self) { try read(folder) }
        #expect(error?.description.contains(".txt") == true)
        #expect(throws: ProvenanceError.self) { try CorpusReader().read("/nowhere") { _, _ in } }
        #expect(throws: ProvenanceError.self) {
            try CorpusReader().read(folder.path("c.txt")) { _, _ in }
        }
    }

    @Test("an error of what takes the texts is not taken for one of the file")
    func refusal() throws {
        let folder = try folder(["a.txt": [1], "b.txt": [2]])
        #expect(throws: ProvenanceError("enough")) {
            try CorpusReader(options: .init(policy: .skip)).read(folder.url.path) {
                _, _ throws(ProvenanceError) in throw ProvenanceError("enough")
            }
        }
    }
}
