// SPDX-License-Identifier: Apache-2.0
//
// The bundled model from end to end, against transformers and against arithmetic. The fixtures come
// from Tools/bundled_model.

import Foundation
import RetortEngine
import RetortJSON
import RetortModels
import RetortTensor
import RetortTokenizers
import TestSupport
import Testing

/// Opened once for all tests.
private let bundled = Result { try ReasoningModel(path: try BundledModel.path(), name: "bundled") }

private func json(_ name: String) throws -> JSONValue {
    try JSONValue(parsing: try Data(contentsOf: fixture(name)))
}

private func integers(_ value: JSONValue?) -> [Int32] {
    value?.arrayValue?.compactMap { $0.intValue.map { Int32($0) } } ?? []
}

@Suite struct BundledModelTests {
    @Test("template, tokenizer and greedy tokens equal transformers' on held-out prompts")
    func golden() throws {
        let model = try bundled.get()
        let cases = try #require(try json("bundled-golden.json").arrayValue)
        #expect(cases.count >= 40)
        let generator = try Generator(model, cacheType: .f32)
        var different = 0
        for entry in cases {
            let messages = try #require(entry["prompt_messages"])
            let prompt = try model.render(JSONObject([("messages", messages)]))
            let ids = try model.tokenizer.encode(prompt, addSpecialTokens: false)
            #expect(ids == integers(entry["prompt_ids"]))
            var output: [Int32] = []
            _ = try generator.generate(GenerationRequest(prompt: ids)) { token in
                output.append(token)
                return true
            }
            let expected = integers(entry["output_ids"]).filter { !model.stopTokens.contains($0) }
            if output != expected { different += 1 }
        }
        // The reference runs q8_0 weights on f32 activations, the kernels on int8 ones: a near-tie
        // may fall the other way.
        #expect(different <= cases.count / 20)
    }

    @Test("held-out problems are solved and other questions declined as often as the card says")
    func accuracy() throws {
        let model = try bundled.get()
        let problems = try json("bundled-problems.json")
        let inScope = try #require(problems["problems"]?.arrayValue)
        let outOfScope = try #require(problems["off_topic"]?.arrayValue)
        func answer(_ prompt: JSONValue?) throws -> ChatResponse {
            try ChatSession(model).respond(to: try #require(prompt?.stringValue)) { _ in }
        }
        var right: [Bool] = []
        for problem in inScope {
            let expected = try #require(problem["expected"]?.intValue)
            let response = try answer(problem["prompt"])
            let digits = response.answer.filter { $0.isNumber || $0 == " " || $0 == "." }
            let numbers = digits.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }
            right.append(numbers.last == expected)
        }
        // First the products of up to three digits, then sums, which it does less well.
        let products = right.prefix(150)
        #expect(products.count { $0 } * 100 >= products.count * 95)
        #expect(right.count { $0 } * 100 >= right.count * 92)
        var declined = 0
        for prompt in outOfScope where !(try answer(prompt).answer.contains("=")) {
            declined += 1
        }
        #expect(Double(declined) >= 0.9 * Double(outOfScope.count))
    }
}

@Suite struct GeneratorTests {
    private func prompt(_ model: ReasoningModel, _ text: String) throws -> [Int32] {
        let messages: JSONValue = [["role": "user", "content": .string(text)]]
        let rendered = try model.render(JSONObject([("messages", messages)]))
        return try model.tokenizer.encode(rendered, addSpecialTokens: false)
    }

    private func run(
        _ generator: Generator, _ request: GenerationRequest, cancellation: Cancellation? = nil,
        after count: Int = .max
    ) throws -> ([Int32], FinishReason, GenerationUsage) {
        var tokens: [Int32] = []
        let (reason, usage) = try generator.generate(request, cancellation: cancellation) {
            tokens.append($0)
            if tokens.count == count { cancellation?.cancel() }
            return true
        }
        return (tokens, reason, usage)
    }

    @Test(
        "a prompt that continues the last one is read from where it differs, with the same result")
    func prefix() throws {
        let model = try bundled.get()
        let generator = try Generator(model)
        let first = try prompt(model, "What is 12 * 34?")
        let second = try prompt(model, "What is 12 * 35?")
        let (_, _, cold) = try run(generator, GenerationRequest(prompt: first))
        #expect(cold.cachedTokens == 0)
        let (warm, _, usage) = try run(generator, GenerationRequest(prompt: second))
        #expect(usage.cachedTokens > 5 && usage.cachedTokens < second.count)
        let (fresh, _, _) = try run(try Generator(model), GenerationRequest(prompt: second))
        #expect(warm == fresh)
    }

    @Test("limits, cancellation and the end of the context end a generation, and say so")
    func endings() throws {
        let model = try bundled.get()
        let generator = try Generator(model, contextLength: 100)
        var request = GenerationRequest(prompt: try prompt(model, "What is 417 * 386?"))
        request.maximumTokens = 3
        let (tokens, reason, usage) = try run(generator, request)
        #expect(tokens.count == 3 && reason == .length && usage.completionTokens == 3)
        request.maximumTokens = nil
        request.ignoresStopTokens = true
        let (all, full, _) = try run(generator, request)
        #expect(full == .length && all.count == 100 - request.prompt.count)
        let cancellation = Cancellation()
        let (some, cancelled, _) = try run(
            generator, request, cancellation: cancellation, after: 5)
        #expect(cancelled == .cancelled && some.count == 5)
        #expect(some == Array(all.prefix(5)))
    }

    @Test("an empty prompt, one that is too long and a context that is too long are errors")
    func badInput() throws {
        let model = try bundled.get()
        let generator = try Generator(model, contextLength: 8)
        #expect(throws: EngineError.self) {
            try run(generator, GenerationRequest(prompt: []))
        }
        #expect(throws: EngineError.self) {
            try run(generator, GenerationRequest(prompt: [Int32](repeating: 1, count: 8)))
        }
        #expect(throws: ModelError.self) {
            try run(generator, GenerationRequest(prompt: [-1]))
        }
        #expect(throws: EngineError.self) { try Generator(model, contextLength: 1 << 30) }
    }

    @Test("a stream of events adds up to the response, and ending it early cancels")
    func stream() async throws {
        let session = try ChatSession(try bundled.get())
        var reasoning = ""
        var answer = ""
        var response: ChatResponse?
        for try await event in session.respond(to: "What is 21 * 2?") {
            switch event {
            case .reasoning(let text): reasoning += text
            case .answer(let text): answer += text
            case .finished(let whole): response = whole
            }
        }
        let whole = try #require(response)
        #expect(whole.answer.contains("42"))
        #expect(whole.reasoning == reasoning && whole.answer == answer)
        #expect(session.messages.count == 2)
        for try await _ in session.respond(to: "What is 417 * 386?") { break }
        // The next call waits until the one before has stopped.
        let next = try session.respond(to: "What is 3 + 4?") { _ in }
        #expect(next.answer.contains("7"))
    }
}
