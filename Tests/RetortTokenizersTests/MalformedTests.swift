// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTokenizers
import Testing

@Suite struct MalformedTests {
    private func model(_ change: (inout JSONObject) -> Void) -> JSONValue {
        let json = tinyTokenizer(merges: [("a", "b")])
        var model = json["model"]?.objectValue ?? JSONObject()
        change(&model)
        var object = json.objectValue ?? JSONObject()
        object["model"] = .object(model)
        return .object(object)
    }

    private func failure(_ json: JSONValue) -> String? {
        do {
            _ = try Tokenizer(tokenizerJSON: json, config: nil)
            return nil
        } catch { return error.description }
    }

    @Test("damaged tokenizer.json files are errors that say what is wrong")
    func json() throws {
        #expect(failure(nil)?.contains("model") == true)
        #expect(failure(["model": 3])?.contains("model") == true)
        #expect(failure(model { $0["type"] = "Unigram" })?.contains("Unigram") == true)
        #expect(failure(model { $0["type"] = "WordPiece" })?.contains("known is BPE") == true)
        #expect(failure(model { $0["vocab"] = nil })?.contains("vocab") == true)
        #expect(failure(model { $0["merges"] = nil })?.contains("merges") == true)
        for merge in ["a", "a b c", "zz b", "a zz", "b a", " a", "a "] as [JSONValue] {
            #expect(failure(model { $0["merges"] = [merge] })?.contains("merge 0") == true)
        }
        #expect(failure(model { $0["merges"] = [["a"]] })?.contains("merge 0") == true)
        #expect(failure(model { $0["merges"] = [7] })?.contains("merge 0") == true)
        for id in [-1, 1.5, 4_194_304, 1e300, "x", nil, 0] as [JSONValue] {
            let json = model {
                var vocabulary = $0["vocab"]?.objectValue ?? JSONObject()
                vocabulary["zz"] = id
                $0["vocab"] = .object(vocabulary)
            }
            #expect(failure(json)?.contains("id") == true)
        }
        #expect(failure(model { $0["unk_token"] = "<none>" }) == nil)
        #expect(failure(model { $0["end_of_word_suffix"] = "</w>" }) != nil)
        #expect(failure(model { _ in }) == nil)
    }

    @Test(
        "components that are not known are errors that name them",
        arguments: [
            ("normalizer", ["type": "NFKC"]), ("normalizer", ["type": "Replace"]),
            ("normalizer", 3), ("normalizer", ["type": "Sequence"]),
            ("pre_tokenizer", ["type": "BertPreTokenizer"]), ("pre_tokenizer", ["type": "Split"]),
            (
                "pre_tokenizer",
                ["type": "Split", "pattern": ["Regex": "("], "behavior": "Isolated"]
            ),
            ("pre_tokenizer", ["type": "Metaspace"]),
            (
                "pre_tokenizer",
                [
                    "type": "Sequence",
                    "pretokenizers": [["type": "ByteLevel"], ["type": "Digits"]],
                ]
            ),
            ("post_processor", ["type": "Unknown"]),
            ("post_processor", ["type": "TemplateProcessing"]),
            (
                "post_processor",
                [
                    "type": "TemplateProcessing", "single": [["SpecialToken": ["id": "<s>"]]],
                    "special_tokens": [:],
                ]
            ),
            (
                "post_processor",
                [
                    "type": "TemplateProcessing", "single": [["SpecialToken": ["id": "<s>"]]],
                    "special_tokens": ["<s>": ["ids": [1_000_000]]],
                ]
            ),
            ("decoder", ["type": "WordPiece"]),
            ("decoder", ["type": "Strip", "content": "x", "start": 1]),
            ("added_tokens", [["id": 300]]), ("added_tokens", [["content": "x y"]]),
            ("added_tokens", [["id": 3, "content": "x y"]]),
            ("added_tokens", [["id": 300, "content": "x"], ["id": 300, "content": "yy"]]),
        ] as [(String, JSONValue)])
    func components(key: String, value: JSONValue) {
        if key == "added_tokens",
            value == [["id": 300, "content": "x"], ["id": 300, "content": "yy"]]
        {
            // The model has "x", so the second alone has the id.
            #expect(failure(tinyTokenizer(extra: [key: value])) == nil)
        } else {
            #expect(failure(tinyTokenizer(extra: [key: value])) != nil)
        }
    }

    private func gguf(_ change: (inout GGUFVocabulary) -> Void) -> String? {
        var vocabulary = GGUFVocabulary(
            model: "gpt2", pre: "gpt-2", tokens: [[0x61], [0x62], [0x61, 0x62], [0x3C, 0x3E]],
            tokenTypes: [1, 1, 1, 3], merges: [[0x61, 0x20, 0x62]], bosID: 3)
        change(&vocabulary)
        do {
            _ = try Tokenizer(gguf: vocabulary)
            return nil
        } catch { return error.description }
    }

    @Test("damaged GGUF vocabularies are errors that say what is wrong")
    func gguf() {
        #expect(gguf { _ in } == nil)
        #expect(gguf { $0.model = "bert" }?.contains("known are gpt2 and llama") == true)
        #expect(gguf { $0.pre = "nope" }?.contains("deepseek-v3") == true)
        #expect(gguf { $0.tokens = [] } != nil)
        #expect(gguf { $0.tokenTypes = [1] } != nil)
        #expect(gguf { $0.merges = [[0x61]] }?.contains("merge 0") == true)
        #expect(gguf { $0.merges = [[0x61, 0x20, 0x7A]] }?.contains("merge 0") == true)
        #expect(gguf { $0.merges = [[0x61, 0x20]] }?.contains("merge 0") == true)
        #expect(gguf { $0.merges = [[]] }?.contains("merge 0") == true)
        #expect(gguf { $0.bosID = 99 }?.contains("99") == true)
        #expect(gguf { $0.eosID = -7 }?.contains("-7") == true)
        #expect(
            gguf {
                $0.bosID = 99
                $0.addBOS = true
            } != nil)
        #expect(gguf { $0.model = "llama" }?.contains("scores") == true)
        // Broken UTF-8, empty and repeated tokens are found in the wild.
        #expect(
            gguf {
                $0.model = "llama"
                $0.tokens = [[0xFF, 0xE2], [], [0x61], [0x61]]
                $0.scores = [0, .nan, -1, -2]
            } == nil)
    }

    @Test("a broken token that is matched as a whole cuts no character")
    func brokenAddedToken() throws {
        let vocabulary = GGUFVocabulary(
            model: "llama", tokens: [[0x61], [0xF0, 0x9F], [0xF0, 0x9F, 0x9A, 0x80]],
            tokenTypes: [1, 4, 1], scores: [0, 0, 0], addSpacePrefix: false)
        #expect(try Tokenizer(gguf: vocabulary).encode("a🚀") == [0, 2])
    }

    @Test("of tokens spelled alike the last is used, as in llama.cpp")
    func duplicates() throws {
        let vocabulary = GGUFVocabulary(
            model: "gpt2", pre: "gpt-2", tokens: [[0x61], [0x62], [0x61, 0x62], [0x61, 0x62]],
            merges: [[0x61, 0x20, 0x62]])
        let tokenizer = try Tokenizer(gguf: vocabulary)
        #expect(tokenizer.encode("ab") == [3])
        #expect(tokenizer.decode([2, 3]) == "abab")
        let again = try Tokenizer(tokenizerJSON: tokenizer.tokenizerJSON(), config: nil)
        #expect(again.encode("ab") == [3])
    }

    @Test("errors never quote a token")
    func quiet() {
        let secret = "sesame"
        let failures = [
            failure(model { $0["merges"] = [.string("\(secret) b")] }),
            failure(
                tinyTokenizer(extra: ["added_tokens": [["id": 3, "content": .string(secret)]]])),
        ]
        for text in failures { #expect(text?.contains(secret) == false) }
    }
}
