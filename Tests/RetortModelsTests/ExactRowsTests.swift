// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortModels
import RetortTensor
import TestSupport
import Testing

@Suite struct ExactRowsTests {
    @Test(
        "a pass over several tokens gives each the bits of a pass of its own",
        arguments: Reference.names.flatMap { name in
            KVPool.types.filter { $0 != .q8_0 || Reference.blocks.contains(name) }
                .map { (name, $0) }
        })
    func rows(name: String, cacheType: DType) throws {
        let reference = try Reference(name)
        let model = try LanguageModel(try Checkpoint(path: reference.path), threads: 2)
        let runner = try ModelRunner(model)
        let size = model.config.vocabSize
        func pass(_ tokens: ArraySlice<Int32>, _ cache: KVCache) throws -> [UInt32] {
            try tokens.withUnsafeBufferPointer {
                let logits = try runner.forwardRows($0, cache: cache)
                #expect(logits.count == $0.count * size)
                #expect(runner.hiddenStates.count == $0.count * model.config.hiddenSize)
                return logits.map(\.bitPattern)
            }
        }
        let alone = try runner.makeCache(capacity: reference.tokens.count, dtype: cacheType)
        let expected = try reference.tokens.indices.map {
            try pass(reference.tokens[$0...$0], alone)
        }
        for count in [2, 3, 4, 5, 8, 15, 16] {
            let cache = try runner.makeCache(capacity: reference.tokens.count, dtype: cacheType)
            var start = 0
            while start < reference.tokens.count {
                let end = min(start + count, reference.tokens.count)
                let rows = try pass(reference.tokens[start..<end], cache)
                #expect(rows == Array(expected[start..<end].joined()))
                start = end
            }
        }
    }

    @Test("more tokens than a pass takes, and none, are errors")
    func badInput() throws {
        let checkpoint = try Checkpoint(path: fixture("llama-mha").path)
        let runner = try ModelRunner(try LanguageModel(checkpoint, threads: 1), batchSize: 8)
        let cache = try runner.makeCache(capacity: 32, dtype: .f32)
        #expect(runner.mostRows == 8)
        for count in [0, 9] {
            let tokens = [Int32](repeating: 1, count: count)
            #expect(throws: ModelError.self) {
                try tokens.withUnsafeBufferPointer { _ = try runner.forwardRows($0, cache: cache) }
            }
        }
        #expect(cache.count == 0)
    }
}
