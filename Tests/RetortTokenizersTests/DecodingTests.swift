// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTokenizers
import TestSupport
import Testing

@Suite struct DecodingTests {
    /// What the parts of a stream are together; no part may hold half a character.
    private func streamed(_ tokenizer: Tokenizer, _ ids: [Int32], skip: Bool) -> String {
        var stream = StreamingDetokenizer(tokenizer, skipSpecialTokens: skip)
        var text = ""
        for id in ids { text += stream.append(id) }
        return text + stream.finish()
    }

    private func sameBytes(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

    @Test("10,000 random texts come back as they were")
    func roundTrip() throws {
        let (json, _) = try deepSeekV3()
        let tokenizer = try Tokenizer(tokenizerJSON: json, config: nil)
        var random = SeededRandom(seed: 1)
        var wrong = 0
        for _ in 0..<10_000 {
            let text = randomText(&random)
            let ids = tokenizer.encode(text, addSpecialTokens: false)
            if !sameBytes(tokenizer.decode(ids), text) { wrong += 1 }
            if !sameBytes(streamed(tokenizer, ids, skip: false), text) { wrong += 1 }
        }
        #expect(wrong == 0)
    }

    @Test("SentencePiece texts come back as they were")
    func sentencePiece() throws {
        let tokenizer = try Tokenizer(gguf: ReferenceVocabulary("llama-spm").gguf)
        var random = SeededRandom(seed: 2)
        for _ in 0..<1000 {
            let text = randomText(&random)
            guard !text.unicodeScalars.contains("\u{2581}") else { continue }
            let ids = tokenizer.encode(text)
            #expect(ids.first == 1)
            #expect(sameBytes(tokenizer.decode(ids, skipSpecialTokens: true), text))
            #expect(sameBytes(streamed(tokenizer, ids, skip: true), text))
        }
        #expect(tokenizer.decode([1, 15043]) == "<s> Hello")
        #expect(tokenizer.decode([15043, 15043]) == "Hello Hello")
    }

    @Test("a stream of any tokens is the text of all of them", arguments: ReferenceVocabulary.names)
    func randomTokens(name: String) throws {
        let vocabulary = try ReferenceVocabulary(name).gguf
        let tokenizer = try Tokenizer(gguf: vocabulary)
        let ids = vocabulary.tokens.indices.filter { !vocabulary.tokens[$0].isEmpty }
        var random = SeededRandom(seed: 3)
        for _ in 0..<1000 {
            let tokens = (0..<Int.random(in: 0...30, using: &random)).map { _ in
                Int32(ids.randomElement(using: &random) ?? 0)
            }
            for skip in [false, true] {
                let whole = tokenizer.decode(tokens, skipSpecialTokens: skip)
                #expect(sameBytes(streamed(tokenizer, tokens, skip: skip), whole))
            }
        }
    }

    @Test("bytes that are not UTF-8 become what Python's errors=\"replace\" gives")
    func broken() throws {
        let tokenizer = try Tokenizer(tokenizerJSON: tinyTokenizer(), config: nil)
        let cases = try readFixture("broken.json").arrayValue ?? []
        #expect(cases.count == 300)
        for item in cases {
            let ids = item["bytes"]?.ids ?? []
            let text = item["text"]?.stringValue ?? ""
            #expect(sameBytes(tokenizer.decode(ids), text))
            #expect(sameBytes(streamed(tokenizer, ids, skip: true), text))
            // The same on the way in.
            let bytes = ids.map { UInt8(truncatingIfNeeded: $0) }
            #expect(tokenizer.encode(bytes: bytes) == text.utf8.map(Int32.init))
        }
    }

    @Test("a character is held back until it is whole")
    func heldBack() throws {
        let tokenizer = try Tokenizer(tokenizerJSON: tinyTokenizer(), config: nil)
        var stream = StreamingDetokenizer(tokenizer)
        #expect([0xF0, 0x9F, 0x9A].map { stream.append($0) } == ["", "", ""])
        #expect(stream.append(0x80) == "🚀")
        #expect(stream.append(0xE2) == "")
        #expect(stream.append(0x41) == "\u{FFFD}A")
        #expect(stream.append(0xE2) == "")
        #expect(stream.finish() == "\u{FFFD}")
        #expect(stream.finish() == "")
    }
}
