// SPDX-License-Identifier: Apache-2.0

import RetortGrammar
import RetortJSON
import Testing

@Suite struct RegexTests {
    @Test("patterns match as a whole, and as a part of a string, what Python's re matches")
    func goldens() throws {
        let cases = try fixtureArray("regex.json")
        #expect(cases.count > 90)
        for item in cases {
            let pattern = try #require(item["pattern"]?.stringValue)
            let texts = try #require(item["texts"]?.arrayValue).compactMap(\.stringValue)
            let full = try #require(item["full"]?.arrayValue).compactMap(\.boolValue)
            let search = try #require(item["search"]?.arrayValue).compactMap(\.boolValue)
            let grammar = try? Grammar(regex: pattern)
            let schema = try Grammar(jsonSchema: ["type": "string", "pattern": .string(pattern)])
            for (index, text) in texts.enumerated() {
                #expect((grammar?.accepts(text.utf8) ?? false) == full[index], "\(pattern) \(text)")
                let string = JSONValue.string(text).text()
                #expect(schema.accepts(string.utf8) == search[index], "\(pattern) in \(text)")
            }
        }
    }

    @Test(
        "what describes no regular language is not supported",
        arguments: [
            "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", #"\1"#, #"\k<a>"#, #"\b"#, #"\B"#, "(?i)a",
            #"\p{Greek}"#,
            #"\q"#,
        ])
    func unsupported(pattern: String) {
        let error = #expect(throws: GrammarError.self) { try Grammar(regex: pattern) }
        #expect(error?.kind == .unsupported)
    }

    @Test(
        "broken patterns are errors",
        arguments: [
            "(", ")", "[", "[a", "*", "a**", "+a", "a{2,1}", "^*", "[b-a]", #"\"#, #"\x1"#,
            #"\ud800"#,
            #"\u{110000}"#, "(?<a", #"\c1"#, "a{2}{3}", "{1}",
        ])
    func invalid(pattern: String) {
        let error = #expect(throws: GrammarError.self) { try Grammar(regex: pattern) }
        #expect(error?.kind == .invalid)
    }

    @Test("general categories are those of Unicode")
    func categories() throws {
        let letters = try Grammar(regex: #"[\p{L}\p{Nd}]+"#)
        for text in ["a", "é", "日本", "Ω3", "٣"] { #expect(letters.accepts(text.utf8), "\(text)") }
        for text in ["", " ", "a-b", "🦙"] { #expect(!letters.accepts(text.utf8), "\(text)") }
        let others = try Grammar(regex: #"\P{L}"#)
        #expect(others.accepts("3".utf8))
        #expect(!others.accepts("é".utf8))
    }

    @Test("escaped surrogate pairs and code points are one character")
    func escapes() throws {
        for pattern in [#"\ud83e\udd99"#, #"\u{1F999}"#, "[🦙]", #"[\u{1F999}-\u{1F99A}]"#] {
            let grammar = try Grammar(regex: pattern)
            #expect(grammar.accepts("🦙".utf8))
            #expect(!grammar.accepts("🦙🦙".utf8))
        }
    }
}
