// SPDX-License-Identifier: Apache-2.0

import RetortEvaluation
import RetortJSON
import Testing

@Suite struct SchemaGraderTests {
    @Test("documents are judged as by jsonschema")
    func reference() throws {
        for item in try evaluationFixture("schemas").arrayValue ?? [] {
            let schema = try #require(item["schema"])
            let validator = try SchemaValidator(schema)
            let documents = try #require(item["documents"]?.arrayValue)
            let expected = try #require(item["valid"]?.arrayValue)
            for (document, isValid) in zip(documents, expected) {
                #expect(
                    validator.accepts(document) == isValid.boolValue,
                    "\(schema.text()) of \(document.text())")
            }
        }
    }

    @Test(
        "what is wrong or not supported in a schema is named with its place",
        arguments: [
            (["properties": ["a": ["format": "date"]]], "$.properties.a.format"),
            (["unevaluatedProperties": false], "'unevaluatedProperties' is not supported"),
            (["type": "text"], "$.type"), (["typo": 1], "'typo' is not supported"),
            (["$ref": "https://example.org/x"], "points to nothing"),
            (["allOf": .array([])], "$.allOf"),
            (["$ref": "#/$defs/none"], "points to nothing"), (["minLength": -1], "$.minLength"),
            (["multipleOf": 0], "above 0"), (["pattern": "("], "$.pattern"),
            (["items": 3], "$.items"),
            (["patternProperties": ["(": true]], "$.patternProperties"),
            (["required": "a"], "$.required"),
            (["$ref": "#"], "refers to itself"), (["enum": .array([])], "$.enum"),
            (
                [
                    "$defs": [
                        "a": ["anyOf": [["$ref": "#/$defs/b"]]],
                        "b": ["not": ["$ref": "#/$defs/a"]],
                    ],
                    "$ref": "#/$defs/a",
                ], "refers to itself"
            ),
            (["$defs": ["a": ["$id": "x"]]], "root only"), (["$dynamicRef": "#a"], "not supported"),
        ] as [(JSONValue, String)])
    func wrong(schema: JSONValue, expected: String) {
        let text = evaluationFailure { _ = try SchemaGrader(schema) }
        #expect(text.contains(expected), "\(text)")
    }

    @Test("a document may stand in a fence, alone or within a mark")
    func extraction() async throws {
        let grader = try SchemaGrader(["type": "object", "required": ["a"]])
        func outcome(_ text: String) async throws -> Outcome {
            try await grade(text, by: grader).outcome
        }
        #expect(try await outcome("{\"a\": 1}") == .correct)
        #expect(try await outcome("Here:\n```json\n{\"a\": 1}\n```\nDone.") == .correct)
        #expect(try await outcome("<answer>{\"a\": {}}</answer>") == .correct)
        #expect(try await outcome("{\"b\": 1}") == .wrong)
        #expect(try await outcome("Here: {\"a\": 1}") == .malformed)
        #expect(try await outcome("```\n{\"a\":1}\n```\n```\n{\"a\": 2}\n```") == .wrong)
        #expect(try await outcome("") == .noAnswer)
        #expect(try await outcome("<think>{\"a\": 1}</think>") == .noAnswer)
        let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
        #expect(try await outcome(deep) == .malformed)
    }

    @Test("an answer cannot make the grader fail by taking long")
    func expensive() async throws {
        let unique = try SchemaGrader(["uniqueItems": true])
        let list = "[" + (0..<3000).map(String.init).joined(separator: ",") + "]"
        #expect(try await grade(list, by: unique).outcome == .wrong)
        // Each level doubles the work.
        let schema: JSONValue = [
            "$defs": ["n": ["items": ["anyOf": [["$ref": "#/$defs/n"], ["$ref": "#/$defs/n"]]]]],
            "oneOf": [["$ref": "#/$defs/n"], ["$ref": "#/$defs/n"]],
        ]
        let nested = String(repeating: "[", count: 50) + String(repeating: "]", count: 50)
        #expect(try await grade(nested, by: try SchemaGrader(schema)).outcome == .wrong)
    }
}
