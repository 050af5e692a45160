// SPDX-License-Identifier: Apache-2.0
//
// The engine with the bundled model: what is computed together is what would be computed alone,
// everything accepted ends, and nothing is left behind.

import RetortEngine
import RetortModels
import RetortTemplates
import RetortTensor
import TestSupport
import Testing

/// All that a request gave. How much of its prompt was known before makes no other outcome.
struct Outcome: Equatable {
    var tokens: [Int32] = []
    var text = ""
    var reasoningTokens = 0
    var promptTokens: [TokenLogprobs] = []
    var logprobs: [TokenLogprobs] = []
    var reason: FinishReason?
    var cachedTokens = 0
    var stopString: String?
    var error: EngineError?

    static func == (left: Self, right: Self) -> Bool {
        left.tokens == right.tokens && left.text == right.text
            && left.reasoningTokens == right.reasoningTokens
            && left.promptTokens == right.promptTokens && left.logprobs == right.logprobs
            && left.reason == right.reason && left.stopString == right.stopString
            && left.error == right.error
    }

    init(_ response: EngineResponse, _ onEvent: (EngineEvent) -> Void = { _ in }) async {
        for await event in response.events {
            onEvent(event)
            switch event {
            case .queued, .prompt: break
            case .promptToken(let logprobs): promptTokens.append(logprobs)
            case .token(let token):
                tokens.append(token.token)
                text += token.text
                if token.isReasoning { reasoningTokens += 1 }
                if let found = token.logprobs { logprobs.append(found) }
            case .rest(let rest): text += rest
            case .finished(let reason, let usage):
                self.reason = reason
                cachedTokens = usage.cachedTokens
                stopString = usage.stopString
                #expect(usage.completionTokens == tokens.count)
                #expect(usage.reasoningTokens == reasoningTokens)
            case .failed(let error): self.error = error
            }
        }
    }
}

@Suite struct InferenceEngineTests {
    private let models: SpeculationModels

    init() throws { models = try SpeculationModels.shared.get() }

    /// How a model attends, and with it where a prompt's known beginning may end.
    enum Attention: CaseIterable {
        case latent, grouped

        /// Latents are expanded for a chunk of the prompt at a time, which must begin alike.
        func known(_ tokens: Int) -> Int { self == .latent ? tokens / 128 * 128 : tokens }
    }

    private func engine(
        _ attention: Attention = .latent,
        _ change: (inout InferenceEngine.Options) -> Void = { _ in }
    ) throws -> InferenceEngine {
        var options = InferenceEngine.Options()
        change(&options)
        return try InferenceEngine(
            attention == .latent ? models.target : models.grouped, options: options)
    }

    private func request(_ prompt: [Int32], limit: Int = 40, seed: UInt64? = nil) -> EngineRequest {
        var generation = GenerationRequest(prompt: prompt)
        generation.maximumTokens = limit
        if let seed {
            generation.sampling.temperature = 1.2
            generation.sampling.topP = 0.95
            generation.sampling.seed = seed
        }
        return EngineRequest(generation)
    }

    /// Every page is either free or kept for later prompts once nothing runs.
    private func expectNothingLeft(_ engine: InferenceEngine) {
        let statistics = engine.statistics
        #expect(statistics.running == 0)
        #expect(statistics.waiting == 0)
        #expect(statistics.freePages + statistics.keptPages == statistics.pages)
    }

    @Test("answers computed together are those computed alone, greedy and with seeds")
    func together() async throws {
        let engine = try engine()
        let requests = models.prompts.enumerated().map { index, prompt in
            request(prompt, limit: 10 + index * 8, seed: index % 3 == 0 ? UInt64(index) : nil)
        }
        var alone: [Outcome] = []
        for request in requests { alone.append(await Outcome(try engine.submit(request))) }
        let responses = try requests.map { try engine.submit($0) }
        var outcomes: [Outcome] = []
        for response in responses { outcomes.append(await Outcome(response)) }
        #expect(outcomes == alone)
        #expect(alone.contains { $0.reason == .stop } && alone.contains { $0.reason == .length })
        #expect(engine.statistics.sequencesInPasses > engine.statistics.passes)
        expectNothingLeft(engine)
    }

    @Test("the engine gives the tokens of the generator")
    func generator() async throws {
        let engine = try engine()
        let generator = try Generator(models.target)
        for prompt in models.prompts.prefix(8) {
            var tokens: [Int32] = []
            let (reason, _) = try generator.generate(request(prompt).generation) {
                tokens.append($0)
                return true
            }
            let outcome = await Outcome(try engine.submit(request(prompt)))
            #expect(outcome.tokens == tokens)
            #expect(outcome.reason == reason)
        }
    }

    @Test(
        "a prompt that was read before is not read again, and gives the same tokens",
        arguments: Attention.allCases)
    func prefix(attention: Attention) async throws {
        let engine = try engine(attention)
        let prompt = Array(models.prompts.joined().prefix(300))
        let cold = await Outcome(try engine.submit(request(prompt)))
        let warm = await Outcome(try engine.submit(request(prompt)))
        #expect(cold.cachedTokens == 0)
        #expect(warm.cachedTokens == attention.known(299))
        #expect(warm.tokens == cold.tokens)
        // Another end, the same beginning.
        let other = prompt.prefix(200) + prompt.reversed().prefix(60)
        let mixed = await Outcome(try engine.submit(request(Array(other))))
        #expect(mixed.cachedTokens == attention.known(200))
        let another = try self.engine(attention)
        let fresh = await Outcome(try another.submit(request(Array(other))))
        #expect(mixed.tokens == fresh.tokens)
        #expect(engine.statistics.cachedTokens == warm.cachedTokens + mixed.cachedTokens)
        expectNothingLeft(engine)
    }

    @Test(
        "a second turn reads only what is new, also of what the model wrote",
        arguments: Attention.allCases)
    func turns(attention: Attention) async throws {
        let engine = try engine(attention)
        let prompt = Array(models.prompts.joined().prefix(120))
        var first = request(prompt, limit: 30)
        first.generation.ignoresStopTokens = true
        let outcome = await Outcome(try engine.submit(first))
        #expect(outcome.reason == .length)
        let next = await Outcome(
            try engine.submit(request(prompt + outcome.tokens + prompt.prefix(20))))
        // The last token was chosen, but not computed.
        #expect(next.cachedTokens == attention.known(149))
        expectNothingLeft(engine)
    }

    @Test(
        "wherever a prompt's known beginning ends, the answer and its probabilities are the same bits",
        arguments: Attention.allCases)
    func anyBeginning(attention: Attention) async throws {
        let prompt = Array(models.prompts.joined().prefix(210))
        func ask(_ engine: InferenceEngine, _ prompt: [Int32]) async throws -> Outcome {
            var wanted = request(prompt, limit: 8)
            wanted.generation.ignoresStopTokens = true
            wanted.topLogprobs = 2
            return await Outcome(try engine.submit(wanted))
        }
        let cold = try await ask(try engine(attention), prompt)
        for known in [1, 15, 63, 64, 65, 100, 127, 128, 150, 192, 205, 209] {
            let engine = try engine(attention)
            var other = Array(prompt.prefix(known))
            other.append(prompt[known] == 5 ? 6 : 5)
            _ = try await ask(engine, other)
            let warm = try await ask(engine, prompt)
            #expect(warm.cachedTokens == attention.known(known))
            #expect(warm == cold)
        }
    }

    @Test("a request that nobody listens to any more ends, and its pages come back")
    func cancellation() async throws {
        let engine = try engine { $0.maximumRunning = 2 }
        var endless = request(models.prompts[0], limit: 20_000, seed: 1)
        endless.generation.ignoresStopTokens = true
        // However fast the model is, those that wait are let go before it is their turn.
        for _ in 0..<20 { _ = try engine.submit(endless) }
        let response = try engine.submit(endless)
        var tokens = 0
        for await event in response.events {
            if case .token = event { tokens += 1 }
            if tokens == 3 { break }
        }
        response.cancel()
        await engine.stop(finishing: true)
        let finished = engine.statistics.finished
        #expect(finished[.cancelled] ?? 0 >= 1)
        #expect(finished.values.reduce(0, +) == 21)
        expectNothingLeft(engine)
    }

    @Test("more requests than places and queue are refused at once, with a time to come back")
    func overflow() async throws {
        let engine = try engine {
            $0.maximumRunning = 1
            $0.maximumWaiting = 2
        }
        var endless = request(models.prompts[0], limit: 20_000, seed: 1)
        endless.generation.ignoresStopTokens = true
        var accepted: [EngineResponse] = []
        var refusals = 0
        for _ in 0..<40 {
            do {
                accepted.append(try engine.submit(endless))
            } catch {
                guard case .queueIsFull(let waiting, let retryAfter) = error else { throw error }
                #expect(waiting >= 2)
                #expect(retryAfter >= 1)
                refusals += 1
            }
        }
        // The engine may have finished some before the last one came.
        #expect(accepted.count >= 3 && refusals >= 1)
        #expect(accepted.count + refusals == 40)
        #expect(engine.statistics.refusals == refusals)
        await engine.stop(finishing: false)
        for response in accepted {
            let reason = await Outcome(response).reason
            #expect(reason == .cancelled || reason == .length)
        }
        #expect(throws: EngineRefusal.stopping) { try engine.submit(endless) }
        expectNothingLeft(engine)
    }

    @Test("sequences that outgrow the memory take turns and end in whole, most as they would alone")
    func preemption() async throws {
        let prompts = (0..<16).map { Array(models.prompts.dropFirst($0).joined().prefix(100)) }
        func requests() -> [EngineRequest] {
            prompts.map {
                var request = request($0, limit: 150)
                request.generation.ignoresStopTokens = true
                return request
            }
        }
        let small = try engine {
            $0.contextLength = 300
            $0.cacheTokens = 448
        }
        let responses = try requests().map { try small.submit($0) }
        var outcomes: [Outcome] = []
        for response in responses { outcomes.append(await Outcome(response)) }
        #expect(outcomes.allSatisfy { $0.tokens.count == 150 && $0.error == nil })
        #expect(small.statistics.preemptions > 0)
        expectNothingLeft(small)
        let large = try engine { $0.contextLength = 300 }
        // What was generated is read again as a prompt, of which single bits may differ.
        var alike = 0
        for (request, outcome) in zip(requests(), outcomes) {
            if await Outcome(try large.submit(request)) == outcome { alike += 1 }
        }
        #expect(alike >= 8)
        #expect(large.statistics.preemptions == 0)
    }

    @Test("the time of passes is shared among the requests in them, and all of it is told")
    func computeTime() async throws {
        let engine = try engine()
        let start = ContinuousClock.now
        let responses = try models.prompts.prefix(8).map { prompt in
            var request = request(prompt, limit: 40)
            request.generation.ignoresStopTokens = true
            return try engine.submit(request)
        }
        var usages: [GenerationUsage] = []
        for response in responses {
            for await event in response.events {
                if case .finished(_, let usage) = event { usages.append(usage) }
            }
        }
        let wall = (ContinuousClock.now - start) / .seconds(1)
        let total = usages.reduce(0) { $0 + $1.computeSeconds }
        #expect(usages.count == 8 && usages.allSatisfy { $0.computeSeconds > 0 })
        #expect(total <= wall)
        let threads = Double(models.target.languageModel.threadCount)
        for usage in usages {
            #expect(abs(usage.processorSeconds - threads * usage.computeSeconds) < 1e-9)
        }
    }

    @Test("a client with many long answers under way does not keep another waiting for their end")
    func newcomer() async throws {
        var endless = request(models.prompts[0], limit: 900, seed: 1)
        endless.generation.ignoresStopTokens = true
        endless.client = "greedy"
        var modest = request(models.prompts[1], limit: 5)
        modest.generation.ignoresStopTokens = true
        modest.client = "modest"
        var preemptions = 0
        // On a busy machine one of the long answers may end before the other client comes, and leave it
        // its place; that is seen in the counts, and tried again.
        for _ in 0..<20 where preemptions == 0 {
            let engine = try engine { $0.maximumRunning = 2 }
            let greedy = try (0..<20).map { _ in try engine.submit(endless) }
            let outcome = await Outcome(try engine.submit(modest))
            #expect(outcome.tokens.count == 5)
            let statistics = engine.statistics
            preemptions = statistics.preemptions
            #expect(preemptions == 1 || statistics.finished[.length, default: 0] > 1)
            for response in greedy { response.cancel() }
            await engine.stop(finishing: true)
            expectNothingLeft(engine)
        }
        #expect(preemptions == 1)
    }

    @Test("an engine that stops finishes what it has, or cancels it", arguments: [true, false])
    func stopping(finishing: Bool) async throws {
        let engine = try engine { $0.maximumRunning = 2 }
        let responses = try models.prompts.prefix(20).map { prompt -> EngineResponse in
            var request = request(prompt, limit: 300)
            request.generation.ignoresStopTokens = true
            return try engine.submit(request)
        }
        await engine.stop(finishing: finishing)
        var reasons: [FinishReason?] = []
        for response in responses { reasons.append(await Outcome(response).reason) }
        #expect(reasons.contains(.cancelled) == !finishing)
        #expect(reasons.allSatisfy { $0 == .cancelled || $0 == .length })
        await engine.stop(finishing: finishing)
        await #expect(throws: EngineRefusal.stopping) { try await engine.embed([1, 2]) }
        expectNothingLeft(engine)
    }

    @Test("requests that cannot be computed are refused before they wait")
    func refusals() throws {
        let engine = try engine { $0.contextLength = 64 }
        func parameter(_ change: (inout EngineRequest) -> Void) -> String? {
            var request = request([1, 2, 3])
            change(&request)
            do {
                _ = try engine.submit(request)
                return nil
            } catch {
                guard case .invalid(let parameter, _) = error else { return nil }
                return parameter
            }
        }
        #expect(parameter { $0.generation.prompt = [] } == "prompt")
        #expect(parameter { $0.generation.prompt = [Int32](repeating: 1, count: 64) } == "prompt")
        #expect(parameter { $0.generation.prompt = [-1] } == "prompt")
        #expect(parameter { $0.generation.prompt = [.max] } == "prompt")
        #expect(parameter { $0.generation.sampling.temperature = -1 } == "sampling")
        #expect(parameter { $0.generation.maximumTokens = -1 } == "maximumTokens")
        #expect(parameter { $0.topLogprobs = 101 } == "logprobs")
        #expect(parameter { $0.promptTopLogprobs = -1 } == "logprobs")
        #expect(parameter { $0.generation.speculation = .promptLookup } == "speculation")
        #expect(throws: EngineError.self) { try self.engine { $0.maximumRunning = 17 } }
        #expect(throws: EngineError.self) { try self.engine { $0.contextLength = 0 } }
        #expect(throws: EngineError.self) { try self.engine { $0.cacheType = .q4_0 } }
    }

    @Test("the answer ends with the context")
    func contextEnd() async throws {
        let engine = try engine { $0.contextLength = 64 }
        var request = request([Int32](repeating: 1, count: 50), limit: 1000)
        request.generation.ignoresStopTokens = true
        let outcome = await Outcome(try engine.submit(request))
        #expect(outcome.tokens.count == 14)
        #expect(outcome.reason == .length)
    }
}
