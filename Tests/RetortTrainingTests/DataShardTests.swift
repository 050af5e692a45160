// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortJSON
import RetortTraining
import TestSupport
import Testing

@Suite struct DataShardTests {
    static let hash = String(repeating: "ab", count: 32)

    /// A dataset of three shards, one of them masked, and its documents.
    static func write(to folder: TemporaryFolder) throws -> [[Int32]] {
        let writer = try DatasetWriter(
            directory: folder.path("set"), tokenizerSHA256: hash, vocabularySize: 500,
            maximumShardTokens: 12)
        let documents: [[Int32]] = [
            [1, 2, 3, 4], [5, 6], [499, 8, 9], [], [10, 11, 12, 13, 14, 15, 16], [17],
            Array(20..<40), [41],
        ]
        for (number, document) in documents.enumerated() {
            try writer.append(
                document, trained: number == 4 ? document.map { $0 % 2 == 0 } : nil,
                textBytes: 10)
        }
        let manifest = try writer.finish(
            sources: [.init(name: "a", format: "text", records: 8)])
        #expect(manifest.train.shards.map(\.documents) == [4, 2, 1, 1])
        return documents
    }

    static func readAll(_ dataset: TokenDataset) throws -> [[Int32]] {
        try (0..<dataset.documentCount).map { try dataset.document($0).tokens }
    }

    @Test("what is written reads back, in shards of bounded size") func roundTrip() throws {
        let folder = try TemporaryFolder()
        let documents = try Self.write(to: folder)
        let dataset = try TokenDataset(directory: folder.path("set"))
        #expect(try Self.readAll(dataset) == documents)
        #expect(dataset.documentCount == 8 && dataset.tokenCount == 38)
        #expect(dataset.statistics.trainedTokens == 38 - 3)
        #expect(dataset.statistics.textBytes == 80)
        #expect(dataset.bytesPerToken == 80.0 / 38.0)
        #expect(try dataset.document(4).trained == [true, false, true, false, true, false, true])
        #expect(try dataset.document(5).trained == [true])
        #expect(dataset.length(ofDocument: 6) == 20)
        #expect(dataset.tokenizerSHA256 == Self.hash)
        try dataset.verify()
        let memory = try TokenDataset(
            shard: contents(folder.path("set/shard-00001.safetensors")), name: "x")
        #expect(try Self.readAll(memory) == [documents[4], documents[5]])
        let message = trainingFailure {
            _ = try TokenDataset(directory: folder.path("set"), split: .validation)
        }
        #expect(message.contains("validation"))
    }

    @Test("documents with and without a mask may share a shard") func mixed() throws {
        let folder = try TemporaryFolder()
        let writer = try DatasetWriter(
            directory: folder.path("set"), tokenizerSHA256: Self.hash, vocabularySize: 10)
        try writer.append([1, 2])
        try writer.append([3, 4], trained: [false, true])
        try writer.append([5])
        #expect(try writer.finish().train.statistics.trainedTokens == 4)
        let dataset = try TokenDataset(directory: folder.path("set"))
        let trained = try (0..<3).map { try dataset.document($0).trained }
        #expect(trained == [[true, true], [false, true], [true]])
    }

    @Test("a vocabulary of more than 65,536 takes 32 bits a token", arguments: [65_536, 65_537])
    func width(vocabularySize: Int) throws {
        let folder = try TemporaryFolder()
        let writer = try DatasetWriter(
            directory: folder.path("set"), tokenizerSHA256: Self.hash,
            vocabularySize: vocabularySize)
        let document = [0, 65_535, Int32(vocabularySize - 1)]
        try writer.append(document)
        try writer.finish()
        let file = try SafetensorsFile(path: folder.path("set/shard-00000.safetensors"))
        #expect(try file.integers("tokens").type == (vocabularySize == 65_536 ? .u16 : .i32))
        #expect(try Self.readAll(TokenDataset(directory: folder.path("set"))) == [document])
        let other = try DatasetWriter(
            directory: folder.path("other"), tokenizerSHA256: Self.hash,
            vocabularySize: vocabularySize)
        trainingFailure { try other.append([Int32(vocabularySize)]) }
        trainingFailure { try other.append([1], trained: []) }
    }

    @Test("a shard with any byte changed is an error") func changed() throws {
        let folder = try TemporaryFolder()
        _ = try Self.write(to: folder)
        let path = folder.path("set/shard-00001.safetensors")
        let whole = try contents(path)
        for position in whole.indices {
            var copy = whole
            copy[position] ^= position % 2 == 0 ? 0x01 : 0x80
            _ = try folder.write(copy, to: "set/shard-00001.safetensors")
            let message = trainingFailure {
                let dataset = try TokenDataset(directory: folder.path("set"))
                // The other shards can still be read.
                #expect(try dataset.document(0).tokens == [1, 2, 3, 4])
                _ = try dataset.document(4)
            }
            #expect(message.contains("shard-00001"), "\(message)")
        }
    }

    @Test("a shard that is cut, longer, missing or another one is an error") func replaced() throws
    {
        let folder = try TemporaryFolder()
        _ = try Self.write(to: folder)
        let name = "set/shard-00001.safetensors"
        let whole = try contents(folder.path(name))
        func message() -> String {
            trainingFailure { _ = try TokenDataset(directory: folder.path("set")) }
        }
        for count in 0..<whole.count {
            _ = try folder.write(Array(whole[..<count]), to: name)
            #expect(message().contains("shard-00001"))
        }
        _ = try folder.write(whole + [0], to: name)
        #expect(message().contains("cut short or was replaced"))
        _ = try folder.write(contents(folder.path("set/shard-00000.safetensors")), to: name)
        #expect(message().contains("shard-00001"))
        try FileManager.default.removeItem(atPath: folder.path(name))
        #expect(message().contains("missing"))
    }

    /// The bytes of a shard with a header of its own making.
    static func shard(
        offsets: [Int64], tokens: [UInt16], mask: [UInt8]? = nil, documents: Int? = nil,
        count: Int? = nil, vocabularySize: String = "500", format: String = "retort-tokens",
        types: [String] = ["I64", "U16", "U8"], shape: [Int]? = nil
    ) -> [UInt8] {
        var data: [UInt8] = []
        var members: [(String, JSONValue)] = [
            (
                "__metadata__",
                [
                    "format": .string(format), "version": "1",
                    "documents": .string("\(documents ?? offsets.count - 1)"),
                    "tokens": .string("\(count ?? tokens.count)"),
                    "vocab_size": .string(vocabularySize), "tokenizer_sha256": .string(hash),
                    "data_sha256": .string(hash),
                ]
            )
        ]
        func add(_ name: String, _ type: String, _ shape: [Int], _ bytes: [UInt8]) {
            let start = data.count
            data += bytes
            members.append(
                (
                    name,
                    [
                        "dtype": .string(type), "shape": .array(shape.map { .integer(Int64($0)) }),
                        "data_offsets": [.integer(Int64(start)), .integer(Int64(data.count))],
                    ]
                ))
        }
        func bytes<T>(_ values: [T]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }
        add("offsets", types[0], shape ?? [offsets.count], bytes(offsets))
        add("tokens", types[1], [tokens.count], bytes(tokens))
        if let mask { add("mask", types[2], [mask.count], mask) }
        let header = Array(JSONValue.object(JSONObject(members)).text().utf8)
        return bytes([UInt64(header.count)]) + header + data
    }

    static let wrongShards: [(String, [UInt8])] = [
        ("should start at token 1", shard(offsets: [1, 3], tokens: [1, 2, 3])),
        ("the documents end at token 2", shard(offsets: [0, 2], tokens: [1, 2, 3])),
        ("should start at token 2", shard(offsets: [0, 3, 2, 3], tokens: [1, 2, 3])),
        ("should start at token 4", shard(offsets: [0, 4, 3], tokens: [1, 2, 3])),
        ("should start at token -1", shard(offsets: [0, -1, 3], tokens: [1, 2, 3])),
        ("should start at token 9223", shard(offsets: [0, .max, 3], tokens: [1, 2, 3])),
        ("should start at token -9223", shard(offsets: [0, .min, 3], tokens: [1, 2, 3])),
        ("do not agree", shard(offsets: [0, 3], tokens: [1, 2, 3], documents: 2)),
        ("do not agree", shard(offsets: [0, 3], tokens: [1, 2, 3], count: 2)),
        ("no count", shard(offsets: [0, 3], tokens: [1, 2, 3], documents: -1)),
        ("no count", shard(offsets: [0, 3], tokens: [1, 2, 3], documents: .max)),
        ("no count", shard(offsets: [0, 3], tokens: [1, 2, 3], vocabularySize: "many")),
        ("do not agree", shard(offsets: [0, 3], tokens: [1, 2, 3], mask: [1, 1])),
        ("do not agree", shard(offsets: [0, 3], tokens: [1, 2, 3], types: ["U64", "U16", "U8"])),
        ("do not agree", shard(offsets: [0, 3], tokens: [1, 2, 3], types: ["I64", "I16", "U8"])),
        (
            "integers were expected",
            shard(offsets: [0, 3], tokens: [1], types: ["I64", "F16", "U8"])
        ),
        ("do not agree", shard(offsets: [0, 3], tokens: [1, 2, 3], shape: [2, 1])),
        ("is no shard of tokens", shard(offsets: [0, 3], tokens: [1, 2, 3], format: "pt")),
        ("has the id 500", shard(offsets: [0, 3], tokens: [1, 500, 3])),
        ("the mask of token 2", shard(offsets: [0, 3], tokens: [1, 2, 3], mask: [0, 1, 2])),
    ]

    @Test("a shard whose parts do not agree is an error", arguments: wrongShards)
    func wrong(expected: String, bytes: [UInt8]) {
        let message = trainingFailure {
            let dataset = try TokenDataset(shard: bytes, name: "broken", checksHash: false)
            _ = try Self.readAll(dataset)
        }
        #expect(message.contains(expected) && message.contains("broken"), "\(message)")
    }

    @Test("a shard by itself must have the hash of its header") func hashOfData() throws {
        let good = Self.shard(offsets: [0, 3], tokens: [1, 2, 3])
        let dataset = try TokenDataset(shard: good, name: "x", checksHash: false)
        #expect(try Self.readAll(dataset) == [[1, 2, 3]])
        let message = trainingFailure {
            _ = try TokenDataset(shard: good, name: "x").document(0)
        }
        #expect(message.contains("SHA-256"))
    }

    @Test("a shard with any byte changed is read or refused without its hash, never a crash")
    func neverCrashes() {
        let good = Self.shard(
            offsets: [0, 3, 3, 5], tokens: [1, 2, 3, 4, 5], mask: [1, 0, 1, 0, 1])
        for position in good.indices {
            for change: UInt8 in [0x01, 0x02, 0x10, 0x80, 0xFF] {
                var copy = good
                copy[position] ^= change
                guard
                    let dataset = try? TokenDataset(shard: copy, name: "x", checksHash: false)
                else { continue }
                _ = try? Self.readAll(dataset)
            }
        }
        for count in good.indices {
            trainingFailure {
                _ = try TokenDataset(shard: Array(good[..<count]), name: "x", checksHash: false)
            }
        }
    }

    @Test("a batch of a damaged shard fails and leaves the state as it was") func failedBatch()
        throws
    {
        let folder = try TemporaryFolder()
        _ = try Self.write(to: folder)
        let name = "set/shard-00002.safetensors"
        var bytes = try contents(folder.path(name))
        bytes[bytes.count - 1] ^= 1
        _ = try folder.write(bytes, to: name)
        let dataset = try TokenDataset(directory: folder.path("set"))
        let source = try BatchSource(dataset, options: .sequential(rows: 1, length: 8))
        let batch = try TrainingBatch(rows: 1, length: 8)
        #expect(try source.next(into: batch))
        #expect(try source.next(into: batch))
        let before = source.state
        for _ in 0..<2 {
            let message = trainingFailure { _ = try source.next(into: batch) }
            #expect(message.contains("shard-00002"))
            #expect(source.state == before)
        }
        trainingFailure { try dataset.verify() }
    }

    @Test(
        "a damaged dataset.json is an error",
        arguments: [
            ("\"version\": 1", "\"version\": 2", "version"),
            ("\"version\": 1", "\"version\": \"1\"", "version"),
            ("\"documents\": 8", "\"documents\": 9", "damaged"),
            ("\"documents\": 8", "\"documents\": -8", "a count was expected"),
            ("\"documents\": 4", "\"documents\": 9223372036854775807", "a count was expected"),
            ("\"tokens\": 9", "\"tokens\": 8", "damaged"),
            ("shard-00000.safetensors", "../shard-00000.safetensors", "no file name"),
            ("shard-00000.safetensors", ".", "no file name"),
            ("\"vocab_size\": 500", "\"vocab_size\": 501", "another tokenizer"),
            ("\"splits\"", "\"other\"", "splits"),
            ("\"sha256\"", "\"sha\"", "sha256"),
            ("{", "[", "not valid JSON"),
        ])
    func manifest(old: String, new: String, expected: String) throws {
        let folder = try TemporaryFolder()
        _ = try Self.write(to: folder)
        let text = String(decoding: try contents(folder.path("set/dataset.json")), as: UTF8.self)
        let range = try #require(text.range(of: old))
        _ = try folder.write(text.replacingCharacters(in: range, with: new), to: "set/dataset.json")
        let message = trainingFailure { _ = try TokenDataset(directory: folder.path("set")) }
        #expect(message.contains(expected), "\(message)")
    }

    @Test("without dataset.json there is no dataset, and a new run clears what is left")
    func interrupted() throws {
        let folder = try TemporaryFolder()
        do {
            let writer = try DatasetWriter(
                directory: folder.path("set"), tokenizerSHA256: Self.hash, vocabularySize: 500,
                maximumShardTokens: 2)
            for _ in 0..<9 { try writer.append([1, 2]) }
        }
        _ = try folder.write("x", to: "set/shard-00009.safetensors.12-34.partial")
        _ = try folder.write("x", to: "set/notes.safetensors")
        #expect(
            trainingFailure { _ = try TokenDataset(directory: folder.path("set")) }
                .contains("is no dataset"))
        _ = try Self.write(to: folder)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path("set")).sorted() == [
                "dataset.json", "notes.safetensors", "shard-00000.safetensors",
                "shard-00001.safetensors", "shard-00002.safetensors", "shard-00003.safetensors",
            ])
        #expect(trainingFailure { _ = try Self.write(to: folder) }.contains("holds a dataset"))
        _ = try DatasetWriter(
            directory: folder.path("set"), tokenizerSHA256: Self.hash, vocabularySize: 500,
            replacesExisting: true)
        #expect(!FileManager.default.fileExists(atPath: folder.path("set/dataset.json")))
        trainingFailure { _ = try TokenDataset(directory: folder.path("set")) }
    }
}
