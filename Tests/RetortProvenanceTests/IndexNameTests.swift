// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import TestSupport
import Testing

@Suite struct IndexNameTests {
    private func read(_ lines: String, _ options: CorpusReader.Options = .init()) throws
        -> [CorpusDocument]
    {
        let folder = try TemporaryFolder()
        try Data(lines.utf8).write(to: folder.url.appendingPathComponent("x.jsonl"))
        var documents: [CorpusDocument] = []
        _ = try CorpusReader(options: options).read(folder.url.path) { _, document in
            documents.append(document)
        }
        return documents
    }

    @Test("a line is named by what says most about it, or by the member that is asked for")
    func fields() throws {
        let lines = """
            {"text": "a", "id": "7", "url": "https://a", "work": "git/a", "terms": "MIT"}
            {"text": "b", "id": 7, "source": "web", "metadata": {"url": "https://b"}, "work": ""}
            {"text": "c", "licence": "CC0-1.0"}
            {"text": "d", "title": "two\\nlines\\u001b[1m"}
            """
        #expect(
            try read(lines).map(\.name) == ["git/a", "https://b", nil, "two lines [1m"])
        let chosen = try read(lines, .init(nameField: "id", licenceField: "terms"))
        #expect(chosen.map(\.name) == ["7", nil, nil, nil])
        #expect(chosen.map(\.licence) == ["MIT", nil, nil, nil])
        let long = String(repeating: "ü", count: 2000)
        #expect(
            try read("{\"text\": \"\", \"path\": \"\(long)\"}").first?.name
                == String(repeating: "ü", count: 256))
    }

    /// Documents of which every third has a name, in shards of which some have none.
    private func build(_ path: String, names: (Int) -> String?) throws -> CorpusIndex {
        var random = SeededRandom(seed: 3)
        let builder = try CorpusIndexBuilder(path: path, options: .init(memory: 9 << 10))
        for number in 0..<60 {
            let text = (0..<100).map { _ in UInt8.random(in: 97...103, using: &random) }
            try builder.add(
                text,
                CorpusDocument(
                    path: "x.jsonl", offset: 9 * number, licence: "MIT", name: names(number)))
        }
        _ = try builder.finish()
        return try CorpusIndex(path: path)
    }

    private func version(_ path: String) throws -> Int? {
        try JSONValue(parsing: try Data(contentsOf: URL(fileURLWithPath: "\(path)/manifest.json")))[
            "version"]?.intValue
    }

    @Test("names come back from the index, in its titles and its JSON")
    func names() throws {
        let folder = try TemporaryFolder()
        func name(_ number: Int) -> String? {
            number >= 30 && number % 3 == 0 ? "work \(number)" : nil
        }
        let index = try build(folder.path("index"), names: name)
        #expect(index.shardCount > 3)
        #expect(try version(folder.path("index")) == 2)
        try index.verify()
        for number in 0..<60 {
            let document = try #require(index.document(number))
            #expect(document.source.name == name(number))
            #expect(document.source.offset == 9 * number && document.source.licence == "MIT")
        }
        #expect(index.document(33)?.title == "work 33 in x.jsonl@297 (MIT)")
        #expect(index.document(34)?.title == "x.jsonl@306 (MIT)")
        let found = try index.search(CorpusQuery("a"), limit: 60).json["documents"]?.arrayValue
        #expect(found?.count == 60)
        #expect(found?[33]["name"] == "work 33" && found?[34]["name"] == .null)
        #expect(found?[33]["path"] == "x.jsonl" && found?[33]["file_offset"] == 297)
    }

    @Test("an index without names is of the version that had none, and one of a later is refused")
    func versions() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("index")
        _ = try build(path) { _ in nil }
        #expect(try version(path) == 1)
        let manifest = URL(fileURLWithPath: "\(path)/manifest.json")
        let text = try String(contentsOf: manifest, encoding: .utf8)
        for other in [2, 3] {
            let changed = text.replacing("\"version\": 1", with: "\"version\": \(other)")
            #expect(changed != text)
            try Data(changed.utf8).write(to: manifest)
            let error = #expect(throws: ProvenanceError.self) { try CorpusIndex(path: path) }
            #expect(error?.description.contains("build the index again") == true)
            #expect(error?.description.contains("version 3") == (other == 3))
        }
    }
}
