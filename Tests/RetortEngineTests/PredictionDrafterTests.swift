// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortModels
import RetortTensor
import TestSupport
import Testing

import RetortEngine

/// Guesses of a checkpoint's own predicting layer.
@Suite struct PredictionDrafterTests {
    private let folder = fixture("").deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("RetortModelsTests/Fixtures/deepseek-v3-mtp")
    private let model: ReasoningModel

    init() throws {
        var options = ReasoningModel.Options()
        options.threads = 2
        model = try ReasoningModel(path: folder.path, options: options)
    }

    private func reference(_ name: String) throws -> [Float] {
        let path = folder.appendingPathComponent("reference.safetensors").path
        let tensor = try SafetensorsFile(path: path).tensor(name)
        return withExtendedLifetime(tensor) {
            tensor.bytes.withMemoryRebound(to: Float.self) { Array($0) }
        }
    }

    @Test(
        "the guess after each token is transformers' best, whether tokens come one by one or not",
        arguments: [1, 5])
    func guesses(step: Int) throws {
        let tokens = try reference("tokens").map { Int32($0) }
        let predicted = try reference("predicted")
        let size = model.config.vocabSize
        let drafter = try PredictionDrafter(model, contextLength: tokens.count)
        let runner = try ModelRunner(model.languageModel, batchSize: step)
        let cache = try runner.makeCache(capacity: tokens.count, dtype: .f32)
        #expect(drafter.begin(Array(tokens.prefix(1)), cached: 0) == 0)
        try tokens.prefix(1).withUnsafeBufferPointer { try drafter.append($0, states: nil) }
        #expect(drafter.prepare() == nil)
        var right = 0
        for start in stride(from: 0, to: tokens.count - 1 - step, by: step) {
            try runner.forward(Array(tokens[start..<start + step]), cache: cache)
            try tokens[start + 1..<start + step + 1].withUnsafeBufferPointer {
                try drafter.append($0, states: runner.hiddenStates)
            }
            #expect(drafter.prepare() == 0)
            var draft: [Int32] = [0, 0, 0]
            let count = try draft.withUnsafeMutableBufferPointer { try drafter.propose($0) }
            #expect(count >= 1)
            let row = predicted[(start + step - 1) * size..<(start + step) * size]
            let best = row.indices.max { row[$0] < row[$1] }.map { $0 - row.startIndex }
            if Int(draft[0]) == best { right += 1 }
        }
        // The drafter's cache is f16, so that a near tie may fall the other way.
        let rounds = (tokens.count - 1 - step + step - 1) / step
        #expect(right >= rounds - 2)
    }

    @Test(
        "the text is the same with it as without, over 50 prompts, some of which go on from others",
        arguments: [0, 1.2] as [Float])
    func sameText(temperature: Float) throws {
        let length = 120
        let plain = try Generator(model, contextLength: length)
        let speculative = try Generator(model, contextLength: length)
        let speculator = Speculator(
            try PredictionDrafter(model, contextLength: length), mostRows: 16, policy: .always)
        var random = SeededRandom(seed: 4)
        var prompt: [Int32] = []
        var drafted = 0
        for seed in 0..<50 {
            let new = (0..<12).map { _ in Int32.random(in: 0..<12, using: &random) }
            prompt = seed % 3 == 0 || prompt.count > 60 ? new : prompt + new
            var request = GenerationRequest(prompt: prompt)
            request.ignoresStopTokens = true
            request.maximumTokens = 20
            request.sampling.temperature = temperature
            request.sampling.seed = UInt64(seed)
            let expected = try Generation(plain, request)
            let result = try Generation(speculative, request, speculator)
            #expect(result == expected)
            drafted += result.speculation?.draftedTokens ?? 0
            prompt += result.tokens
        }
        #expect(drafted > 1000)
    }

    @Test("a checkpoint without the layer is an error that names it")
    func missing() throws {
        let other = folder.deletingLastPathComponent().appendingPathComponent("deepseek-v3")
        let model = try ReasoningModel(path: other.path)
        #expect(throws: EngineError.self) {
            try Speculation.multiTokenPrediction.validate(for: model)
        }
        var request = GenerationRequest(prompt: [1, 2, 3])
        request.speculation = .multiTokenPrediction
        #expect(throws: EngineError.self) {
            try Generator(model, contextLength: 20).generate(request) { _ in true }
        }
    }
}
