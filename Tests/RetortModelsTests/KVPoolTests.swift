// SPDX-License-Identifier: Apache-2.0
//
// Several sequences in the pages of one pool: what they share, what they must not see of each other,
// and that nothing is left behind.

import Foundation
import RetortFormats
import RetortModels
import RetortTensor
import TestSupport
import Testing

@Suite struct KVPoolTests {
    private func runner(_ name: String) throws -> ModelRunner {
        let checkpoint = try Checkpoint(path: fixture(name).path)
        return try ModelRunner(try LanguageModel(checkpoint, threads: 2), batchSize: 32)
    }

    private func tokens(_ count: Int, seed: Int, _ runner: ModelRunner) -> [Int32] {
        (0..<count).map {
            Int32(($0 * $0 * 7 + $0 * 3 + seed * 11) % runner.model.config.vocabSize)
        }
    }

    @Test(
        "one token for each of several sequences gets the bits of a pass of its own",
        arguments: ["llama-mha", "qwen2-gqa", "deepseek-v3", "deepseek-v2-lite"].flatMap { name in
            [DType.f32, .f16].map { (name, $0) }
        })
    func together(name: String, dtype: DType) throws {
        let runner = try runner(name)
        let size = runner.model.config.vocabSize
        let lengths = [1, 5, 63, 64, 65, 30]
        let pool = try runner.makePool(pages: 16, dtype: dtype)
        let prompts = lengths.indices.map { tokens(lengths[$0], seed: $0, runner) }
        let steps = 4
        let next = lengths.indices.map { tokens(steps, seed: $0 + 50, runner) }

        var expected: [[UInt32]] = []
        for (prompt, next) in zip(prompts, next) {
            let cache = try runner.makeCache(capacity: 80, dtype: dtype)
            try runner.append(prompt, cache: cache)
            for token in next {
                expected.append(try runner.forward(token, cache: cache).map(\.bitPattern))
            }
        }
        let caches = lengths.map { _ in runner.makeCache(in: pool, capacity: 80) }
        for (prompt, cache) in zip(prompts, caches) { try runner.append(prompt, cache: cache) }
        for step in 0..<steps {
            let logits = try runner.forward(next.map { $0[step] }, caches: caches)
            for index in lengths.indices {
                let line = logits[(index * size)..<((index + 1) * size)].map(\.bitPattern)
                #expect(line == expected[index * steps + step])
            }
        }
        #expect(caches.map(\.count) == lengths.map { $0 + steps })
    }

    @Test(
        "a sequence that begins with another's pages goes on as if it had read them itself",
        arguments: ["qwen2-gqa", "deepseek-v3"])
    func sharing(name: String) throws {
        let runner = try runner(name)
        let pool = try runner.makePool(pages: 8, dtype: .f32)
        let prompt = tokens(150, seed: 1, runner)
        let (left, right) = (tokens(20, seed: 2, runner), tokens(20, seed: 3, runner))
        func alone(_ rest: [Int32]) throws -> [UInt32] {
            let cache = try runner.makeCache(capacity: 200, dtype: .f32)
            // Cut where the sharing sequence begins, so that the passes are the same.
            try runner.append(Array(prompt[..<128]), cache: cache)
            return try runner.forward(Array(prompt[128...]) + rest, cache: cache).map(\.bitPattern)
        }
        let first = runner.makeCache(in: pool, capacity: 200)
        try runner.append(Array(prompt[..<128]), cache: first)
        let second = runner.makeCache(in: pool, capacity: 200)
        second.adopt(first.pages.prefix(2))
        #expect(second.count == 128)
        #expect(pool.freePages == 6)
        let leftLogits = try runner.forward(Array(prompt[128...]) + left, cache: first)
            .map(\.bitPattern)
        let rightLogits = try runner.forward(Array(prompt[128...]) + right, cache: second)
            .map(\.bitPattern)
        #expect(leftLogits == (try alone(left)))
        #expect(rightLogits == (try alone(right)))
        #expect(pool.freePages == 4)
    }

    @Test("writing into a page that another sequence holds leaves the other's tokens alone")
    func copyOnWrite() throws {
        let runner = try runner("qwen2-gqa")
        let pool = try runner.makePool(pages: 8, dtype: .f32)
        let prompt = tokens(64, seed: 1, runner)
        let first = runner.makeCache(in: pool, capacity: 128)
        try runner.append(prompt, cache: first)
        let second = runner.makeCache(in: pool, capacity: 128)
        second.adopt(first.pages)
        // The second goes back into the shared page and on otherwise.
        second.truncate(to: 40)
        try runner.append(tokens(10, seed: 9, runner), cache: second)
        #expect(pool.freePages == 6)
        #expect(first.pages[0] != second.pages[0])

        let other = try runner.makeCache(capacity: 128, dtype: .f32)
        try runner.append(prompt, cache: other)
        #expect(
            try runner.forward([3], cache: first).map(\.bitPattern)
                == runner.forward([3], cache: other).map(\.bitPattern))
    }

    @Test("pages go back to the pool with the sequences that held them")
    func release() throws {
        let runner = try runner("llama-mha")
        let pool = try runner.makePool(pages: 3, dtype: .f32)
        do {
            let first = runner.makeCache(in: pool, capacity: 192)
            try runner.append(tokens(130, seed: 1, runner), cache: first)
            #expect(pool.freePages == 0)
            let second = runner.makeCache(in: pool, capacity: 192)
            #expect(throws: ModelError.self) {
                try runner.append(tokens(2, seed: 2, runner), cache: second)
            }
            first.truncate(to: 64)
            #expect(pool.freePages == 2)
            try runner.append(tokens(2, seed: 2, runner), cache: second)
            // The page outlives the sequence that wrote it as long as someone holds it.
            pool.retain(first.pages[0])
            #expect(pool.freePages == 1)
        }
        #expect(pool.freePages == 2)
        pool.release(0)
        #expect(pool.freePages == 3)
    }

    @Test("too many sequences for a pass, and a sequence without room, are errors")
    func badInput() throws {
        let runner = try runner("llama-mha")
        let pool = try runner.makePool(pages: 20, dtype: .f32)
        let caches = (0..<17).map { _ in runner.makeCache(in: pool, capacity: 1) }
        #expect(throws: ModelError.self) {
            try runner.forward([Int32](repeating: 1, count: 17), caches: caches)
        }
        #expect(throws: ModelError.self) { try runner.forward([], caches: []) }
        #expect(throws: ModelError.self) { try runner.forward([1, 2], caches: [caches[0]]) }
        _ = try runner.forward([1, 2], caches: Array(caches[..<2]))
        #expect(throws: ModelError.self) {
            try runner.forward([1, 2], caches: [caches[2], caches[0]])
        }
        #expect(caches.prefix(3).map(\.count) == [1, 1, 0])
    }
}
