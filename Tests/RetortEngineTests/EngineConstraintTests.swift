// SPDX-License-Identifier: Apache-2.0
//
// Answers that must be of a form: whatever the model would like to say, what comes out is legal.

import Foundation
import RetortEngine
import RetortGrammar
import RetortJSON
import RetortTemplates
import RetortTokenizers
import TestSupport
import Testing

@Suite struct EngineConstraintTests {
    private let engine: InferenceEngine
    private let prompts: [[Int32]]

    init() throws {
        let models = try SpeculationModels.shared.get()
        engine = try InferenceEngine(models.target)
        prompts = models.prompts
    }

    private func request(
        _ pieces: [OutputConstraint.Piece], prompt: Int = 0, thinks: Bool = true, seed: UInt64 = 1
    ) throws -> EngineRequest {
        var generation = GenerationRequest(prompt: prompts[prompt])
        generation.maximumTokens = 400
        generation.sampling.temperature = 1
        generation.sampling.seed = seed
        var request = EngineRequest(generation)
        if thinks {
            request.reasoning = ReasoningFormat.detect(
                template: engine.model.chatTemplateSource ?? "",
                renderedPrompt: try engine.model.tokenizer.decode(prompts[prompt]))
        }
        request.thinkingBudget = 20
        request.constraint = OutputConstraint(pieces, cache: try engine.grammarCache())
        return request
    }

    private func answer(_ request: EngineRequest) async throws -> (
        thought: String, answer: String, outcome: Outcome
    ) {
        let outcome = await Outcome(try engine.submit(request))
        let (thought, answer) = ReasoningParser.split(outcome.text, request.reasoning)
        return (thought, answer, outcome)
    }

    @Test(
        "an answer is JSON of the schema, after a thought that is free", arguments: [true, false])
    func schema(thinks: Bool) async throws {
        let schema = """
            {"type": "object", "properties": {"result": {"type": "integer", "minimum": 0},
            "unit": {"enum": ["m", "km"]}}, "required": ["result", "unit"],
            "additionalProperties": false}
            """
        let constraint = try engine.grammarCache().constraint(for: .jsonSchema(schema))
        for prompt in 0..<6 {
            let (thought, answer, outcome) = try await answer(
                try request([.grammar(constraint)], prompt: prompt, thinks: thinks))
            #expect(outcome.reason == .stop)
            #expect(thought.isEmpty == !thinks)
            let value = try JSONValue(parsing: Data(answer.utf8))
            #expect((value["result"]?.doubleValue ?? -1) >= 0)
            #expect(["m", "km"].contains(value["unit"]?.stringValue))
        }
    }

    @Test("texts stand where they must, and a choice decides what follows")
    func pieces() async throws {
        let number = try engine.grammarCache().constraint(for: .regex("[0-9]{1,3}"))
        let word = try engine.grammarCache().constraint(for: .regex("(yes|no)!"))
        var seen: Set<String> = []
        for seed in 0..<12 {
            let (_, answer, outcome) = try await answer(
                try request(
                    [
                        .text("<call>"),
                        .choice([
                            .init("add:", then: [.text("n="), .grammar(word)]),
                            .init("sub:", then: [.grammar(word), .text("?")]),
                        ]),
                        .text(" = "), .grammar(number),
                    ], thinks: false, seed: UInt64(seed)))
            #expect(outcome.reason == .stop)
            #expect(
                answer.wholeMatch(of: /<call>(add:n=(yes|no)!|sub:(yes|no)!\?) = [0-9]{1,3}/) != nil
            )
            seen.insert(String(answer.dropFirst(6).prefix(3)))
        }
        #expect(seen == ["add", "sub"])
    }

    @Test("an answer of text alone is that text, and ends")
    func text() async throws {
        let (_, answer, outcome) = try await answer(
            try request([.text("Certainly: "), .text("42.")]))
        #expect(answer == "Certainly: 42.")
        #expect(outcome.reason == .stop)
    }

    @Test("constrained and free answers share passes without touching each other")
    func together() async throws {
        let constraint = try engine.grammarCache().constraint(for: .jsonObject)
        let free = try prompts.prefix(4).map { prompt -> EngineRequest in
            var request = try request([], thinks: false)
            request.constraint = nil
            request.generation.prompt = prompt
            return request
        }
        var alone: [Outcome] = []
        for request in free { alone.append(await Outcome(try engine.submit(request))) }
        let forced = try (0..<4).map {
            try engine.submit(try request([.grammar(constraint)], prompt: $0))
        }
        let responses = try free.map { try engine.submit($0) }
        for (response, expected) in zip(responses, alone) {
            #expect(await Outcome(response) == expected)
        }
        for response in forced { #expect(await Outcome(response).error == nil) }
    }
}
