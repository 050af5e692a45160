// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import TestSupport
import Testing

@Suite("Writing a corpus without its duplicates") struct CorpusCopyTests {
    private static let text = "one text of several words that stands in the corpus more than once"

    private func write(_ files: [String: String], _ folder: URL) throws {
        for (path, content) in files {
            let url = folder.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content.utf8).write(to: url)
        }
    }

    private func files(_ folder: String) throws -> [String: String] {
        var files: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            var isFolder: ObjCBool = false
            let whole = "\(folder)/\(path)"
            guard FileManager.default.fileExists(atPath: whole, isDirectory: &isFolder),
                !isFolder.boolValue
            else { continue }
            files[path] = try String(contentsOfFile: whole, encoding: .utf8)
        }
        return files
    }

    private func deduplicate(_ corpus: String, _ target: String) throws -> CorpusCopy.Summary {
        let copy = try CorpusCopy(of: corpus, to: target)
        let reader = CorpusReader(options: .init(policy: .skip))
        let search = try DuplicateSearch()
        _ = try reader.read(corpus, search.add)
        _ = try search.finish()
        return try search.write(copy, reader: reader)
    }

    @Test("the documents that stay are written as they were, byte for byte")
    func kept() throws {
        let folder = try TemporaryFolder()
        let corpus = folder.url.appendingPathComponent("corpus")
        let (text, other) = (Self.text, "another text \u{E9}")
        try write(
            [
                "a.txt": text, "deep/er/b.txt": other + "\r\n", "c.txt": "",
                "d.jsonl":
                    " {\"id\": 1,  \"text\": \"\(text.uppercased())\"}\n\n{\"text\": \"\\u0061 b\"}\r\nbroken\n{\"text\":\"c d\"}",
                "e.jsonl": "{\"text\": \"\(text)\"}\n", "f.txt": text, "picture.png": "no text",
            ], corpus)
        let target = folder.path("deduplicated")
        let summary = try deduplicate(corpus.path, target)
        #expect(
            try files(target) == [
                "a.txt": text, "deep/er/b.txt": other + "\r\n", "c.txt": "",
                "d.jsonl": "{\"text\": \"\\u0061 b\"}\r\n{\"text\":\"c d\"}\n",
            ])
        #expect(summary.files == 4 && summary.kept == 5 && summary.removed == 3)
        #expect(summary.removedBytes == 3 * text.utf8.count && summary.problems == 1)
        #expect(summary.keptBytes == text.utf8.count + other.utf8.count + 2 + 3 + 3)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).count == 2)
        // What was written has no duplicates and stays as it is.
        let again = try deduplicate(target, folder.path("again"))
        #expect(again.removed == 0)
        #expect(try files(folder.path("again")) == files(target))
    }

    @Test("compressed files are written unpacked")
    func compressed() throws {
        let row = try #require(
            try String(contentsOf: fixture("gzip.jsonl"), encoding: .utf8).split(separator: "\n")
                .first)
        let json = try JSONValue(parsing: String(row))
        let folder = try TemporaryFolder()
        try write(["corpus/b.txt": "different"], folder.url)
        try Data(bytes(json["gzip"]?.stringValue ?? "")).write(
            to: folder.url.appendingPathComponent("corpus/a.txt.gz"))
        _ = try deduplicate(folder.path("corpus"), folder.path("target"))
        #expect(
            try Data(contentsOf: folder.url.appendingPathComponent("target/a.txt"))
                == Data(bytes(json["content"]?.stringValue ?? "")))
    }

    @Test("nothing is written into the corpus, around it or over what is there")
    func refused() throws {
        let folder = try TemporaryFolder()
        try write(["a/corpus/x.txt": "x", "full/y.txt": "y", "file": "z"], folder.url)
        let corpus = folder.path("a/corpus")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("link"), withDestinationPath: corpus)
        for target in [
            "a/corpus", "a/corpus/new", "a", "", "full", "file", "link", "link/new",
            "a/../a/corpus/new", "missing/new",
        ] {
            #expect(throws: ProvenanceError.self, "\(target)") {
                try CorpusCopy(of: corpus, to: folder.path(target))
            }
        }
        try FileManager.default.createDirectory(
            at: folder.url.appendingPathComponent("empty"), withIntermediateDirectories: false)
        _ = try deduplicate(corpus, folder.path("empty"))
        #expect(try files(folder.path("empty")) == ["x.txt": "x"])
        _ = try deduplicate(corpus, folder.path("a/corpus2"))
        #expect(try files(corpus) == ["x.txt": "x"])
    }

    @Test("a corpus that changed since it was read leaves no folder")
    func changed() throws {
        let folder = try TemporaryFolder()
        let corpus = folder.url.appendingPathComponent("corpus")
        let path = folder.path("target")
        for change in [["a.txt": "longer"], ["b.txt": "y"], ["0.txt": "y"]] {
            try? FileManager.default.removeItem(at: corpus)
            try write(["a.txt": "x"], corpus)
            let copy = try CorpusCopy(of: corpus.path, to: path)
            let search = try DuplicateSearch()
            _ = try CorpusReader().read(corpus.path, search.add)
            _ = try search.finish()
            try write(change, corpus)
            let error = #expect(throws: ProvenanceError.self) {
                try search.write(copy, reader: CorpusReader())
            }
            #expect(error?.description.contains("changed") == true)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["corpus"])
        }
    }
}
