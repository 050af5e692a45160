// SPDX-License-Identifier: Apache-2.0
//
// Speculation changes no text: whole generations with and without it, greedy and with seeds, and
// ended at every place.

import Foundation
import RetortEngine
import RetortFormats
import RetortJSON
import RetortModels
import RetortTensor
import RetortTokenizers
import TestSupport
import Testing

/// What guesses in a test, and how well.
enum Guesser: String, CaseIterable {
    case promptLookup, sameModel, otherType, fewerLayers
}

/// The bundled model and variants of it, opened once.
final class SpeculationModels: Sendable {
    static let shared = Result { try SpeculationModels() }
    let target: ReasoningModel
    /// The same weights in another type: nearly the same tokens.
    let otherType: ReasoningModel
    /// The bundled model without its upper half: mostly other tokens.
    let fewerLayers: ReasoningModel
    /// Qwen2 of trained weights with the same tokenizer (the bundled model of former versions): its cache
    /// may be taken up at any token.
    let grouped: ReasoningModel
    let prompts: [[Int32]]

    private init() throws {
        let folder = try TemporaryFolder()
        let bundled = try BundledModel.path()
        // One thread each: tests run side by side, and threads that wait for one another would spin.
        var options = ReasoningModel.Options()
        options.threads = 1
        target = try ReasoningModel(path: bundled, name: "bundled", options: options)
        grouped = try ReasoningModel(
            path: fixture("qwen2-arithmetic.gguf").path, options: options)
        try ModelConverter.convert(bundled, to: folder.path("bf16.gguf"), dtype: .bf16)
        otherType = try ReasoningModel(path: folder.path("bf16.gguf"), options: options)
        let directory = folder.path("half")
        try ModelConverter.convert(bundled, to: directory, dtype: .f32)
        let config = URL(fileURLWithPath: directory + "/config.json")
        guard case .object(var fields) = try JSONValue(parsing: try Data(contentsOf: config)) else {
            throw EngineError("config.json is no object")
        }
        fields["num_nextn_predict_layers"] = 0
        fields["num_hidden_layers"] = .integer(Int64(target.config.numHiddenLayers / 2))
        try Data(JSONValue.object(fields).text().utf8).write(to: config)
        fewerLayers = try ReasoningModel(path: directory, options: options)
        let file = try JSONValue(
            parsing: try Data(contentsOf: fixture("bundled-problems.json")))
        let texts = ["problems", "off_topic"].flatMap { key in
            (file[key]?.arrayValue ?? []).prefix(30).compactMap {
                $0["prompt"]?.stringValue ?? $0.stringValue
            }
        }
        prompts = try texts.map { [target] text in
            let messages: JSONValue = [["role": "user", "content": .string(text)]]
            let rendered = try target.render(JSONObject([("messages", messages)]))
            return try target.tokenizer.encode(rendered, addSpecialTokens: false)
        }
    }

    /// - Parameter policy: Nil learns, as outside of tests.
    func speculator(_ guesser: Guesser, policy: DraftPolicy? = .always) throws -> Speculator {
        let length = target.config.maxPositionEmbeddings
        func draft(_ model: ReasoningModel) throws -> any Drafter {
            try DraftModelDrafter(model, target: target, contextLength: length)
        }
        let drafter: any Drafter =
            switch guesser {
            case .promptLookup: PromptLookupDrafter(contextLength: length)
            case .sameModel: try draft(target)
            case .otherType: try draft(otherType)
            case .fewerLayers: try draft(fewerLayers)
            }
        return Speculator(drafter, mostRows: 16, policy: policy)
    }
}

/// A generation with what can be seen of it.
struct Generation: Equatable {
    var tokens: [Int32] = []
    var reason = FinishReason.stop
    var promptTokens = 0
    var cachedTokens = 0
    var completionTokens = 0
    /// Differs by design, so it is not compared.
    var speculation: SpeculationUsage?

    static func == (a: Generation, b: Generation) -> Bool {
        a.tokens == b.tokens && a.reason == b.reason && a.promptTokens == b.promptTokens
            && a.cachedTokens == b.cachedTokens && a.completionTokens == b.completionTokens
    }

    /// - Parameters:
    ///   - refused: Refuse to go on after so many tokens.
    ///   - cancelled: Cancel after so many.
    init(
        _ generator: Generator, _ request: GenerationRequest, _ speculator: Speculator? = nil,
        refused: Int = .max, cancelled: Int = .max
    ) throws {
        let sampler = try Sampler(
            parameters: request.sampling, vocabSize: generator.model.config.vocabSize)
        sampler.observe(prompt: request.prompt)
        let cancellation = Cancellation()
        var tokens: [Int32] = []
        let (reason, usage) = try generator.generate(
            request, speculator: speculator, cancellation: cancellation,
            choosing: { try sampler.next($0) },
            onToken: { token in
                tokens.append(token)
                if tokens.count == cancelled { cancellation.cancel() }
                return tokens.count < refused
            })
        self.tokens = tokens
        self.reason = reason
        promptTokens = usage.promptTokens
        cachedTokens = usage.cachedTokens
        completionTokens = usage.completionTokens
        speculation = usage.speculation
    }
}

@Suite struct SpeculationTests {
    @Test(
        "greedy answers to 60 prompts are the same with every drafter as without",
        arguments: Guesser.allCases)
    func greedy(guesser: Guesser) throws {
        let models = try SpeculationModels.shared.get()
        #expect(models.prompts.count >= 50)
        // Both keep their caches from prompt to prompt.
        let plain = try Generator(models.target)
        let speculative = try Generator(models.target)
        let speculator = try models.speculator(guesser)
        var total = SpeculationUsage()
        for prompt in models.prompts {
            let request = GenerationRequest(prompt: prompt)
            let expected = try Generation(plain, request)
            let result = try Generation(speculative, request, speculator)
            #expect(result == expected)
            let usage = try #require(result.speculation)
            #expect(usage.acceptedTokens <= usage.draftedTokens)
            total.draftedTokens += usage.draftedTokens
            total.acceptedTokens += usage.acceptedTokens
            total.verificationPasses += usage.verificationPasses
        }
        // Guesses were made, right ones and, where the drafter is another, wrong ones.
        #expect(total.verificationPasses > 100 && total.acceptedTokens > 100)
        #expect(total.draftedTokens > total.acceptedTokens)
        if guesser == .sameModel { #expect(total.acceptanceRate > 0.9) }
        if guesser == .fewerLayers { #expect(total.acceptanceRate < 0.5) }
    }

    @Test(
        "a seed gives the same tokens with every drafter as without, penalties included",
        arguments: Guesser.allCases)
    func seeds(guesser: Guesser) throws {
        let models = try SpeculationModels.shared.get()
        let plain = try Generator(models.target)
        let speculative = try Generator(models.target)
        let speculator = try models.speculator(guesser)
        var accepted = 0
        for (index, prompt) in models.prompts.prefix(30).enumerated() {
            var request = GenerationRequest(prompt: prompt)
            request.maximumTokens = 100
            request.sampling.seed = UInt64(index)
            request.sampling.temperature = 0.5 + 0.05 * Float(index % 20)
            request.sampling.topP = index % 2 == 0 ? 0.95 : 1
            request.sampling.topK = index % 3 == 0 ? 40 : 0
            request.sampling.minP = index % 5 == 0 ? 0.02 : 0
            request.sampling.repetitionPenalty = index % 4 == 0 ? 1.05 : 1
            request.sampling.presencePenalty = index % 7 == 0 ? 0.2 : 0
            request.sampling.frequencyPenalty = index % 7 == 1 ? 0.1 : 0
            let result = try Generation(speculative, request, speculator)
            #expect(try result == Generation(plain, request))
            accepted += result.speculation?.acceptedTokens ?? 0
        }
        #expect(accepted > 100)
    }

    @Test("what is learnt while generating changes no text", arguments: Guesser.allCases)
    func adaptive(guesser: Guesser) throws {
        let models = try SpeculationModels.shared.get()
        let plain = try Generator(models.target)
        let speculative = try Generator(models.target)
        let speculator = try models.speculator(guesser, policy: nil)
        for prompt in models.prompts.prefix(10) {
            let request = GenerationRequest(prompt: prompt)
            #expect(
                try Generation(speculative, request, speculator) == Generation(plain, request))
        }
    }

    @Test(
        "an end within accepted guesses is an end like any other, and the next turn starts as always",
        arguments: Guesser.allCases)
    func endings(guesser: Guesser) throws {
        let models = try SpeculationModels.shared.get()
        let speculator = try models.speculator(guesser)
        let prompt = models.prompts[0]
        let whole = try Generation(
            try Generator(models.target), GenerationRequest(prompt: prompt), speculator)
        // What a client sends next: the answer so far, and more.
        let next = prompt + whole.tokens.prefix(20) + models.prompts[1]
        let plain = try Generator(models.target)
        let speculative = try Generator(models.target)
        for count in 1...17 {
            func compare(
                _ request: GenerationRequest, refused: Int = .max, cancelled: Int = .max
            ) throws {
                let expected = try Generation(
                    plain, request, refused: refused, cancelled: cancelled)
                let result = try Generation(
                    speculative, request, speculator, refused: refused, cancelled: cancelled)
                #expect(result == expected)
                #expect(result.tokens == Array(whole.tokens.prefix(count)))
                var after = GenerationRequest(prompt: next)
                after.maximumTokens = 3
                #expect(
                    try Generation(speculative, after, speculator) == Generation(plain, after))
            }
            var request = GenerationRequest(prompt: prompt)
            try compare(request, refused: count)
            try compare(request, cancelled: count)
            request.maximumTokens = count
            try compare(request)
        }
    }

    @Test("a stop token among the guesses ends the answer; nothing after it comes out")
    func stopTokens() throws {
        let models = try SpeculationModels.shared.get()
        // The draft model runs on past the end of the turn, so stop tokens are among its guesses.
        let speculator = try models.speculator(.sameModel)
        let generator = try Generator(models.target)
        for prompt in models.prompts.prefix(10) {
            let result = try Generation(generator, GenerationRequest(prompt: prompt), speculator)
            #expect(result.reason == .stop)
            #expect(!result.tokens.contains { models.target.stopTokens.contains($0) })
            // Past the stop, the guesses of the last pass were for nothing.
            let usage = try #require(result.speculation)
            #expect(usage.acceptedTokens <= result.completionTokens + 1)
        }
        var request = GenerationRequest(prompt: models.prompts[0])
        request.ignoresStopTokens = true
        let plain = try Generator(models.target, contextLength: 200)
        let full = try Generator(models.target, contextLength: 200)
        let expected = try Generation(plain, request)
        #expect(expected.reason == .length)
        #expect(try Generation(full, request, speculator) == expected)
    }

    @Test("stop strings, limits and turns of a conversation are the same")
    func sessions() throws {
        let model = try SpeculationModels.shared.get().target
        let draft = try SpeculationModels.shared.get().fewerLayers
        for speculation in [Speculation.promptLookup, .draftModel(draft)] {
            for stops in [[], ["</think>"], ["→"], ["= ", "÷"]] {
                var options = ChatOptions()
                options.stopStrings = stops
                let plain = try ChatSession(model)
                let speculative = try ChatSession(model)
                for question in ["What is 417 * 386?", "What is 417 * 387?", "And 12 + 30?"] {
                    options.speculation = nil
                    let expected = try plain.respond(to: question, options: options) { _ in }
                    options.speculation = speculation
                    var result = try speculative.respond(to: question, options: options) { _ in }
                    #expect(expected.usage.speculation == nil)
                    #expect(result.usage.speculation != nil)
                    result.usage.speculation = nil
                    result.usage.promptSeconds = expected.usage.promptSeconds
                    result.usage.decodeSeconds = expected.usage.decodeSeconds
                    #expect(result == expected)
                }
            }
        }
    }

    @Test("a method may change from one request to the next on the same cache")
    func changes() throws {
        let models = try SpeculationModels.shared.get()
        let plain = try Generator(models.target)
        let generator = try Generator(models.target)
        let methods: [Speculation?] = [
            .promptLookup, nil, .draftModel(models.fewerLayers), .promptLookup,
            .draftModel(models.otherType), nil,
        ]
        for (index, prompt) in models.prompts.prefix(18).enumerated() {
            var request = GenerationRequest(prompt: prompt)
            func tokens(_ generator: Generator) throws -> [Int32] {
                var tokens: [Int32] = []
                _ = try generator.generate(request) {
                    tokens.append($0)
                    return true
                }
                return tokens
            }
            let expected = try tokens(plain)
            request.speculation = methods[index % methods.count]
            #expect(try tokens(generator) == expected)
        }
    }

    @Test(
        "models of random weights, with long repetitions and without, give the same tokens",
        arguments: [
            "llama-mha", "llama-mqa-tied", "llama-bf16-sharded", "llama-linear-f16", "qwen2-gqa",
            "qwen2-tied-bf16", "qwen2-wide", "qwen3-head-dim", "qwen3-yarn-bf16-sharded",
            "qwen3-moe-mixed", "deepseek-v2-lite-yarn", "deepseek-v3", "deepseek-v3-fp8",
        ], [0, 1.2] as [Float])
    func random(name: String, temperature: Float) throws {
        let folder = fixture("").deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("RetortModelsTests/Fixtures").appendingPathComponent(name)
        var options = ReasoningModel.Options()
        options.threads = 1
        let model = try ReasoningModel(path: folder.path, options: options)
        let length = min(model.config.maxPositionEmbeddings, 120)
        let plain = try Generator(model, contextLength: length)
        let speculative = try Generator(model, contextLength: length)
        let lookup = Speculator(
            PromptLookupDrafter(contextLength: length), mostRows: 16, policy: .always)
        let draft = Speculator(
            try DraftModelDrafter(model, target: model, contextLength: length), mostRows: 16,
            policy: .always)
        var drafted = [0, 0]
        var random = SeededRandom(seed: 9)
        for seed in 0..<6 {
            var request = GenerationRequest(
                prompt: (0..<20).map { _ in Int32.random(in: 0..<12, using: &random) })
            request.ignoresStopTokens = true
            request.sampling.temperature = temperature
            request.sampling.seed = UInt64(seed)
            let expected = try Generation(plain, request)
            for (index, speculator) in [lookup, draft].enumerated() {
                let result = try Generation(speculative, request, speculator)
                #expect(result.tokens == expected.tokens && result.reason == expected.reason)
                drafted[index] += result.speculation?.draftedTokens ?? 0
            }
        }
        // Random text need not repeat itself.
        #expect(drafted[1] > 0 && (drafted[0] > 0 || temperature > 0))
    }

    @Test("a draft model computes with its target's threads, opened for it or not")
    func sharedThreads() throws {
        let target = try SpeculationModels.shared.get().target
        var options = ReasoningModel.Options()
        options.sharesThreadsOf = target
        let path = try BundledModel.path()
        let together = try ReasoningModel(path: path, options: options)
        options.sharesThreadsOf = nil
        let apart = try ReasoningModel(path: path, options: options)
        #expect(together.languageModel.sharesThreads(with: target.languageModel))
        #expect(!apart.languageModel.sharesThreads(with: target.languageModel))
        for draft in [together, apart] {
            let drafter = try DraftModelDrafter(draft, target: target, contextLength: 64)
            #expect(drafter.usesThreads(of: target))
        }
    }

    @Test("a draft model with another vocabulary is an error that says so")
    func vocabularies() throws {
        let target = try SpeculationModels.shared.get().target
        let folder = try TemporaryFolder()
        // Two tokens change places.
        let directory = folder.path("swapped")
        try ModelConverter.convert(try BundledModel.path(), to: directory, dtype: .f16)
        let url = URL(fileURLWithPath: directory + "/tokenizer.json")
        var text = try String(contentsOf: url, encoding: .utf8)
        for (from, to) in [("\"0\":", "\"@@\":"), ("\"1\":", "\"0\":"), ("\"@@\":", "\"1\":")] {
            text = text.replacingOccurrences(of: from, with: to)
        }
        try Data(text.utf8).write(to: url)
        let swapped = try ReasoningModel(path: directory)
        let weights = fixture("").deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("RetortModelsTests/Fixtures/llama-mha")
        let alone = try ReasoningModel(path: weights.path)
        for draft in [swapped, alone] {
            var request = GenerationRequest(prompt: [1, 2, 3])
            request.speculation = .draftModel(draft)
            #expect(throws: EngineError.self) {
                try Generator(target).generate(request) { _ in true }
            }
            #expect(throws: EngineError.self) {
                try Speculation.draftModel(draft).validate(for: target)
            }
        }
        #expect(throws: EngineError.self) {
            try Speculation.draftModel(target).validate(for: alone)
        }
        try Speculation.draftModel(alone).validate(for: alone)
        for count in [0, 16] {
            var speculation = Speculation.promptLookup
            speculation.draftTokens = count
            #expect(throws: EngineError.self) { try speculation.validate(for: target) }
        }
    }
}
