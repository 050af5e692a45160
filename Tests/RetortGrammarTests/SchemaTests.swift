// SPDX-License-Identifier: Apache-2.0

import RetortGrammar
import RetortJSON
import Testing

@Suite struct SchemaTests {
    @Test("a schema's grammar accepts what satisfies the schema and nothing else")
    func documents() throws {
        let cases = try fixtureArray("documents.json")
        #expect(cases.count > 50)
        for item in cases {
            let schema = try #require(item["schema"]?.stringValue)
            let grammar = try Grammar(jsonSchema: schema)
            for text in try #require(item["accepted"]?.arrayValue).compactMap(\.stringValue) {
                #expect(grammar.accepts(text.utf8), "\(schema): \(text)")
            }
            for text in try #require(item["rejected"]?.arrayValue).compactMap(\.stringValue) {
                #expect(!grammar.accepts(text.utf8), "\(schema): \(text)")
            }
        }
    }

    @Test("white space is optional, bounded, and can be forbidden")
    func whitespace() throws {
        let schema = #"{"type":"object","properties":{"a":{"type":"array"}},"required":["a"]}"#
        let flexible = try Grammar(jsonSchema: schema)
        let compact = try Grammar(jsonSchema: schema, whitespace: .compact)
        let document = try JSONValue(parsing: #"{"a":[1,{"b":[]}]}"#)
        for style in [JSONValue.WritingStyle.compact, .pretty, .python] {
            let text = document.text(style)
            #expect(flexible.accepts(text.utf8))
            #expect(compact.accepts(text.utf8) == !text.contains(" "))
        }
        let indent = String(repeating: " ", count: 32)
        #expect(flexible.accepts("{\n\(indent)\"a\":[]}".utf8))
        for text in [
            "{\n\(indent) \"a\":[]}", "{\n\n\"a\":[]}", "{\"a\":  []}", "{\"a\" :[]}",
            " {\"a\":[]}",
            "{\"a\":[]} ", "{ \"a\":[]}", "{\"a\":\n[]}", "{\"a\":[ ]}",
        ] {
            #expect(!flexible.accepts(text.utf8), "\(text)")
        }
    }

    @Test("the text of an object is any JSON object")
    func jsonObject() throws {
        let grammar = try Grammar.jsonObject()
        for text in ["{}", #"{"a":null,"b":[1.5e-3,{"":{}}]}"#, #"{"\ud83e\udd99":"🦙\u0000"}"#] {
            #expect(grammar.accepts(text.utf8), "\(text)")
        }
        for text in ["[]", "1", "{", "{}}", #"{"a"}"#, #"{"a":01}"#, #"{a:1}"#, #"{"a":1,}"#, ""] {
            #expect(!grammar.accepts(text.utf8), "\(text)")
        }
    }

    @Test("broken UTF-8 is never part of a string", arguments: [#"{"type":"string"}"#, "{}"])
    func invalidUTF8(schema: String) throws {
        let grammar = try Grammar(jsonSchema: schema)
        let broken: [[UInt8]] = [
            [0x80], [0xC0, 0x80], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80],
            [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80], [0xFF],
        ]
        for bytes in broken { #expect(!grammar.accepts([0x22] + bytes + [0x22]), "\(bytes)") }
        for text in ["\u{7F}", "é", "\u{7FF}", "\u{800}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}"] {
            #expect(grammar.accepts(Array("\"\(text)\"".utf8)), "\(text)")
        }
    }

    @Test("nesting goes as deep as the limit allows and no deeper")
    func depth() throws {
        var limits = GrammarLimits()
        limits.documentDepth = 8
        let grammar = try Grammar(
            jsonSchema: ##"{"items":{"$ref":"#"},"type":"array"}"##, limits: limits)
        let nested = { (count: Int) in
            String(repeating: "[", count: count) + String(repeating: "]", count: count)
        }
        #expect(grammar.accepts(nested(9).utf8))
        #expect(!grammar.accepts(nested(10).utf8))
    }
}
