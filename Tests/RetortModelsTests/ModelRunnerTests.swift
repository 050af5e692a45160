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

    @Test(
        "a q8_0 cache cut back gives the bits of one that never went further",
        arguments: Reference.blocks)
    func quantisedTruncation(name: String) throws {
        let checkpoint = try Checkpoint(path: fixture(name).path)
        let runner = try ModelRunner(try LanguageModel(checkpoint, threads: 2), batchSize: 8)
        let cache = try runner.makeCache(capacity: 32, dtype: .q8_0)
        let bytes = try #require(KVPool.bytesPerToken(checkpoint.config, dtype: .q8_0))
        #expect(cache.pool.byteCount == KVPool.pageTokens * bytes)
        try runner.forward([5, 6, 7], cache: cache)
        let expected = try runner.forward([8], cache: cache).map(\.bitPattern)
        cache.truncate(to: 2)
        try runner.forward([1, 2, 3], cache: cache)
        cache.truncate(to: 2)
        try runner.forward([7], cache: cache)
        #expect(try runner.forward([8], cache: cache).map(\.bitPattern) == expected)
    }

    @Test("models may share threads, also beyond the life of the first, and compute the same")
    func sharedThreads() throws {
        func logits(_ model: LanguageModel, sharing other: LanguageModel? = nil) throws
            -> [UInt32]
        {
            let runner = try ModelRunner(model, batchSize: 8, sharingThreadsOf: other)
            #expect(runner.usesThreads(of: other ?? model))
            let cache = try runner.makeCache(capacity: 32, dtype: .f32)
            return try runner.forward([5, 6, 7, 8], cache: cache).map(\.bitPattern)
        }
        let checkpoint = try Checkpoint(path: fixture("llama-mha").path)
        let other = try Checkpoint(path: fixture("qwen2-gqa").path)
        var first: LanguageModel? = try LanguageModel(other, threads: 2)
        let alone = try LanguageModel(checkpoint, threads: 1)
        let shared = try LanguageModel(checkpoint, sharingThreadsOf: #require(first))
        #expect(shared.threadCount == 2)
        #expect(try shared.sharesThreads(with: #require(first)))
        #expect(!shared.sharesThreads(with: alone))
        let expected = try logits(alone)
        #expect(try logits(alone, sharing: first) == expected)
        first = nil
        #expect(try logits(shared) == expected)
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

    @Test("a cache of q4_0, of blocks that the heads do not fill or of an absurd size is an error")
    func badCache() throws {
        let runner = try runner()
        #expect(throws: ModelError.self) { try runner.makeCache(capacity: 4, dtype: .q4_0) }
        #expect(throws: ModelError.self) { try runner.makeCache(capacity: 4, dtype: .q8_0) }
        #expect(KVPool.bytesPerToken(runner.model.config, dtype: .q8_0) == nil)
        let latent = try Checkpoint(path: fixture("deepseek-v3").path)
        let other = try ModelRunner(try LanguageModel(latent, threads: 1), batchSize: 8)
        #expect(throws: ModelError.self) { try other.makeCache(capacity: 4, dtype: .q8_0) }
        #expect(throws: ModelError.self) { try runner.makeCache(capacity: .max, dtype: .f32) }
        #expect(throws: ModelError.self) { try runner.makeCache(capacity: 1 << 40, dtype: .f32) }
    }
}
