// SPDX-License-Identifier: Apache-2.0
//
// Thoughts with a budget, stop strings, log-probabilities, pooled hidden states.

import RetortEngine
import RetortFormats
import RetortModels
import RetortTemplates
import RetortTensor
import RetortTokenizers
import TestSupport
import Testing

@Suite struct EngineThoughtTests {
    private let model: ReasoningModel
    private let prompts: [[Int32]]

    init() throws {
        let models = try SpeculationModels.shared.get()
        model = models.target
        prompts = models.prompts
    }

    private func request(_ prompt: [Int32], limit: Int = 300) -> EngineRequest {
        var generation = GenerationRequest(prompt: prompt)
        generation.maximumTokens = limit
        var request = EngineRequest(generation)
        request.reasoning = ReasoningFormat.detect(
            template: model.chatTemplateSource ?? "",
            renderedPrompt: (try? model.tokenizer.decode(prompt)) ?? "")
        return request
    }

    @Test("a thought within its budget is left alone")
    func withinBudget() async throws {
        let engine = try InferenceEngine(model)
        let free = await Outcome(try engine.submit(request(prompts[0])))
        #expect(free.reason == .stop)
        #expect(free.reasoningTokens > 4)
        var budgeted = request(prompts[0])
        budgeted.thinkingBudget = free.reasoningTokens
        #expect(await Outcome(try engine.submit(budgeted)) == free)
    }

    @Test(
        "a thought that uses up its budget is closed, and an answer follows", arguments: [0, 1, 7])
    func budget(tokens: Int) async throws {
        let engine = try InferenceEngine(model)
        for prompt in prompts.prefix(6) {
            var request = request(prompt)
            request.thinkingBudget = tokens
            let closing = try model.tokenizer.encode(
                request.reasoning.closing, addSpecialTokens: false)
            let outcome = await Outcome(try engine.submit(request))
            #expect(outcome.reasoningTokens == tokens + closing.count)
            #expect(Array(outcome.tokens.dropFirst(tokens).prefix(closing.count)) == closing)
            let (_, answer) = ReasoningParser.split(outcome.text, request.reasoning)
            #expect(answer.contains { !$0.isWhitespace })
        }
    }

    @Test("a model that thinks on after its thought was closed does not write the marker again")
    func closedOnce() async throws {
        let engine = try InferenceEngine(model)
        for prompt in prompts.prefix(8) {
            for budget in [0, 5, 20] {
                var request = request(prompt)
                request.thinkingBudget = budget
                let outcome = await Outcome(try engine.submit(request))
                #expect(outcome.text.split(separator: "</think>").count <= 2)
                #expect(outcome.text.ranges(of: "</think>").count == 1)
            }
        }
    }

    @Test("a message may stand before the closing marker")
    func budgetMessage() async throws {
        let engine = try InferenceEngine(model)
        var request = request(prompts[0])
        request.thinkingBudget = 3
        request.budgetMessage = " Time is up."
        let outcome = await Outcome(try engine.submit(request))
        #expect(outcome.text.contains(" Time is up." + request.reasoning.closing))
    }

    @Test("asked to answer now, the model closes the thought at its next token and answers")
    func answerNow() async throws {
        var options = InferenceEngine.Options()
        options.maximumRunning = 1
        let engine = try InferenceEngine(model, options: options)
        let closing = try model.tokenizer.encode(
            request(prompts[0]).reasoning.closing, addSpecialTokens: false)
        // These are in front, so that ours has not begun when it is asked.
        let others = try (0..<10).map { _ in
            var long = request(prompts[1], limit: 900)
            long.generation.ignoresStopTokens = true
            return try engine.submit(long)
        }
        let response = try engine.submit(request(prompts[0]))
        response.endThought()
        for other in others { other.cancel() }
        let outcome = await Outcome(response)
        #expect(outcome.reasoningTokens == closing.count)
        #expect(Array(outcome.tokens.prefix(closing.count)) == closing)
        #expect(outcome.tokens.count > closing.count)
        #expect(outcome.reason == .stop)
    }

    @Test("a stop string ends the answer and not the thought")
    func stopString() async throws {
        let engine = try InferenceEngine(model)
        let free = await Outcome(try engine.submit(request(prompts[0])))
        let (thought, answer) = ReasoningParser.split(free.text, request(prompts[0]).reasoning)
        let stop = String(answer.suffix(2))
        #expect(thought.contains(stop.prefix(1)))
        var stopped = request(prompts[0])
        stopped.generation.stopStrings = [stop]
        let outcome = await Outcome(try engine.submit(stopped))
        #expect(outcome.reason == .stop)
        #expect(outcome.stopString == stop)
        #expect(free.stopString == nil)
        #expect(ReasoningParser.split(outcome.text, stopped.reasoning).reasoning == thought)
        #expect(outcome.text + stop == free.text)
    }

    @Test(
        "log-probabilities of prompt and answer are those of scoring the whole", arguments: [0, 5])
    func logprobs(top: Int) async throws {
        var options = InferenceEngine.Options()
        options.cacheType = .f32
        let engine = try InferenceEngine(model, options: options)
        var request = request(Array(prompts.joined().prefix(150)), limit: 20)
        request.generation.ignoresStopTokens = true
        request.generation.sampling.temperature = 0.7
        request.generation.sampling.repetitionPenalty = 1.1
        request.generation.sampling.seed = 5
        request.topLogprobs = top
        request.promptTopLogprobs = top
        let outcome = await Outcome(try engine.submit(request))
        let all = request.generation.prompt + outcome.tokens
        let score = try Scorer(model).score(all)
        let found = outcome.promptTokens + outcome.logprobs
        #expect(found.map(\.token) == all)
        #expect(found[0].logprob == nil)
        let values = found.dropFirst().compactMap(\.logprob)
        #expect(values.count == score.logprobs.count)
        // The passes are cut otherwise, and the activations are rounded to 8 bits on the way.
        let errors = zip(values, score.logprobs).map { abs(Double($0) - $1) }
        #expect(errors.reduce(0, +) / Double(errors.count) < 0.01)
        #expect(errors.allSatisfy { $0 < 0.2 })
        for logprobs in found.dropFirst() {
            #expect(logprobs.top.count == top)
            #expect(logprobs.top.map(\.logprob) == logprobs.top.map(\.logprob).sorted(by: >))
            #expect(Set(logprobs.top.map(\.token)).count == top)
            if let own = logprobs.top.first(where: { $0.token == logprobs.token }) {
                #expect(own.logprob == logprobs.logprob)
            }
        }
    }

    @Test("asking for log-probabilities changes no token")
    func sameTokens() async throws {
        let engine = try InferenceEngine(model)
        var request = request(Array(prompts.joined().prefix(140)))
        let plain = await Outcome(try engine.submit(request))
        request.topLogprobs = 3
        request.promptTopLogprobs = 1
        #expect(await Outcome(try engine.submit(request)).tokens == plain.tokens)
    }

    @Test("a prompt alone is scored with a limit of no tokens")
    func noTokens() async throws {
        let engine = try InferenceEngine(model)
        var request = request(prompts[0], limit: 0)
        request.promptTopLogprobs = 1
        let outcome = await Outcome(try engine.submit(request))
        #expect(outcome.tokens.isEmpty)
        #expect(outcome.reason == .length)
        #expect(outcome.promptTokens.count == prompts[0].count)
    }

    @Test("the pooled hidden state does not depend on how the text was cut")
    func embedding() async throws {
        let engine = try InferenceEngine(model)
        for count in [1, 100, 300] {
            let tokens = Array(prompts.joined().prefix(count))
            let found = try await engine.embed(tokens)
            let expected = try ModelRunner(model.languageModel).meanHiddenState(of: tokens)
            #expect(found.count == model.config.hiddenSize)
            #expect(relativeError(found, expected) < 1e-5)
        }
    }
}
