// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortFormats
import RetortModels
import RetortTensor
import RetortTokenizers
import TestSupport
import Testing

@Suite struct ScorerTests {
    @Test("log-probabilities are those of the forward pass, in batches of any size")
    func logprobs() throws {
        let model = try ReasoningModel(path: try BundledModel.path())
        let tokens = try model.tokenizer.encode("What is 12 * 34? The answer is 408.")
        let score = try Scorer(model).score(tokens)
        #expect(score.logprobs.count == tokens.count - 1)
        let batched = try Scorer(model).score(tokens, batchSize: 3)
        for (a, b) in zip(score.logprobs, batched.logprobs) { #expect(abs(a - b) < 1e-3) }

        // The last one, by hand.
        let runner = try ModelRunner(model.languageModel)
        let cache = try runner.makeCache(capacity: tokens.count, dtype: .f32)
        let logits = try runner.forward(Array(tokens.dropLast()), cache: cache)
        let sum = logits.reduce(0.0) { $0 + exp(Double($1)) }
        let expected = Double(logits[Int(try #require(tokens.last))]) - log(sum)
        #expect(abs(try #require(score.logprobs.last) - expected) < 1e-3)
        let mean = score.logprobs.reduce(0, +) / Double(score.logprobs.count)
        #expect(abs(score.perplexity - exp(-mean)) < 1e-9)
    }

    @Test("nothing to score and more than the context are errors")
    func badInput() throws {
        let model = try ReasoningModel(path: try BundledModel.path())
        #expect(throws: EngineError.self) { try Scorer(model).score([]) }
        let long = [Int32](repeating: 1, count: model.config.maxPositionEmbeddings + 1)
        #expect(throws: EngineError.self) { try Scorer(model).score(long) }
    }
}
