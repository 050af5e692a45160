// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import HummingbirdTesting
import RetortJSON
import RetortProvenance
import RetortServer
import TestSupport
import Testing

@Suite("Where an answer has been seen, over HTTP", .timeLimit(.minutes(1))) struct CorpusTests {
    private static let shelf = [
        ("shelf/harbour.txt", "MIT", "The porter counted crates until the ink ran dry."),
        ("shelf/tower.txt", nil, "Nobody counted crates until the ink was blue, said he."),
    ]

    private func corpus(_ folder: String) throws -> CorpusIndex {
        let builder = try CorpusIndexBuilder(path: folder, options: .init(memory: 64 << 20))
        for (path, licence, text) in Self.shelf {
            try builder.add(
                Array(text.utf8), CorpusDocument(path: path, offset: 0, licence: licence))
        }
        _ = try builder.finish()
        return try CorpusIndex(path: folder)
    }

    private func withCorpus(
        _ body:
            @escaping @Sendable (
                @escaping @Sendable (String, JSONValue) async throws -> (
                    status: Int, json: JSONValue
                )
            ) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let corpus = try corpus(folder.path("index"))
        try await withServer(try ScriptedBackend(saying: ["x"]), { $0.corpus = corpus }) { client in
            try await body { path, fields in
                let response = try await client.post(path, fields)
                return (response.status.code, try response.json())
            }
        }
    }

    @Test(
        "an answer's parts that the corpus has are told with their places in bytes and their sources"
    )
    func trace() async throws {
        try await withCorpus { post in
            let answer =
                "Ümläute 🚢 first. Then nobody counted crates until the ink ran dry, I think."
            let (status, json) = try await post(
                "/v1/provenance/trace", ["text": .string(answer), "minimum": 16])
            #expect(status == 200 && json["object"] == "provenance.trace")
            let spans = try #require(json["spans"]?.arrayValue)
            #expect(json["span_count"]?.intValue == spans.count && spans.count == 1)
            let span = try #require(spans.first)
            let text = try #require(span["text"]?.stringValue)
            #expect(
                text.trimmingCharacters(in: .whitespaces) == "counted crates until the ink ran dry")
            let offset = try #require(span["offset"]?.intValue)
            let length = try #require(span["length"]?.intValue)
            #expect(Array(answer.utf8)[offset..<offset + length].elementsEqual(text.utf8))
            let sources = try #require(span["sources"]?.arrayValue)
            #expect(sources.count == 1 && sources[0]["path"] == "shelf/harbour.txt")
            #expect(sources[0]["licence"] == "MIT")
            let coverage = try #require(json["coverage"]?.doubleValue)
            #expect(abs(coverage - Double(length) / Double(answer.utf8.count)) < 1e-9)
        }
    }

    @Test("a string is counted with its documents; one that is nowhere has none")
    func search() async throws {
        try await withCorpus { post in
            let found = try await post(
                "/v1/provenance/search", ["text": "crates until the ink", "limit": 1]
            ).json
            #expect(found["object"] == "provenance.search")
            #expect(found["count"] == 2 && found["document_count"] == 2)
            #expect(found["documents"]?.arrayValue?.count == 1)
            let nothing = try await post("/v1/provenance/search", ["text": "whale"]).json
            #expect(nothing["count"] == 0 && nothing["documents"] == [])
        }
    }

    @Test(
        "what cannot be looked for is refused with the field",
        arguments: [
            ("trace", ["text": ""], 400), ("trace", ["minimum": 30], 400),
            ("trace", ["text": "x", "minimum": 1], 400),
            ("trace", ["text": "x", "rarest": 0], 400),
            ("search", ["text": "x", "limit": 1000], 400),
            ("search", ["text": .string(String(repeating: "x", count: 300_000))], 413),
        ] as [(String, JSONValue, Int)])
    func refused(route: String, body: JSONValue, status: Int) async throws {
        try await withCorpus { post in
            let (code, json) = try await post("/v1/provenance/\(route)", body)
            #expect(code == status)
            #expect(json.at("error", "param").stringValue != nil)
        }
    }

    @Test("a server without a corpus says so, and what it has is described")
    func described() async throws {
        let folder = try TemporaryFolder()
        let corpus = try corpus(folder.path("index"))
        try await withServer(try ScriptedBackend(saying: ["x"])) { client in
            let refused = try await client.post("/v1/provenance/trace", ["text": "x"])
            #expect(refused.status == .notFound)
            #expect(
                try refused.json().at("error", "message").stringValue?.contains("--corpus") == true)
        }
        try await withServer(try ScriptedBackend(saying: ["x"]), { $0.corpus = corpus }) { client in
            let response = try await client.send("/v1/provenance", "", method: .get)
            let size = Self.shelf.reduce(0) { $0 + $1.2.utf8.count }
            #expect(try response.json()["documents"] == 2)
            #expect(try response.json()["size"]?.intValue == size)
        }
    }
}
