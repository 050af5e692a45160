// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTemplates
import RetortTokenizers
import Foundation
import RetortTraining
import TestSupport
import Testing

@Suite struct DataMaskTests {
    static func golden() throws -> JSONValue {
        try JSONValue(parsing: contents(fixture("data/masks.json").path))
    }

    static func conversation(_ golden: JSONValue, _ title: String) throws
        -> CorpusRecord.Conversation
    {
        let json = try #require(golden["conversations"]?[title])
        return .init(
            messages: try #require(json["messages"]?.arrayValue), tools: json["tools"]?.arrayValue)
    }

    static func encoder(
        _ name: String, _ template: String?, _ turns: SampleOptions.Turns = .all
    ) throws -> SampleEncoder {
        var options = SampleOptions()
        options.turns = turns
        options.end = .none
        options.now = CalendarTime(year: 2026, month: 1, day: 2)
        return try SampleEncoder(dataTokenizer(name, template: template), options: options)
    }

    static func expect(
        _ samples: [EncodedSample], _ expected: [JSONValue], _ title: Comment,
        location: SourceLocation = #_sourceLocation
    ) {
        let ids = expected.map { $0["ids"]?.arrayValue?.compactMap(\.intValue) ?? [] }
        let masks = expected.map { $0["mask"]?.arrayValue?.compactMap(\.intValue) ?? [] }
        #expect(samples.map { $0.tokens.map(Int.init) } == ids, title, sourceLocation: location)
        #expect(
            samples.map { ($0.trained ?? []).map { $0 ? 1 : 0 } } == masks, title,
            sourceLocation: location)
    }

    @Test(
        "masks of chats are those of transformers and TRL", arguments: ["bytes", "nfc", "pieces"],
        ["plain", "marked", "words", "forgetful", "closed", "opened"])
    func chats(name: String, template: String) throws {
        let golden = try Self.golden()
        let all = try Self.encoder(name, template)
        let last = try Self.encoder(name, template, .last)
        let cases = try #require(golden["chats"]?.arrayValue).filter {
            $0["tokenizer"]?.stringValue == name && $0["template"]?.stringValue == template
        }
        #expect(cases.count >= 8)
        for entry in cases {
            let title = try #require(entry["title"]?.stringValue)
            let conversation = try Self.conversation(golden, title)
            let label: Comment = "\(name) \(template) \(title)"
            let encoded = try all.encode(.chat(conversation))
            if let marked = entry["marked"] {
                let isTrained = marked["mask"]?.arrayValue?.contains(1) ?? false
                Self.expect(encoded.samples, isTrained ? [marked] : [], label)
                #expect(encoded.skippedTurns == 0)
                continue
            }
            let expected = entry["all"]?["samples"]?.arrayValue ?? []
            Self.expect(encoded.samples, expected, label)
            #expect(encoded.skippedTurns == entry["all"]?["skipped"]?.intValue ?? 0, label)
            var one = entry["last"].map { [$0] } ?? []
            one.removeAll(where: \.isNull)
            Self.expect(try last.encode(.chat(conversation)).samples, one, label)
        }
    }

    @Test(
        "completions are trained from their first byte on", arguments: ["bytes", "nfc", "pieces"])
    func pairs(name: String) throws {
        let encoder = try Self.encoder(name, nil)
        for entry in try #require(Self.golden()["pairs"]?.arrayValue)
        where entry["tokenizer"]?.stringValue == name {
            let prompt = try #require(entry["prompt"]?.stringValue)
            let completion = try #require(entry["completion"]?.stringValue)
            let samples = try encoder.encode(
                .completion(prompt: prompt, completion: completion)
            ).samples
            let isTrained = entry["mask"]?.arrayValue?.contains(1) ?? false
            Self.expect(samples, isTrained ? [entry] : [], "\(prompt)|\(completion)")
        }
    }

    @Test("the last turn of a marked conversation has all of its blocks") func lastMarked() throws {
        let golden = try Self.golden()
        for title in ["two turns", "call", "ends with a question", "one turn"] {
            let conversation = try Self.conversation(golden, title)
            let all = try Self.encoder("bytes", "marked").encode(.chat(conversation))
            let last = try Self.encoder("bytes", "marked", .last).encode(.chat(conversation))
            #expect(all.samples[0].tokens == last.samples[0].tokens)
            let whole = try #require(all.samples[0].trained)
            let part = try #require(last.samples[0].trained)
            let first = try #require(part.firstIndex(of: true))
            #expect(Array(whole[first...]) == Array(part[first...]))
            let isFirst = first == whole.firstIndex(of: true)
            #expect(isFirst == ["ends with a question", "one turn"].contains(title))
            #expect(part.count { $0 } > 2)
        }
    }

    @Test("what stands around texts and completions, and what is cut") func bounds() throws {
        let tokenizer = try dataTokenizer("bytes")
        let end = try #require(tokenizer.tokenizer.id(of: "<|endoftext|>"))
        let turn = try #require(tokenizer.tokenizer.id(of: "<|im_end|>"))
        var options = SampleOptions()
        func encode(_ content: CorpusRecord.Content) throws -> [EncodedSample] {
            try SampleEncoder(tokenizer, options: options).encode(content).samples
        }
        let hello = tokenizer.tokenizer.encode("Hello there", addSpecialTokens: false)
        #expect(try encode(.text("Hello there")) == [.init(tokens: hello + [end], textBytes: 11)])
        #expect(try encode(.text("")) == [])
        #expect(try encode(.completion(prompt: "a", completion: "")) == [])
        let pair = try encode(.completion(prompt: "Hello", completion: " there"))[0]
        #expect(pair.tokens == hello + [end])
        #expect(pair.trained?.last == true && pair.trained?.first == false)
        // A completion that ends itself gets no second end.
        let ended = try encode(.completion(prompt: "Hello", completion: " there<|endoftext|>"))[0]
        #expect(ended.tokens == hello + [end])
        // Text from strangers spells no special tokens unless it is said to.
        #expect(!(try encode(.text("<|im_end|>"))[0].tokens.contains(turn)))
        options.textSpellsSpecialTokens = true
        #expect(try encode(.text("<|im_end|>"))[0].tokens == [turn, end])
        options.begin = .token(turn)
        options.end = .none
        #expect(try encode(.text("Hello there"))[0].tokens == [turn] + hello)
        let begun = try encode(.completion(prompt: "Hello", completion: " there"))[0]
        #expect(begun.tokens == [turn] + hello && begun.trained?.first == false)
        options.maximumTokens = 2
        let cut = try encode(.text("Hello there"))[0]
        #expect(cut.tokens == [turn, hello[0]] && cut.isTruncated)
        // Nothing to train is left of it.
        #expect(try encode(.completion(prompt: "Hello there, how", completion: " are")) == [])
        options.begin = .token(1 << 20)
        trainingFailure { _ = try SampleEncoder(tokenizer, options: options) }
    }

    @Test("variables of a record reach the template, and its refusal names no content")
    func templates() throws {
        let tokenizer = try dataTokenizer("bytes")
        let source =
            "{% for m in messages %}{{ style }}{{ m.content }}{% if m.content == 'no' %}{{ raise_exception('bad: ' + messages[0].content) }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ style }}{% endif %}"
        let encoder = try SampleEncoder(tokenizer, template: source)
        let messages: [JSONValue] = [
            ["role": "user", "content": "secret"], ["role": "assistant", "content": "yes"],
        ]
        let sample = try encoder.encode(
            .chat(.init(messages: messages, variables: JSONObject([("style", "|")])))
        ).samples[0]
        #expect(tokenizer.tokenizer.decode(sample.tokens) == "|secret|yes")
        let trained = zip(sample.tokens, sample.trained ?? []).filter(\.1).map(\.0)
        #expect(tokenizer.tokenizer.decode(trained) == "yes")
        let refused = trainingFailure {
            _ = try encoder.encode(
                .chat(.init(messages: messages + [["role": "assistant", "content": "no"]])))
        }
        #expect(refused.contains("refuses") && !refused.contains("secret"))
        let missing = trainingFailure {
            _ = try SampleEncoder(tokenizer).encode(.chat(.init(messages: messages)))
        }
        #expect(missing.contains("chat template"))
        #expect(throws: TemplateError.self) {
            _ = try SampleEncoder(tokenizer, template: "{% if %}")
        }
    }
}
