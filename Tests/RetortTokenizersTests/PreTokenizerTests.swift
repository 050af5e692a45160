// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTokenizers
import TestSupport
import Testing

@Suite struct PreTokenizerTests {
    private func sameBytes(_ a: [String], _ b: [String]) -> Bool {
        a.map { Array($0.utf8) } == b.map { Array($0.utf8) }
    }

    @Test("patterns cut as Oniguruma cuts")
    func patterns() throws {
        let cases = try readFixture("patterns.json").arrayValue ?? []
        #expect(cases.count > 100)
        for item in cases {
            let tokenizer = try splitter(
                item["pattern"]?.stringValue ?? "",
                behavior: item["behavior"]?.stringValue ?? "",
                invert: item["invert"]?.boolValue ?? false)
            let found = tokenizer.pieces(item["text"]?.stringValue ?? "")
            #expect(sameBytes(found, item["pieces"]?.strings ?? []), "\(item.text())")
        }
    }

    /// The pre-tokenizer of a family, and the same run by the general matcher.
    private func bothWays(_ name: String) throws -> (scanners: Tokenizer, general: Tokenizer) {
        let vocabulary = GGUFVocabulary(model: "gpt2", pre: name, tokens: [[0x61]])
        let scanners = try Tokenizer(gguf: vocabulary)
        let json = scanners.tokenizerJSON()["pre_tokenizer"] ?? .null
        let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
        var steps: [JSONValue] = []
        for step in json["pretokenizers"]?.arrayValue ?? [json] {
            var pattern = step["pattern"]?["Regex"]?.stringValue
            if step["type"] == "Digits" { pattern = #"\p{N}"# }
            if step["use_regex"] == true { pattern = gpt2 }
            guard let pattern else { continue }
            // In a group, a pattern is none that has a scanner.
            steps.append([
                "type": "Split", "pattern": ["Regex": .string("(?:\(pattern))")],
                "behavior": "Isolated",
            ])
        }
        let general: JSONValue = ["type": "Sequence", "pretokenizers": .array(steps)]
        return (
            scanners,
            try Tokenizer(
                tokenizerJSON: tinyTokenizer(extra: ["pre_tokenizer": general]), config: nil)
        )
    }

    @Test(
        "hand-written scanners cut as their patterns do",
        arguments: [
            "gpt-2", "llama-bpe", "qwen2", "deepseek-llm", "deepseek-coder", "deepseek-v3",
        ])
    func scanners(name: String) throws {
        let (scanners, general) = try bothWays(name)
        var random = SeededRandom(seed: 4)
        let parts = [
            " ", "  ", "\n", "\r\n", "\t", "\u{3000}", "'", "'s", "'LL", "'ſ", "'Ve", "a", "B", "é",
            "1", "٣", "½", "字", "ア", "・", "、", "。", ".", "$", "_", "/", "\u{301}", "\u{200D}", "🚀",
            "가", "\u{85}", "!", "～",
        ]
        var wrong = 0
        for round in 0..<4000 {
            let text =
                round % 2 == 0
                ? randomText(&random)
                : (0..<Int.random(in: 1...20, using: &random))
                    .map { _ in parts.randomElement(using: &random) ?? "" }.joined()
            if !sameBytes(scanners.pieces(text), general.pieces(text)) { wrong += 1 }
        }
        #expect(wrong == 0)
    }

    @Test(
        "every pre-tokenizer that GGUF files name can be made",
        arguments: Tokenizer.knownPreTokenizers)
    func known(name: String) throws {
        let (_, general) = try bothWays(name)
        let text = "It's 12345 'Words', über\n\n  x\u{301} 漢字。"
        #expect(general.pieces(text).joined() == text)
        #expect(general.pieces(text).count > 10)
    }

    @Test("a hostile pattern ends", arguments: ["(a|a)*b", "(a*)*b", "(?:a+)+$", "(a|aa)+!"])
    func hostile(pattern: String) throws {
        let json = tinyTokenizer(extra: [
            "pre_tokenizer": [
                "type": "Sequence",
                "pretokenizers": [
                    [
                        "type": "Split", "pattern": ["Regex": .string(pattern)],
                        "behavior": "Isolated",
                    ],
                    ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false],
                ],
            ]
        ])
        let tokenizer = try Tokenizer(tokenizerJSON: json, config: nil)
        let text = String(repeating: "a", count: 3000) + "?"
        #expect(tokenizer.decode(tokenizer.encode(text)) == text)
    }

    @Test(
        "patterns that are not supported are errors",
        arguments: [
            "(", ")", "a)", "[", "[a", "*", "+a", "a|*", "(?<=a)b", "(?<!a)b", "(a)\\1", "\\",
            "\\p", "\\p{", "\\p{Nope}", "[z-a]", "[a-\\d]", "a{5,2}", "a{99999}", "(?x)a", "(?",
            "\\k<n>", "\\G", "[[:nope:]]", "\\x{110000}", "(?<n", "((a{1000}){1000}){1000}",
            String(repeating: "(", count: 10_000), String(repeating: "[", count: 10_000),
            "a" + String(repeating: "*", count: 10_000),
        ])
    func unsupported(pattern: String) {
        #expect(throws: TokenizerError.self) {
            try splitter(pattern, behavior: "Isolated", invert: false)
        }
    }

    @Test("pre-tokenizers that change the text do it as the reference does")
    func rewriting() throws {
        func pieces(_ json: JSONValue, _ text: String) throws -> [String] {
            try Tokenizer(
                tokenizerJSON: tinyTokenizer(extra: ["pre_tokenizer": json]), config: nil
            ).pieces(text)
        }
        func metaspace(_ scheme: JSONValue, split: JSONValue = true) -> JSONValue {
            ["type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split]
        }
        #expect(try pieces(metaspace("always"), "Hey  you") == ["▁Hey", "▁", "▁you"])
        #expect(try pieces(metaspace("first"), " Hey") == ["▁Hey"])
        #expect(try pieces(metaspace("never"), "Hey you") == ["Hey", "▁you"])
        #expect(try pieces(metaspace("always", split: false), "Hey you") == ["▁Hey▁you"])
        #expect(try pieces(["type": "ByteLevel"], "Hey you") == [" Hey", " you"])
        #expect(try pieces(["type": "Whitespace"], "Hi, you ") == ["Hi", ",", "you"])
        #expect(try pieces(["type": "WhitespaceSplit"], " Hi,\tyou ") == ["Hi,", "you"])
        #expect(try pieces(["type": "Digits"], "a12b") == ["a", "12", "b"])
        #expect(try pieces(["type": "Punctuation"], "a,.b") == ["a", ",", ".", "b"])
    }
}
