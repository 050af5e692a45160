// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTokenizers
import TestSupport
import Testing

/// A corpus, and what the tokenizers library learns from it.
private struct TrainingCase {
    let name: String
    let settings: BPETrainingSettings
    let texts: [String]
    /// The library's tokenizer.json.
    let tokenizer: JSONValue
    let cases: [EncodingCase]

    init(_ json: JSONValue) throws {
        name = json["name"]?.stringValue ?? ""
        texts = json["texts"]?.strings ?? []
        cases = (json["cases"]?.arrayValue ?? []).map {
            EncodingCase(text: $0["text"]?.stringValue ?? "", ids: $0["ids"]?.ids ?? [])
        }
        let given = json["settings"]
        var settings = BPETrainingSettings(vocabularySize: given?["vocab_size"]?.intValue ?? 0)
        settings.minimumFrequency = given?["min_frequency"]?.intValue ?? 0
        settings.addedTokens = (given?["special"]?.strings ?? []).map { .init($0) }
        settings.includesAllBytes = given?["only_seen_bytes"]?.boolValue != true
        settings.maximumTokenLength = given?["max_token_length"]?.intValue
        settings.splitsDigits = given?["split_digits"]?.boolValue ?? false
        settings.composes = given?["nfc"]?.boolValue ?? false
        let name = given?["pre_tokenizer"]?.stringValue ?? "gpt2"
        guard let preTokenizer = BPETrainingSettings.PreTokenizer(rawValue: name) else {
            throw FixtureError(description: "the pre-tokenizer \(name) is not known")
        }
        settings.preTokenizer = preTokenizer
        self.settings = settings
        // The fixture has the vocabulary as a list.
        var tokenizer = json["tokenizer"]?.objectValue ?? JSONObject()
        var model = tokenizer["model"]?.objectValue ?? JSONObject()
        let tokens = (model["vocab"]?.strings ?? []).enumerated().map {
            ($0.element, JSONValue.integer(Int64($0.offset)))
        }
        model["vocab"] = .object(JSONObject(tokens))
        tokenizer["model"] = .object(model)
        self.tokenizer = .object(tokenizer)
    }

    static func named(_ name: String) throws -> TrainingCase {
        let all = try readFixture("bpe-training.json").arrayValue ?? []
        guard let json = all.first(where: { $0["name"]?.stringValue == name }) else {
            throw FixtureError(description: "there is no case \(name)")
        }
        return try TrainingCase(json)
    }

    static let names = [
        "english", "english, a chat model's tokens", "english, long tokens refused",
        "english, only bytes that occur", "english, runs out", "english, only frequent pairs",
        "many languages, gpt2", "many languages, qwen2, composed", "many languages, llama3",
        "many languages, deepseek", "code, gpt2", "code, deepseek", "digits, gpt2",
        "digits, gpt2, each alone", "digits, qwen2", "digits, llama3",
        "digits, llama3, each alone", "digits, deepseek", "ties", "two letters",
        "two letters, frequent", "repeated characters",
        "repeated characters, long tokens refused", "tokens of two bytes at most",
        "added tokens that merges make", "a vocabulary full from the start", "one character",
        "one pair", "texts are apart", "nothing", "nothing, only bytes that occur",
    ]
}

private func train(_ texts: [String], _ settings: BPETrainingSettings) throws -> TrainedBPE {
    var trainer = try BPETrainer(settings)
    for text in texts { try trainer.add(text) }
    return try trainer.train()
}

@Suite struct BPETrainingTests {
    @Test("merges are those of the tokenizers library", arguments: TrainingCase.names)
    func merges(name: String) throws {
        let reference = try TrainingCase.named(name)
        let trained = try train(reference.texts, reference.settings)
        let merges = trained.merges.map {
            JSONValue.array([
                .string(trained.tokens[Int($0.left)]), .string(trained.tokens[Int($0.right)]),
            ])
        }
        #expect(.array(merges) == reference.tokenizer["model"]?["merges"])
    }

    @Test("tokenizer.json is the library's, member for member", arguments: TrainingCase.names)
    func file(name: String) throws {
        let reference = try TrainingCase.named(name)
        let trained = try train(reference.texts, reference.settings)
        #expect(trained.tokenizerJSON() == reference.tokenizer)
    }

    @Test("the trained tokenizer gives the library's ids", arguments: TrainingCase.names)
    func ids(name: String) throws {
        let reference = try TrainingCase.named(name)
        let tokenizer = try train(reference.texts, reference.settings).tokenizer()
        #expect(!reference.cases.isEmpty)
        for item in reference.cases { #expect(tokenizer.encode(item.text) == item.ids) }
    }

    @Test("every case of the fixture is tested")
    func names() throws {
        let all = try readFixture("bpe-training.json").arrayValue ?? []
        #expect(all.compactMap { $0["name"]?.stringValue } == TrainingCase.names)
    }

    @Test("merges are those of counting anew after each, in random corpora")
    func byTheBook() throws {
        var random = SeededRandom(seed: 11)
        for _ in 0..<60 {
            let letters = ["ab", "abc", "a", "xyzw"].randomElement(using: &random) ?? "a"
            let count = Int.random(in: 1...30, using: &random)
            try expectByTheBook(
                randomWords(letters, count, longest: 25, &random), merges: 64,
                minimumFrequency: Int.random(in: 0...3, using: &random))
        }
        // Enough words that the learner drops lists it needs no more.
        try expectByTheBook(
            randomWords("abcd", 2500, longest: 9, &random), merges: 40, minimumFrequency: 0)
    }

    private func randomWords(
        _ letters: String, _ count: Int, longest: Int, _ random: inout SeededRandom
    ) -> [String] {
        (0..<count).map { _ in
            let length = Int.random(in: 1...longest, using: &random)
            return String((0..<length).compactMap { _ in letters.randomElement(using: &random) })
        }
    }

    private func expectByTheBook(
        _ words: [String], merges: Int, minimumFrequency: Int
    ) throws {
        var settings = BPETrainingSettings(vocabularySize: 256 + merges)
        settings.minimumFrequency = minimumFrequency
        let trained = try train(words, settings)
        let found = trained.merges.map {
            [trained.tokens[Int($0.left)], trained.tokens[Int($0.right)]]
        }
        #expect(
            found
                == slowMerges(words, most: merges, minimumFrequency: max(1, minimumFrequency)))
    }

    /// The definition: count all pairs, merge the best from the left, again and again. For words
    /// of letters; a token's id is its place in the list.
    private func slowMerges(_ texts: [String], most: Int, minimumFrequency: Int) -> [[String]] {
        var order = Set(texts.joined()).sorted().map(String.init)
        var words = texts.map { $0.map(String.init) }
        var merges: [[String]] = []
        while merges.count < most {
            var counts: [[String]: Int] = [:]
            for word in words {
                for pair in zip(word, word.dropFirst()) {
                    counts[[pair.0, pair.1], default: 0] += 1
                }
            }
            func place(_ pair: [String]) -> [Int] { pair.map { order.firstIndex(of: $0) ?? 0 } }
            let best = counts.max { a, b in
                a.value != b.value
                    ? a.value < b.value
                    : place(b.key).lexicographicallyPrecedes(place(a.key))
            }
            guard let best, best.value >= minimumFrequency else { break }
            merges.append(best.key)
            order.append(best.key.joined())
            for index in words.indices {
                var merged: [String] = []
                var rest = words[index][...]
                while let first = rest.popFirst() {
                    if first == best.key[0], rest.first == best.key[1] {
                        rest.removeFirst()
                        merged.append(first + best.key[1])
                    } else {
                        merged.append(first)
                    }
                }
                words[index] = merged
            }
        }
        return merges
    }

    @Test("every text comes back from the trained tokenizer")
    func roundTrip() throws {
        let reference = try TrainingCase.named("many languages, llama3")
        let tokenizer = try train(reference.texts, reference.settings).tokenizer()
        #expect(tokenizer.vocabularySize == 420)
        var random = SeededRandom(seed: 12)
        for text in reference.texts + (0..<200).map({ _ in randomText(&random) }) {
            #expect(tokenizer.decode(tokenizer.encode(text)) == text)
        }
    }

    @Test("training does not use up the words")
    func again() throws {
        let reference = try TrainingCase.named("english")
        var trainer = try BPETrainer(reference.settings)
        for text in reference.texts.dropLast() { try trainer.add(text) }
        let before = try trainer.train()
        #expect(try trainer.train().tokens == before.tokens)
        try trainer.add(reference.texts.last ?? "")
        #expect(try trainer.train().tokenizerJSON() == reference.tokenizer)
        #expect(trainer.textCount == reference.texts.count)
        #expect(trainer.byteCount == reference.texts.reduce(0) { $0 + $1.utf8.count })
    }

    @Test("progress counts tokens, and its error ends the training")
    func progress() throws {
        var random = SeededRandom(seed: 13)
        var trainer = try BPETrainer(BPETrainingSettings(vocabularySize: 1280))
        for _ in 0..<3000 {
            let word = (0..<8).map { _ in
                Character(Unicode.Scalar(UInt8.random(in: 97...122, using: &random)))
            }
            try trainer.add(String(word))
        }
        var seen: [BPETrainer.Progress] = []
        let trained = try trainer.train { seen.append($0) }
        #expect(trained.tokens.count == 1280)
        #expect(seen.map(\.learned) == [256, 512, 768, 1024])
        #expect(seen.allSatisfy { $0.wanted == 1024 })
        #expect(throws: CancellationError.self) {
            try trainer.train { _ in throw CancellationError() }
        }
    }
}

@Suite struct BPETrainingInputTests {
    @Test("bytes that are not UTF-8 count as replacement characters")
    func invalid() throws {
        let broken: [[UInt8]] = [
            [0xFF, 0xFE], [0x61, 0xC3], [0xE2, 0x82, 0x61], [0xF0, 0x9F], [0x80],
        ]
        let settings = BPETrainingSettings(vocabularySize: 300)
        var trainer = try BPETrainer(settings)
        for bytes in broken { try trainer.add(bytes: bytes) }
        let repaired = broken.map { String(decoding: $0, as: UTF8.self) }
        #expect(try trainer.train().tokens == train(repaired, settings).tokens)
    }

    @Test("settings that no corpus can meet are errors that say so")
    func settings() throws {
        func failure(_ change: (inout BPETrainingSettings) -> Void) -> String? {
            var settings = BPETrainingSettings(vocabularySize: 300)
            change(&settings)
            do {
                _ = try train(["text"], settings)
                return nil
            } catch { return "\(error)" }
        }
        #expect(failure { _ in } == nil)
        #expect(failure { $0.vocabularySize = 255 }?.contains("at least 256") == true)
        #expect(failure { $0.vocabularySize = -1 }?.contains("at least 256") == true)
        #expect(failure { $0.vocabularySize = .max }?.contains("at most") == true)
        #expect(
            failure {
                $0.vocabularySize = 256
                $0.addedTokens = ["<s>"]
            }?.contains("257") == true)
        #expect(failure { $0.minimumFrequency = -1 }?.contains("minimum frequency") == true)
        #expect(failure { $0.maximumTokenLength = -1 }?.contains("token length") == true)
        #expect(failure { $0.addedTokens = ["<s>", ""] }?.contains("added token 1") == true)
        #expect(
            failure {
                $0.vocabularySize = 4
                $0.includesAllBytes = false
            } == nil)
        #expect(
            failure {
                $0.vocabularySize = 2
                $0.includesAllBytes = false
            }?.contains("at least 3") == true)
    }

    @Test("a word of a megabyte takes no quadratic time")
    func longWord() throws {
        var settings = BPETrainingSettings(vocabularySize: 300)
        settings.addedTokens = ["<s>"]
        for unit in ["a", "ab", "é"] {
            let text = String(repeating: unit, count: 1_000_000 / unit.utf8.count)
            let trained = try train([text], settings)
            #expect(trained.merges.count > 15)
            let tokenizer = try trained.tokenizer()
            #expect(tokenizer.decode(tokenizer.encode(text)) == text)
        }
    }

    @Test("tokenizer_config.json names the tokens and carries the template")
    func config() throws {
        var settings = BPETrainingSettings(vocabularySize: 262)
        settings.addedTokens = [
            "<|endoftext|>", "<|im_end|>", .init("<think>", isSpecial: false), "<|im_end|>",
        ]
        let trained = try train(["<think> is text here, and <|im_end|> too"], settings)
        var config = TrainedBPE.TokenizerConfig()
        config.bosToken = "<|endoftext|>"
        config.eosToken = "<|im_end|>"
        config.padToken = "<|endoftext|>"
        config.chatTemplate = "{{ messages }}"
        config.modelMaxLength = 4096
        let json = try trained.tokenizerConfigJSON(config)
        #expect(json["bos_token"] == "<|endoftext|>")
        #expect(json["eos_token"] == "<|im_end|>")
        #expect(json["pad_token"] == "<|endoftext|>")
        #expect(json["chat_template"] == "{{ messages }}")
        #expect(json["model_max_length"] == 4096)
        #expect(json["tokenizer_class"] == "PreTrainedTokenizerFast")
        #expect(json["added_tokens_decoder"]?.objectValue?.keys == ["0", "1", "2"])
        #expect(json["added_tokens_decoder"]?["2"]?["special"] == false)

        let tokenizer = try trained.tokenizer(config)
        #expect(tokenizer.bosID == 0)
        #expect(tokenizer.eosID == 1)
        #expect(tokenizer.padID == 0)
        #expect(tokenizer.isSpecial(1))
        #expect(!tokenizer.isSpecial(2))
        #expect(tokenizer.encode("<think><|im_end|>") == [2, 1])
        let plain = try trained.tokenizerConfigJSON(.init())
        #expect(plain["bos_token"] == .some(.null))
        #expect(plain["chat_template"] == nil)
    }

    @Test("a configuration that names no added token is an error that does not quote it")
    func wrongConfig() throws {
        let trained = try train(["a"], BPETrainingSettings(vocabularySize: 256))
        var config = TrainedBPE.TokenizerConfig()
        config.eosToken = "sesame"
        let error = #expect(throws: TokenizerError.self) { try trained.tokenizerConfigJSON(config) }
        #expect(error?.description.contains("eos_token") == true)
        #expect(error?.description.contains("sesame") == false)
        config.eosToken = nil
        config.modelMaxLength = 0
        #expect(throws: TokenizerError.self) { try trained.tokenizer(config) }
    }

    @Test(
        "GGUF has a name for what the pre-tokenizers give",
        arguments: zip(
            BPETrainingSettings.PreTokenizer.allCases,
            ["gpt-2", "qwen2", "llama-bpe", "deepseek-v3"]))
    func gguf(preTokenizer: BPETrainingSettings.PreTokenizer, name: String) throws {
        var settings = BPETrainingSettings(vocabularySize: 300)
        settings.preTokenizer = preTokenizer
        settings.composes = preTokenizer == .qwen2
        let tokenizer = try train(["It's 12345 words, and words."], settings).tokenizer()
        #expect(tokenizer.ggufVocabulary()?.pre == name)
    }
}
