// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTokenizers
import TestSupport
import Testing

@Suite struct EncodingTests {
    @Test("GGUF vocabularies give the reference's ids", arguments: ReferenceVocabulary.names)
    func reference(name: String) throws {
        let vocabulary = try ReferenceVocabulary(name)
        let tokenizer = try Tokenizer(gguf: vocabulary.gguf)
        #expect(vocabulary.cases.count > 70)
        for item in vocabulary.cases {
            #expect(tokenizer.encode(item.text, addSpecialTokens: false) == item.ids)
        }
        #expect(tokenizer.vocabularySize == vocabulary.gguf.tokens.count)
    }

    @Test("DeepSeek V3's tokenizer.json gives the reference's ids, special tokens read or not")
    func deepSeek() throws {
        let (json, cases) = try deepSeekV3()
        let tokenizer = try Tokenizer(tokenizerJSON: json, config: nil)
        #expect(cases.count > 20)
        for item in cases {
            let text = item["text"]?.stringValue ?? ""
            #expect(tokenizer.encode(text) == item["ids"]?.ids)
            #expect(tokenizer.encode(text, parseSpecialTokens: false) == item["plain_ids"]?.ids)
        }
    }

    @Test(
        "a tokenizer written as either file gives the same ids",
        arguments: ReferenceVocabulary.names)
    func export(name: String) throws {
        let vocabulary = try ReferenceVocabulary(name)
        let first = try Tokenizer(gguf: vocabulary.gguf)
        let text = first.tokenizerJSON().text()
        let second = try Tokenizer(tokenizerJSON: JSONValue(parsing: text), config: nil)
        let gguf = try #require(second.ggufVocabulary())
        #expect(gguf.pre == vocabulary.gguf.pre)
        #expect(gguf.merges == vocabulary.gguf.merges)
        let third = try Tokenizer(gguf: gguf)
        for item in vocabulary.cases {
            let ids = first.encode(item.text)
            #expect(second.encode(item.text) == ids)
            #expect(third.encode(item.text) == ids)
        }
    }

    @Test(
        "a GGUF vocabulary comes back as it was, holes aside", arguments: ReferenceVocabulary.names)
    func ggufRoundTrip(name: String) throws {
        let original = try ReferenceVocabulary(name).gguf
        let again = try #require(Tokenizer(gguf: original).ggufVocabulary())
        for id in original.tokens.indices where !original.tokens[id].isEmpty {
            #expect(again.tokens[id] == original.tokens[id])
            #expect(again.tokenTypes[id] == original.tokenTypes[id])
        }
        #expect(again.bosID == original.bosID)
        #expect(again.merges == original.merges)
        if original.model == "llama" { #expect(again.scores == original.scores) }
    }

    @Test("BOS and EOS are put where the vocabulary wants them")
    func special() throws {
        var gguf = try ReferenceVocabulary("llama-spm").gguf
        #expect(try Tokenizer(gguf: gguf).encode("").first == 1)
        gguf.addBOS = false
        gguf.addEOS = true
        let ids = try Tokenizer(gguf: gguf).encode("Hello")
        #expect(ids == [15043, 2])
        // llama.cpp adds BOS for Llama 3 unless the file says no; for others, only if it says so.
        let llama3 = try Tokenizer(gguf: ReferenceVocabulary("llama-bpe").gguf)
        #expect(llama3.encode("3") == [128000, 18])
        #expect(llama3.bosID == 128000)
        #expect(try Tokenizer(gguf: ReferenceVocabulary("qwen2").gguf).encode("3") == [18])
    }

    @Test("tokenizer_config.json decides about BOS where tokenizer.json does not")
    func config() throws {
        let (json, _) = try deepSeekV3()
        let config: JSONValue = [
            "bos_token": ["content": "<｜begin▁of▁sentence｜>"], "add_bos_token": true,
            "eos_token": "<｜end▁of▁sentence｜>",
        ]
        let tokenizer = try Tokenizer(tokenizerJSON: json, config: config)
        #expect(tokenizer.encode("3").first == 0)
        #expect(tokenizer.encode("3", addSpecialTokens: false).first != 0)
        #expect(tokenizer.bosID == 0)
        #expect(tokenizer.eosID == 1)
        #expect(tokenizer.isSpecial(0))
        #expect(!tokenizer.isSpecial(10))
        #expect(!tokenizer.isSpecial(-1))
        // The written file carries it.
        let again = try Tokenizer(tokenizerJSON: tokenizer.tokenizerJSON(), config: nil)
        #expect(again.encode("3") == tokenizer.encode("3"))
        #expect(tokenizer.ggufVocabulary()?.pre == "deepseek-v3")
        #expect(tokenizer.ggufVocabulary()?.addBOS == true)
    }

    @Test("a megabyte without a break takes no quadratic time", arguments: ["gpt-2", "llama-spm"])
    func longRun(name: String) throws {
        let tokenizer = try Tokenizer(gguf: ReferenceVocabulary(name).gguf)
        for unit in ["a", " ", "ab", "é"] {
            let text = String(repeating: unit, count: 1_000_000 / unit.utf8.count)
            let ids = tokenizer.encode(text, addSpecialTokens: false)
            #expect(tokenizer.decode(ids) == text)
        }
    }

    @Test("merges go by rank, then from the left, in short words and long ones")
    func mergeOrder() throws {
        let merges = [("a", "a"), ("b", "a"), ("aa", "b"), ("b", "b"), ("aa", "aa"), ("ba", "ba")]
        let tokenizer = try Tokenizer(tokenizerJSON: tinyTokenizer(merges: merges), config: nil)
        var random = SeededRandom(seed: 5)
        for _ in 0..<300 {
            let count = Int.random(in: 1...200, using: &random)
            let letters = (0..<count).map { _ in Bool.random(using: &random) ? "a" : "b" }
            // By the book: the best pair, leftmost first, again and again.
            var symbols = letters
            while true {
                let ranks = zip(symbols, symbols.dropFirst()).map { pair in
                    merges.firstIndex { $0.0 == pair.0 && $0.1 == pair.1 } ?? Int.max
                }
                guard let best = ranks.min(), best < Int.max,
                    let place = ranks.firstIndex(of: best)
                else { break }
                symbols.replaceSubrange(
                    place...place + 1, with: [symbols[place] + symbols[place + 1]])
            }
            #expect(
                tokenizer.encode(letters.joined()) == symbols.compactMap { tokenizer.id(of: $0) })
        }
    }

    @Test("tokens are found by their bytes, never by canonical equivalence")
    func bytesAsKeys() throws {
        var json = tinyTokenizer()
        json = try JSONValue(parsing: json.text())
        let (deepSeek, _) = try deepSeekV3()
        let tokenizer = try Tokenizer(tokenizerJSON: deepSeek, config: nil)
        #expect(tokenizer.encode("\u{212B}") != tokenizer.encode("\u{C5}"))
        #expect(tokenizer.id(of: "<｜begin▁of▁sentence｜>") == 0)
        #expect(tokenizer.id(of: "no such token") == nil)
        #expect(tokenizer.bytes(of: 0).elementsEqual("<｜begin▁of▁sentence｜>".utf8))
        #expect(tokenizer.bytes(of: -1).isEmpty)
        #expect(tokenizer.bytes(of: .max).isEmpty)
    }

    @Test("encoding on many threads gives what one gives")
    func threads() async throws {
        let vocabulary = try ReferenceVocabulary("qwen2")
        let tokenizer = try Tokenizer(gguf: vocabulary.gguf)
        let wrong = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    vocabulary.cases.count {
                        tokenizer.encode($0.text, addSpecialTokens: false) != $0.ids
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }
}
