// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTokenizers
import Testing

@Suite struct AddedTokenTests {
    private func tokenizer(_ tokens: [JSONValue], normalizer: JSONValue = nil) throws -> Tokenizer {
        try Tokenizer(
            tokenizerJSON: tinyTokenizer(
                extra: ["added_tokens": .array(tokens), "normalizer": normalizer]), config: nil)
    }

    private func token(
        _ content: String, _ id: Int64, special: Bool = true, normalized: Bool = false,
        left: Bool = false, right: Bool = false, word: Bool = false
    ) -> JSONValue {
        [
            "id": .integer(id), "content": .string(content), "special": .bool(special),
            "normalized": .bool(normalized), "lstrip": .bool(left), "rstrip": .bool(right),
            "single_word": .bool(word),
        ]
    }

    /// Bytes are their own ids.
    private func bytes(_ text: String) -> [Int32] { text.utf8.map(Int32.init) }

    @Test("the longest of the leftmost tokens is taken")
    func longest() throws {
        let tokenizer = try tokenizer([token("<a>", 300), token("<a><b>", 301), token("b>", 302)])
        #expect(tokenizer.encode("<a><b><a>") == [301, 300])
        #expect(tokenizer.encode("<a><bb>") == [300] + bytes("<b") + [302])
        #expect(tokenizer.encode("<a") == bytes("<a"))
        #expect(tokenizer.vocabularySize == 303)
    }

    @Test("special tokens in a text can be left unread, others cannot")
    func unread() throws {
        let tokenizer = try tokenizer([token("<s>", 300), token("<x>", 301, special: false)])
        #expect(
            tokenizer.encode("<s><x>", parseSpecialTokens: false) == bytes("<s>") + [301])
        #expect(tokenizer.encode("<s><x>") == [300, 301])
        #expect(tokenizer.decode([300, 301], skipSpecialTokens: true) == "<x>")
        #expect(tokenizer.decode([300, 301, 999, -4]) == "<s><x>")
    }

    @Test("tokens take white space along where they say so")
    func strip() throws {
        let tokenizer = try tokenizer([
            token("<l>", 300, left: true), token("<r>", 301, right: true),
            token("<b>", 302, left: true, right: true),
        ])
        #expect(tokenizer.encode("a \u{3000}<l> b") == bytes("a") + [300] + bytes(" b"))
        #expect(tokenizer.encode("a <r>\n b") == bytes("a ") + [301] + bytes("b"))
        #expect(tokenizer.encode("<b>  <b>  <l>") == [302, 302, 300])
        #expect(tokenizer.encode("  <b>  ") == [302])
    }

    @Test("single words stand between what is no word")
    func singleWord() throws {
        let tokenizer = try tokenizer([token("the", 300, special: false, word: true)])
        #expect(tokenizer.encode("the") == [300])
        #expect(tokenizer.encode("then") == bytes("then"))
        #expect(tokenizer.encode("éthe") == bytes("éthe"))
        #expect(tokenizer.encode("(the)") == bytes("(") + [300] + bytes(")"))
    }

    @Test("normalised tokens are found in the normalised text")
    func normalized() throws {
        let tokenizer = try tokenizer(
            [token("\u{E9}-", 300, special: false, normalized: true), token("e\u{301}!", 301)],
            normalizer: ["type": "NFC"])
        #expect(tokenizer.encode("e\u{301}-") == [300])
        #expect(tokenizer.encode("e\u{301}!") == [301])
        #expect(tokenizer.encode("xe\u{301}-\u{301}") == bytes("x") + [300] + bytes("\u{301}"))
    }

    @Test("an added token that the model has too keeps the model's id")
    func modelID() throws {
        let tokenizer = try tokenizer([token("A", 300)])
        #expect(tokenizer.encode("xAx") == bytes("xAx"))
        #expect(tokenizer.isSpecial(0x41))
        #expect(tokenizer.decode(bytes("xAx"), skipSpecialTokens: true) == "xx")
    }
}
