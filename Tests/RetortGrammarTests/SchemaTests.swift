// SPDX-License-Identifier: Apache-2.0

import RetortGrammar
import RetortJSON
import Testing

@Suite struct SchemaTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let schema: String
        let accepted: [String]
        let rejected: [String]
        var testDescription: String { schema }

        init(_ schema: String, _ accepted: [String], _ rejected: [String]) {
            self.schema = schema
            self.accepted = accepted
            self.rejected = rejected
        }
    }

    @Test(
        "a schema's grammar accepts what satisfies the schema and nothing else",
        arguments: SchemaTests.scalars + SchemaTests.containers + SchemaTests.combinations)
    func documents(_ item: Case) throws {
        let grammar = try Grammar(jsonSchema: item.schema)
        for text in item.accepted { #expect(grammar.accepts(text.utf8), "\(text)") }
        for text in item.rejected { #expect(!grammar.accepts(text.utf8), "\(text)") }
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
            "{\n\(indent) \"a\":[]}", "{\n\n\"a\":[]}", "{\"a\":  []}", "{\"a\" :[]}", " {\"a\":[]}",
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
        let grammar = try Grammar(jsonSchema: #"{"items":{"$ref":"#"},"type":"array"}"#, limits: limits)
        let nested = { (count: Int) in
            String(repeating: "[", count: count) + String(repeating: "]", count: count)
        }
        #expect(grammar.accepts(nested(9).utf8))
        #expect(!grammar.accepts(nested(10).utf8))
    }
}

extension SchemaTests {
    static let scalars = [
        Case(#"{"type":"string"}"#, [#""""#, #""a\n\"\\\/\u00e9""#, "\"é🦙\"", #""\uD83E\udd99""#],
            ["", "a", #"""#, #""\x""#, #""\u12""#, "\"\n\"", "\"\t\"", #""\ud800""#, #""\udc00""#,
                #""\ud800\u0041""#, "1", "\"a\"b"]),
        Case(#"{"type":"integer"}"#, ["0", "-1", "12345678901234567890", "7"],
            ["01", "-", "1.0", "1e3", "+1", "-0", "", "--1", "123456789012345678901"]),
        Case(#"{"type":"number"}"#, ["0", "-0", "1.5", "-0.25e-7", "1E+10", "100"],
            ["1.", ".5", "1e", "1e+", "00", "NaN", "Infinity", "0x1", "1e100"]),
        Case(#"{"type":["boolean","null"]}"#, ["true", "false", "null"], ["True", "nul", "0", ""]),
        Case(#"{"minimum":-5,"maximum":120,"type":"integer"}"#, ["-5", "-1", "0", "99", "120"],
            ["-6", "121", "-10", "1000", "200"]),
        Case(#"{"exclusiveMinimum":9,"exclusiveMaximum":101,"type":"integer"}"#, ["10", "99", "100"],
            ["9", "101", "8", "-10", "109"]),
        Case(#"{"minimum":1.5,"maximum":4.5,"type":"integer"}"#, ["2", "4"], ["1", "5", "-2"]),
        Case(#"{"minimum":-1.5,"exclusiveMaximum":0.25,"type":"number"}"#,
            ["-1.5", "-1.50", "-1", "0", "-0", "0.0", "0.249999", "0.2", "-0.0001"],
            ["-1.51", "-2", "0.25", "0.250", "0.3", "1", "1e-9", "-1.500001"]),
        Case(#"{"minimum":1e20,"type":"number"}"#,
            ["100000000000000000000", "200000000000000000000.5"], ["99999999999999999999", "1e20"]),
        Case(#"{"minimum":5}"#, ["5", "\"a\"", "[4]", "null"], ["4", "4.9"]),
        Case(#"{"multipleOf":3,"type":"integer","minimum":-10,"maximum":100}"#, ["0", "3", "-9", "99"],
            ["1", "-10", "100", "-12"]),
        Case(#"{"multipleOf":0.05,"type":"number"}"#, ["0.05", "1.1", "2", "-0.15", "1.100"],
            ["0.01", "0.055", "1.13"]),
        Case(#"{"allOf":[{"multipleOf":4},{"multipleOf":6}],"type":"integer"}"#, ["12", "24", "0"],
            ["4", "6", "18"]),
        Case(#"{"type":"string","minLength":2,"maxLength":3}"#,
            [#""ab""#, "\"é日🦙\"", #""\n\u0041""#, #""\ud83e\udd99a""#], [#""a""#, #""abcd""#, #""""#]),
        Case(#"{"type":"string","pattern":"^a+$"}"#, [#""a""#, #""aaa""#], [#""""#, #""ab""#, #""\u0061""#]),
        Case(#"{"type":"string","pattern":"b"}"#, [#""b""#, #""abc""#, #""\"b""#], [#""ac""#, #""""#]),
        Case(#"{"type":"string","pattern":"^.$","minLength":1}"#, ["\"é\"", #""\\""#, #""\"""#],
            [#""\n""#, #""ab""#]),
        Case(#"{"type":"string","pattern":"^\\n$"}"#, [#""\n""#], [#""\u000a""#, "\"\n\""]),
        Case(#"{"type":"string","format":"date"}"#, [#""2024-02-29""#, #""1999-12-31""#, #""2000-02-29""#],
            [#""2023-02-29""#, #""1900-02-29""#, #""2024-13-01""#, #""2024-04-31""#, #""0000-01-01""#]),
        Case(#"{"type":"string","format":"date-time"}"#,
            [#""2024-02-29T23:59:59Z""#, #""2024-01-01T00:00:00.123+05:30""#],
            [#""2024-02-29 23:59:59Z""#, #""2024-02-29T24:00:00Z""#, #""2024-02-29T23:59:59""#]),
        Case(#"{"type":"string","format":"uuid"}"#, [#""123e4567-e89b-12d3-a456-426614174000""#],
            [#""123e4567e89b12d3a456426614174000""#, #""123e4567-e89b-12d3-a456-42661417400g""#]),
        Case(#"{"type":"string","format":"ipv4"}"#, [#""0.0.0.0""#, #""192.168.1.255""#],
            [#""256.1.1.1""#, #""1.1.1""#, #""01.1.1.1""#]),
        Case(#"{"type":"string","format":"ipv6"}"#, [#""::""#, #""::1""#, #""1:2:3:4:5:6:7:8""#, #""fe80::a:1""#, #""1:2:3:4:5:6:7::""#],
            [#""1:2:3""#, #""1::2::3""#, #""1:2:3:4:5:6:7:8:9""#, #""12345::""#]),
        Case(#"{"type":"string","format":"email"}"#, [#""a.b+c@example.org""#],
            [#""a@b""#, #""@example.org""#, #""a..b@example.org""#, #""a@-b.org""#]),
        Case(#"{"type":"string","format":"uri"}"#,
            [#""https://a.example/b?c=d#e""#, #""urn:isbn:123""#, #""http://u@h.de:80/%20""#],
            [#""a b""#, #""//x""#, #""http://a b""#, #""%:""#]),
        Case(#"{"enum":["a","\"é\n",1,-2.5,null,{"k":[true]}]}"#,
            [#""a""#, #""\"é\n""#, "1", "-2.5", "null", #"{"k":[true]}"#, #"{"k": [true]}"#],
            [#""b""#, "2", "true", #""\u0061""#, #"{"k":[]}"#]),
        Case(#"{"enum":["a","bb",3,null],"type":["string","null"],"minLength":2}"#, [#""bb""#, "null"],
            [#""a""#, "3"]),
        Case(#"{"allOf":[{"enum":[1,2,3]},{"enum":[2,3,4]},{"minimum":3}]}"#, ["3"], ["1", "2", "4"]),
        Case(#"{"const":"x","title":"t","description":"d","default":1,"examples":[2]}"#, [#""x""#],
            [#""y""#, "1"]),
    ]

    static let containers = [
        Case(#"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"null"}},"required":["a"],"additionalProperties":false}"#,
            [#"{"a":1}"#, #"{"a":1,"b":null}"#, #"{"a": 1, "b": null}"#],
            ["{}", #"{"b":null}"#, #"{"b":null,"a":1}"#, #"{"a":1,"c":1}"#, #"{"a":1,"a":1}"#, #"{"a":1,}"#]),
        Case(#"{"type":"object","properties":{"a":{"type":"integer"}}}"#,
            ["{}", #"{"a":1}"#, #"{"b":"x"}"#, #"{"a":1,"c":[],"d":2}"#, #"{"aa":1}"#, #"{"":1}"#],
            [#"{"a":"x"}"#, #"{"b":1,"a":2}"#, #"{"\u0061":"x"}"#]),
        Case(#"{"type":"object","additionalProperties":{"type":"integer"},"minProperties":1,"maxProperties":2}"#,
            [#"{"a":1}"#, #"{"a":1,"b":2}"#], ["{}", #"{"a":1,"b":2,"c":3}"#, #"{"a":null}"#]),
        Case(#"{"type":"object","properties":{"a":{},"b":{},"c":{}},"additionalProperties":false,"minProperties":2,"maxProperties":2}"#,
            [#"{"a":1,"b":2}"#, #"{"b":1,"c":2}"#, #"{"a":1,"c":2}"#],
            ["{}", #"{"a":1}"#, #"{"a":1,"b":2,"c":3}"#]),
        Case(#"{"type":"object","patternProperties":{"^n":{"type":"integer"},"s$":{"enum":[1,"s"]}},"additionalProperties":{"type":"null"}}"#,
            [#"{"n":5}"#, #"{"s":"s"}"#, #"{"ns":1,"x":null}"#], [#"{"ns":"s"}"#, #"{"n":null}"#, #"{"x":1}"#]),
        Case(#"{"type":"object","required":["z"],"properties":{"a":{"type":"integer"}},"additionalProperties":{"type":"string"}}"#,
            [#"{"z":"1"}"#, #"{"a":1,"z":"1","b":"2"}"#], ["{}", #"{"z":1}"#, #"{"z":"1","a":1}"#]),
        Case(#"{"type":"object","properties":{"a":false,"b":{}},"additionalProperties":{"type":"integer"}}"#,
            ["{}", #"{"b":null}"#, #"{"c":1}"#], [#"{"a":1}"#]),
        Case(#"{"type":"array","items":{"type":"integer"}}"#, ["[]", "[1]", "[1, 2,3]"], ["[1,]", "[,1]", "[\"a\"]", "[1 2]"]),
        Case(#"{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":3}"#, ["[1,2]", "[1,2,3]"],
            ["[]", "[1]", "[1,2,3,4]"]),
        Case(#"{"type":"array","items":{"type":"integer"},"minItems":2}"#, ["[1,2]", "[1,2,3,4]"], ["[]", "[1]"]),
        Case(#"{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}]}"#,
            ["[]", "[1]", #"[1,"a"]"#, #"[1,"a",null]"#], [#"["a"]"#, "[1,2]"]),
        Case(#"{"type":"array","prefixItems":[{"type":"integer"}],"items":false,"minItems":1}"#, ["[1]"], ["[]", "[1,2]"]),
        Case(#"{"items":[{"type":"integer"}],"additionalItems":{"type":"null"},"type":"array"}"#,
            ["[]", "[1]", "[1,null,null]"], ["[null]", "[1,1]"]),
        Case(#"{"minItems":1}"#, ["[1]", "1", "{}"], ["[]"]),
    ]

    static let combinations = [
        Case(#"{"anyOf":[{"type":"integer"},{"type":"string","maxLength":1}]}"#, ["1", #""a""#], [#""ab""#, "null"]),
        Case(#"{"type":"integer","anyOf":[{"maximum":3},{"minimum":10}]}"#, ["3", "10", "-7"], ["4", "9", "3.5"]),
        Case(#"{"oneOf":[{"type":"object","properties":{"k":{"const":"a"},"x":{"type":"integer"}},"required":["k","x"],"additionalProperties":false},{"type":"object","properties":{"k":{"const":"b"},"y":{"type":"null"}},"required":["k","y"],"additionalProperties":false}]}"#,
            [#"{"k":"a","x":1}"#, #"{"k":"b","y":null}"#], [#"{"k":"a","y":null}"#, #"{"k":"b","x":1}"#]),
        Case(#"{"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"a":{"minimum":5},"b":{"type":"null"}},"required":["b"]}]}"#,
            [#"{"a":5,"b":null}"#, #"{"a":6,"b":null,"c":1}"#], [#"{"a":4,"b":null}"#, #"{"a":5}"#]),
        Case(#"{"$ref":"#/$defs/a~1b%20c","$defs":{"a/b c":{"type":"null"}}}"#, ["null"], ["1"]),
        Case(#"{"$defs":{"s":{"type":"string"}},"$ref":"#/$defs/s","minLength":1}"#, [#""a""#], [#""""#, "1"]),
        Case(#"{"type":"object","properties":{"v":{"type":"integer"},"n":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["v","n"],"additionalProperties":false}"#,
            [#"{"v":1,"n":null}"#, #"{"v":1,"n":{"v":2,"n":{"v":3,"n":null}}}"#], [#"{"v":1}"#, #"{"v":1,"n":{}}"#]),
        Case(#"{"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/b"}],"$defs":{"a":{"type":"array","items":{"$ref":"#/$defs/b"}},"b":{"type":"array","items":{"$ref":"#/$defs/a"},"minItems":1}}}"#,
            ["[]", "[[]]", "[[[]]]"], ["[1]", "[[],]"]),
        Case("true", ["1", "{}", #"[null,{"a":"b"}]"#], ["", "nul"]),
    ]
}
