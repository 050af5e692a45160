// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortModels
import RetortTensor
import TestSupport
import Testing

@Suite struct ModelRunnerTests {
    private func runner() throws -> ModelRunner {
        let checkpoint = try Checkpoint(path: fixture("llama-mha").path)
        return try ModelRunner(try LanguageModel(checkpoint, threads: 1), batchSize: 8)
    }

    @Test("a cache cut back gives the same logits as one that never went further")
    func truncation() throws {
        let runner = try runner()
        let cache = try runner.makeCache(capacity: 32, dtype: .f32)
        let expected = Array(try runner.forward([5, 6, 7, 8], cache: cache))
        cache.truncate(to: 2)
        try runner.forward([1, 2, 3], cache: cache)
        cache.truncate(to: 2)
        #expect(cache.count == 2)
        let logits = Array(try runner.forward([7, 8], cache: cache))
        #expect(relativeError(logits, expected) < 1e-6)
    }

    @Test("tokens outside the vocabulary, a full cache and no tokens are errors")
    func badInput() throws {
        let runner = try runner()
        let cache = try runner.makeCache(capacity: 4, dtype: .f32)
        #expect(throws: ModelError.self) { try runner.forward([97], cache: cache) }
        #expect(throws: ModelError.self) { try runner.forward([-1], cache: cache) }
        #expect(throws: ModelError.self) { try runner.forward([], cache: cache) }
        #expect(throws: ModelError.self) { try runner.forward([1, 2, 3, 4, 5], cache: cache) }
        try runner.forward([1, 2, 3, 4], cache: cache)
        #expect(throws: ModelError.self) { _ = try runner.forward(1, cache: cache) }
    }

    @Test("a cache of q8_0 or of an absurd size is an error")
    func badCache() throws {
        let runner = try runner()
        #expect(throws: ModelError.self) { try runner.makeCache(capacity: 4, dtype: .q8_0) }
        #expect(throws: ModelError.self) { try runner.makeCache(capacity: .max, dtype: .f32) }
        #expect(throws: TensorError.self) { try runner.makeCache(capacity: 1 << 46, dtype: .f32) }
    }
}
