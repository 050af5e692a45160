// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortTokenizers
import RetortTraining
import TestSupport
import Testing

@Suite struct DataBuilderTests {
    static func corpus(_ folder: TemporaryFolder) throws -> [CorpusSource] {
        let text = (0..<40).map { "{\"text\": \"The model answers question \($0).\"}" }
        let chat = (0..<20).map {
            "{\"messages\": [{\"role\": \"user\", \"content\": \"What is \($0)?\"}, {\"role\": \"assistant\", \"content\": \"It is \($0).\"}]}"
        }
        let lost = "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]}"
        return [
            try CorpusSource(
                detecting: folder.write(text.joined(separator: "\n"), to: "text.jsonl")),
            try CorpusSource(
                detecting: folder.write((chat + [lost]).joined(separator: "\n"), to: "chat.jsonl")),
            try CorpusSource(
                detecting: folder.write("One.\n\nTwo 🙂.\n", to: "a.txt"), separator: .blankLine),
        ]
    }

    static func builder(maximumTokens: Int? = nil) throws -> DatasetBuilder {
        var options = SampleOptions()
        options.maximumTokens = maximumTokens
        return DatasetBuilder(
            try SampleEncoder(dataTokenizer("bytes", template: "plain"), options: options))
    }

    static func all(_ dataset: TokenDataset) throws -> [[Int32]] {
        try (0..<dataset.documentCount).map { try dataset.document($0).tokens }
    }

    @Test("a dataset of files has their documents, on disk and in memory, with any threads")
    func builds() throws {
        let folder = try TemporaryFolder()
        let sources = try Self.corpus(folder)
        var builder = try Self.builder()
        builder.validationEvery = 5
        builder.maximumShardTokens = 200
        var reports: [Int] = []
        let manifest = try builder.write(sources, to: folder.path("set")) {
            reports.append($0.documents)
        }
        #expect(reports.count == 3 && reports.last == 62)
        #expect(try DatasetManifest(directory: folder.path("set")) == manifest)
        #expect(manifest.sources.map(\.name) == ["text.jsonl", "chat.jsonl", "a.txt"])
        #expect(manifest.sources.map(\.records) == [40, 21, 2])
        #expect(
            manifest.sources.map(\.format) == [
                "jsonl text", "jsonl messages", "text by blankLine",
            ])
        #expect(manifest.train.shards.count > 2)
        #expect(
            manifest.train.statistics.skippedRecords
                + manifest.validation.statistics.skippedRecords == 1)
        let train = try TokenDataset(directory: folder.path("set"))
        let validation = try TokenDataset(directory: folder.path("set"), split: .validation)
        #expect(train.documentCount + validation.documentCount == 62)
        #expect((4...25).contains(validation.documentCount))
        let tokenizer = builder.encoder.tokenizer
        try train.check(tokenizer)
        trainingFailure { try train.check(dataTokenizer("nfc")) }
        #expect(train.statistics.trainedTokens < train.tokenCount)
        let texts = try (Self.all(train) + Self.all(validation)).map {
            tokenizer.tokenizer.decode($0, skipSpecialTokens: true)
        }
        #expect(texts.contains("Two 🙂.") && texts.contains("The model answers question 39."))
        // The text of chats counts with what the template writes.
        let bytes = train.statistics.textBytes + validation.statistics.textBytes
        let special = try (Self.all(train) + Self.all(validation)).joined().reduce(0) { sum, id in
            let name = tokenizer.tokenizer.bytes(of: id)
            let isEnd = id == tokenizer.tokenizer.eosID
            return sum + (isEnd ? 0 : name.count)
        }
        #expect(bytes == special)
        for threads in [1, 3, 16] {
            builder.threads = threads
            let loaded = try builder.load(sources)
            #expect(try Self.all(loaded.train) == Self.all(train))
            #expect(try Self.all(loaded.validation) == Self.all(validation))
            #expect(loaded.train.statistics == train.statistics)
        }
    }

    @Test("records with one prompt, and equal texts, are on one side of the split") func split()
        throws
    {
        let folder = try TemporaryFolder()
        let lines = (0..<200).map {
            "{\"prompt\": \"What is \($0 / 4)?\", \"completion\": \" It is \($0).\"}"
        }
        let source = try CorpusSource(
            detecting: folder.write(lines.joined(separator: "\n"), to: "a.jsonl"))
        var builder = try Self.builder()
        builder.validationEvery = 4
        let loaded = try builder.load([source])
        let tokenizer = builder.encoder.tokenizer.tokenizer
        func prompts(_ dataset: TokenDataset) throws -> Set<String> {
            Set(
                try Self.all(dataset).map { tokens in
                    String(tokenizer.decode(tokens).prefix { $0 != "?" })
                })
        }
        let (train, validation) = (try prompts(loaded.train), try prompts(loaded.validation))
        #expect(train.isDisjoint(with: validation))
        #expect(train.count + validation.count == 50)
        #expect((5...22).contains(validation.count))
    }

    @Test("a wrong record ends the work with its file and line, and there is no dataset")
    func wrongRecord() throws {
        let folder = try TemporaryFolder()
        var sources = try Self.corpus(folder)
        let builder = try Self.builder()
        let bad = try folder.write("{\"text\": \"a\"}\n{\"text\": 1}\n", to: "bad.jsonl")
        sources.append(CorpusSource(path: bad, format: .jsonText(field: "text")))
        let message = trainingFailure { try builder.write(sources, to: folder.path("set")) }
        #expect(message.contains("bad.jsonl:2:"))
        trainingFailure { _ = try TokenDataset(directory: folder.path("set")) }
        // A template's refusal as well.
        let strict = try SampleEncoder(
            dataTokenizer("bytes"),
            template:
                "{% if messages[0].content == 'What is 7?' %}{{ raise_exception('x') }}{% endif %}")
        let refused = trainingFailure {
            try DatasetBuilder(strict).write([sources[1]], to: folder.path("other"))
        }
        #expect(refused.contains("chat.jsonl:8:"))
    }

    @Test("work that is stopped leaves no dataset") func stopped() throws {
        struct Stop: Error {}
        let folder = try TemporaryFolder()
        let sources = try Self.corpus(folder)
        #expect(throws: Stop.self) {
            try Self.builder().write(sources, to: folder.path("set")) { _ in throw Stop() }
        }
        trainingFailure { _ = try TokenDataset(directory: folder.path("set")) }
        try Self.builder().write(sources, to: folder.path("set"))
        #expect(try TokenDataset(directory: folder.path("set")).documentCount == 62)
    }

    @Test("empty corpora make no dataset") func empty() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("\n\n", to: "a.jsonl")
        for sources in [[], [CorpusSource(path: path, format: .chat)]] {
            let message = trainingFailure {
                try Self.builder().write(sources, to: folder.path("set"))
            }
            #expect(message.contains("no documents"))
            trainingFailure { _ = try Self.builder().load(sources) }
        }
        #expect(!folder.names.contains("dataset.json"))
    }

    @Test("cut documents are counted") func truncated() throws {
        let folder = try TemporaryFolder()
        let builder = try Self.builder(maximumTokens: 6)
        let loaded = try builder.load(Self.corpus(folder))
        let lengths = try Self.all(loaded.train).map(\.count)
        #expect(lengths.allSatisfy { $0 <= 6 })
        #expect(loaded.train.statistics.truncatedDocuments >= 40)
    }

    @Test("bytes of targets and bits per byte leave control tokens out") func bytes() throws {
        let tokenizer = try dataTokenizer("bytes").tokenizer
        let counts = TokenByteCounts(tokenizer)
        let end = try #require(tokenizer.eosID)
        #expect(counts[end] == 0 && counts[-1] == 0 && counts[.max] == 0)
        let document = tokenizer.encode("Hello there 🙂", addSpecialTokens: false) + [end]
        let dataset = try TokenDataset(
            documents: [document], vocabularySize: tokenizer.vocabularySize)
        let source = try BatchSource(dataset, options: .sequential(rows: 2, length: 32))
        let batch = try TrainingBatch(rows: 2, length: 32)
        #expect(try source.next(into: batch))
        let losses = [Float](repeating: 0.5, count: 64)
        let text = counts.text(ofTargetsIn: batch, losses: losses)
        #expect(text.bytes == 16 - counts[document[0]])
        // The first token is no target, and the last is none of the text.
        #expect(text.loss == 0.5 * Double(document.count - 2))
        #expect(TokenByteCounts.bitsPerByte(loss: log(2) * 24, bytes: 16) == 1.5)
        #expect(TokenByteCounts.bitsPerByte(loss: 1, bytes: 0).isNaN)
    }

    @Test("a tokenizer's hash is that of its file") func tokenizerHash() throws {
        let path = fixture("data/tokenizer-bytes.json").path
        let opened = try DataTokenizer(path: path)
        #expect(opened.chatTemplate == nil)
        let folder = try TemporaryFolder()
        _ = try folder.write(contents(path), to: "tokenizer.json")
        _ = try folder.write("{{ 1 }}", to: "chat_template.jinja")
        let model = try DataTokenizer(path: folder.url.path)
        #expect(model.sha256 == opened.sha256 && model.chatTemplate == "{{ 1 }}")
        #expect(try dataTokenizer("bytes").sha256.count == 64)
        #expect(throws: (any Error).self) { try DataTokenizer(path: folder.path("none")) }
    }
}
