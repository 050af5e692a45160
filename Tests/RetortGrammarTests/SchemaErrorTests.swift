// SPDX-License-Identifier: Apache-2.0

import RetortGrammar
import Testing

@Suite struct SchemaErrorTests {
    @Test(
        "what is not supported is an error that names the keyword's path",
        arguments: [
            (#"{"not":{}}"#, "$.not"),
            (#"{"type":"object","properties":{"a":{"not":{}}}}"#, "$.properties.a.not"),
            (#"{"properties":{"a b":{"if":{}}}}"#, #"$.properties["a b"].if"#),
            (#"{"anyOf":[{},{"items":{"contains":1}}]}"#, "$.anyOf[1].items.contains"),
            (#"{"uniqueItems":true}"#, "$.uniqueItems"),
            (#"{"type":"string","format":"iri"}"#, "$.format"),
            (#"{"pattern":"(?=a)"}"#, "$.pattern"),
            (#"{"properties":{"p":{"type":"string","pattern":"a(?<!b)\\1"}}}"#, "$.properties.p.pattern"),
            (#"{"patternProperties":{"\\bx":{}}}"#, "$.patternProperties"),
            (#"{"$ref":"https://example.org/s"}"#, "$.$ref"),
            (#"{"multipleOf":0.00123,"type":"number"}"#, nil),
            (#"{"type":"integer","multipleOf":123457}"#, "$.multipleOf"),
            (#"{"type":"object","minProperties":3}"#, "$.minProperties"),
            (#"{"$defs":{"a":{"propertyNames":{}}},"$ref":"#/$defs/a"}"#, "$.$defs.a.propertyNames"),
        ] as [(String, String?)])
    func unsupported(schema: String, path: String?) throws {
        guard let path else {
            _ = try Grammar(jsonSchema: schema)
            return
        }
        let error = #expect(throws: GrammarError.self) { try Grammar(jsonSchema: schema) }
        #expect(error?.kind == .unsupported)
        #expect(error?.path == path)
    }

    @Test(
        "what is no schema is an error with a path",
        arguments: [
            ("{", nil), ("[]", "$"), (#"{"type":"text"}"#, "$.type"), (#"{"properties":[]}"#, "$.properties"),
            (#"{"properties":{"a":1}}"#, "$.properties.a"), (#"{"enum":[]}"#, "$.enum"),
            (#"{"minLength":-1}"#, "$.minLength"), (#"{"minItems":"a"}"#, "$.minItems"),
            (#"{"required":[1]}"#, "$.required"), (#"{"pattern":"("}"#, "$.pattern"),
            (#"{"$ref":"#/$defs/none"}"#, "$.$ref"), (#"{"anyOf":{}}"#, "$.anyOf"),
            (#"{"$ref":"#"}"#, "$"), (#"{"anyOf":[{"$ref":"#"}]}"#, "$"),
            (#"{"minimum":"1"}"#, "$.minimum"), (#"{"multipleOf":0,"type":"number"}"#, "$.multipleOf"),
        ] as [(String, String?)])
    func invalid(schema: String, path: String?) {
        let error = #expect(throws: GrammarError.self) { try Grammar(jsonSchema: schema) }
        #expect(error?.kind == .invalid)
        #expect(error?.path == path)
    }

    @Test(
        "a schema that nothing satisfies is an error",
        arguments: [
            "false", #"{"type":"integer","minimum":2,"maximum":1}"#, #"{"type":[]}"#,
            #"{"allOf":[{"type":"integer"},{"type":"string"}]}"#, #"{"enum":[1],"type":"string"}"#,
            #"{"type":"object","required":["a"],"additionalProperties":false}"#,
            #"{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}"#,
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
            String(repeating: #"{"items":"#, count: 500) + "{}" + String(repeating: "}", count: 500),
            doubling(levels: 40, keyword: "allOf"), doubling(levels: 40, keyword: "anyOf"),
            #"{"pattern":"\#(String(repeating: "(", count: 5000))"}"#,
        ])
    func limits(schema: String) throws {
        do {
            _ = try Grammar(jsonSchema: schema)
            // Doubling references are few schemas: those that fit may pass.
            #expect(schema.contains("allOf") || schema.contains("anyOf"))
        } catch let error as GrammarError {
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
