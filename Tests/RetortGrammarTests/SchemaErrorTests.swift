// SPDX-License-Identifier: Apache-2.0

import RetortGrammar
import RetortJSON
import Testing

@Suite struct SchemaErrorTests {
    @Test("what is not supported is an error that names the keyword's path")
    func unsupported() throws {
        let cases = try fixtureArray("unsupported.json")
        #expect(cases.count > 10)
        for item in cases {
            let schema = try #require(item["schema"]?.stringValue)
            let error = #expect(throws: GrammarError.self, "\(schema)") {
                try Grammar(jsonSchema: schema)
            }
            #expect(error?.kind == .unsupported, "\(schema)")
            #expect(error?.path == item["path"]?.stringValue, "\(schema)")
        }
    }

    @Test("what is no schema is an error with a path")
    func invalid() throws {
        let cases = try fixtureArray("invalid.json")
        #expect(cases.count > 10)
        for item in cases {
            let schema = try #require(item["schema"]?.stringValue)
            let error = #expect(throws: GrammarError.self, "\(schema)") {
                try Grammar(jsonSchema: schema)
            }
            #expect(error?.kind == .invalid, "\(schema)")
            #expect(error?.path == item["path"]?.stringValue, "\(schema)")
        }
    }

    @Test(
        "a schema that nothing satisfies is an error",
        arguments: [
            "false", #"{"type":"integer","minimum":2,"maximum":1}"#, #"{"type":[]}"#,
            #"{"allOf":[{"type":"integer"},{"type":"string"}]}"#, #"{"enum":[1],"type":"string"}"#,
            #"{"type":"object","required":["a"],"additionalProperties":false}"#,
            ##"{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}"##,
            #"{"type":"array","items":false,"minItems":1}"#, #"{"type":"string","pattern":"a^b"}"#,
        ])
    func unsatisfiable(schema: String) {
        let error = #expect(throws: GrammarError.self) { try Grammar(jsonSchema: schema) }
        #expect(error?.kind == .unsatisfiable)
    }

    @Test(
        "what would grow beyond the limits is an error, at once",
        .timeLimit(.minutes(1)),
        arguments: [
            #"{"type":"string","maxLength":10000000}"#, #"{"type":"array","minItems":100000000}"#,
            #"{"type":"string","pattern":"(a|b)*a(a|b){30}"}"#,
            #"{"type":"string","pattern":"((a{1000}){1000}){1000}"}"#,
            String(repeating: #"{"items":"#, count: 500) + "{}"
                + String(repeating: "}", count: 500),
            doubling(levels: 40, keyword: "allOf"), doubling(levels: 40, keyword: "anyOf"),
            #"{"pattern":"\#(String(repeating: "(", count: 5000))"}"#,
        ])
    func limits(schema: String) throws {
        do throws(GrammarError) {
            _ = try Grammar(jsonSchema: schema)
            // Doubling references are few schemas, which may well fit.
            #expect(schema.contains("$ref"))
        } catch {
            // Too much nesting is found by the reader of the schema's text.
            #expect(error.kind == .limit || schema.hasPrefix(#"{"items"#))
        }
    }

    /// Definitions each of which refers to the next one twice.
    static func doubling(levels: Int, keyword: String) -> String {
        let definitions = (0..<levels).map { level in
            let next = ##"{"$ref":"#/$defs/d\##(level + 1)"}"##
            return #""d\#(level)":{"\#(keyword)":[\#(next),\#(next)]}"#
        }
        return ##"{"$ref":"#/$defs/d0","$defs":{\##(definitions.joined(separator: ",")),"##
            + #""d\#(levels)":{"type":"null"}}}"#
    }
}
