// SPDX-License-Identifier: Apache-2.0

import RetortGrammar
import RetortJSON
import TestSupport
import Testing

@Suite struct RandomWalkTests {
    @Test("texts of random legal tokens satisfy their schema, for every schema")
    func walks() throws {
        let vocabulary = try SampleVocabulary()
        let schemas = try fixtureSchemas()
        #expect(schemas.count >= 60)
        var random = SeededRandom(seed: 2026)
        for (name, schema) in schemas {
            let constraint = try TokenConstraint(
                try Grammar(jsonSchema: schema), vocabulary: vocabulary.tokens)
            let validator = SchemaValidator(root: schema)
            for length in [0, 3, 10, 30, 80, 5, 15, 40] {
                let bytes = try #require(
                    randomWalk(constraint, vocabulary, length: length, random: &random), "\(name)")
                let text = String(decoding: bytes, as: UTF8.self)
                let value = try JSONValue(parsing: bytes)
                #expect(try validator.accepts(value), "\(name): \(text)")
            }
        }
    }

    @Test("the validator refuses what does not satisfy a schema")
    func validator() throws {
        let schema: JSONValue = [
            "type": "object", "properties": ["a": ["type": "integer", "minimum": 3]],
            "required": ["a"],
            "additionalProperties": false,
        ]
        let validator = SchemaValidator(root: schema)
        #expect(try validator.accepts(["a": 3]))
        for value in [["a": 2], ["a": "x"], [:], ["a": 3, "b": 1], 1] as [JSONValue] {
            #expect(try !validator.accepts(value))
        }
    }
}
