// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import Testing

@Suite struct JSONValueTests {
    @Test("members keep their order and canonically equivalent keys stay apart")
    func order() throws {
        let text = "{\"b\":1,\"\u{212B}\":2,\"\u{C5}\":3,\"A\u{30A}\":4,\"a\":5}"
        let value = try JSONValue(parsing: text)
        #expect(
            value.objectValue?.keys.map { Array($0.utf8) } == [
                Array("b".utf8), [0xE2, 0x84, 0xAB], [0xC3, 0x85], [0x41, 0xCC, 0x8A], [0x61],
            ])
        #expect(value["\u{C5}"] == 3)
        #expect(value.text().utf8.elementsEqual(text.utf8))
    }

    @Test(
        "numbers, escapes and nesting read as the specification says",
        arguments: [
            ("0", .integer(0)), ("-12", .integer(-12)), ("1.5e3", .double(1500)),
            ("9223372036854775807", .integer(.max)),
            ("9223372036854775808", .double(9_223_372_036_854_775_808)),
            (#""\u00e9\ud83e\udd99\n\/""#, "é🦙\n/"), (#""\ud800x""#, "\u{FFFD}x"),
            (" [1, [ ], {} ] ", [1, [], [:]]), ("true", true), ("null", nil),
        ] as [(String, JSONValue)])
    func values(text: String, expected: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == expected)
    }

    @Test(
        "broken documents are errors with an offset",
        arguments: [
            "", " ", "{", "[1,]", "{\"a\" 1}", "01", "1.", "1e", "-", "\"\\x\"", "\"\\u12\"",
            "\"a", "tru", "nul", "[1 2]", "{\"a\":1,}", "1 1", "\"\n\"", "NaN",
            String(repeating: "[", count: 100_000),
        ])
    func broken(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test("invalid UTF-8 in a string is an error")
    func invalidUTF8() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
    }

    @Test("the python style writes what json.dumps writes")
    func python() throws {
        let value: JSONValue = ["a": [1, 2.0, "é\"\u{1}"], "b": nil, "c": 1e-05, "d": 1e16]
        #expect(
            value.text(.python)
                == #"{"a": [1, 2.0, "é\"\u0001"], "b": null, "c": 1e-05, "d": 1e+16}"#)
        let indented: JSONValue = ["a": [1], "b": [:], "c": []]
        #expect(
            indented.text(.init(itemSeparator: ", ", keySeparator: ": ", indent: 2))
                == "{\n  \"a\": [\n    1\n  ],\n  \"b\": {},\n  \"c\": []\n}")
    }
}
