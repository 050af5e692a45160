// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import TestSupport
import Testing

@Suite struct IndexPeerTests {
    private func peers() throws -> JSONValue {
        try JSONValue(parsing: Data(contentsOf: fixture("index-peers.json")))
    }

    private func ids(_ json: JSONValue?) -> [UInt32] {
        json?.arrayValue?.compactMap(\.intValue).map(UInt32.init) ?? []
    }

    @Test("counts of tokens are infini-gram's")
    func infiniGram() throws {
        let peers = try peers()
        let folder = try TemporaryFolder()
        let builder = try CorpusIndexBuilder(
            path: folder.path("index"), options: .init(unit: .tokens, memory: 16 << 10))
        for document in peers["documents"]?.arrayValue ?? [] {
            try builder.add(tokens: ids(document), CorpusDocument(path: "tokens"))
        }
        #expect(try builder.finish().shards > 1)
        let index = try CorpusIndex(path: folder.path("index"))
        let counts = try #require(peers["counts"]?.arrayValue)
        #expect(counts.count == 200)
        for row in counts {
            let query = CorpusQuery(tokens: ids(row["ngram"]))
            #expect(try index.count(of: query) == row["count"]?.intValue)
        }
    }

    @Test("suffix arrays are divsufsort's")
    func divsufsort() throws {
        let peers = try peers()
        let text = bytes(peers["text"]?.stringValue ?? "")
        #expect(text.count == 940)
        #expect(
            SuffixOrder.of(text, alphabet: 256).map(UInt32.init) == ids(peers["suffixes"]))
    }
}

/// The bytes of hexadecimal digits.
func bytes(_ digits: String) -> [UInt8] {
    let digits = Array(digits.utf8)
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
    }
}
