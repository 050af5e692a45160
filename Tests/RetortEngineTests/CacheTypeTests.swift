// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortJSON
import RetortModels
import RetortTensor
import TestSupport
import Testing

@Suite struct CacheTypeTests {
    /// Prompts and answers that the bundled model was trained for, one after another.
    private static func tokens() throws -> [Int32] {
        let cases = try JSONValue(
            parsing: try Data(contentsOf: fixture("bundled-golden.json")))
        return try #require(cases.arrayValue).prefix(4).flatMap { entry in
            ["prompt_ids", "output_ids"].flatMap { key in
                (entry[key]?.arrayValue ?? []).compactMap { $0.intValue.map { Int32($0) } }
            }
        }
    }

    @Test(
        "a cache of fewer bits changes logits and perplexity little",
        arguments: [DType.f16, .bf16, .q8_0], [true, false])
    func score(dtype: DType, isLatent: Bool) throws {
        let path =
            isLatent ? try BundledModel.path() : fixture("qwen2-arithmetic.gguf").path
        let model = try ReasoningModel(path: path)
        // Where two experts are nearly as good, a rounded cache may choose the other.
        let most = isLatent ? 0.05 : 0.01
        let tokens = try Self.tokens()
        let scorer = Scorer(model)
        // Batches that attend block by block, and some that do not.
        for batchSize in [512, 5] {
            var exact: [Float] = []
            let expected = try scorer.score(tokens, cacheType: .f32, batchSize: batchSize) {
                exact += $0
            }
            var found: [Float] = []
            let score = try scorer.score(tokens, cacheType: dtype, batchSize: batchSize) {
                found += $0
            }
            #expect(found != exact)
            #expect(relativeError(found, exact) < most)
            #expect(abs(score.perplexity / expected.perplexity - 1) < 1e-2)
        }
    }

    @Test("a conversation finds the answers with a cache of every type", arguments: KVPool.types)
    func answers(dtype: DType) throws {
        let model = try ReasoningModel(path: try BundledModel.path())
        let session = try ChatSession(model, cacheType: dtype)
        for (question, answer) in [("What is 87 * 65?", "5655"), ("What is 12 + 34?", "46")] {
            session.reset()
            let response = try session.respond(to: question) { _ in }
            #expect(response.answer.contains(answer))
        }
    }
}
