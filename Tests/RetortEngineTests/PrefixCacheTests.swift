// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import RetortModels
import RetortTensor
import Testing

@Suite struct PrefixCacheTests {
    private let pool: KVPool
    private let models: SpeculationModels

    init() throws {
        models = try SpeculationModels.shared.get()
        pool = try ModelRunner(models.target.languageModel).makePool(pages: 16, dtype: .f16)
    }

    /// A sequence of `tokens` hands its pages to the cache and ends.
    private func keep(_ tokens: [Int32], in cache: inout PrefixCache) throws {
        let runner = try ModelRunner(models.target.languageModel)
        let sequence = runner.makeCache(in: pool, capacity: 1000)
        try #require(sequence.reserve(tokens.count))
        var node = PrefixCache.root
        for (index, page) in sequence.pages.enumerated() {
            let start = index * KVPool.pageTokens
            let end = min(start + KVPool.pageTokens, tokens.count)
            node = cache.insert(page, tokens: tokens[start..<end], after: node, in: pool)
        }
    }

    private func found(
        _ text: [Int32], in cache: inout PrefixCache, granularity: Int = 1, most: Int = 1000
    ) -> Int {
        cache.match(text, granularity: granularity, most: most).tokens
    }

    private func text(_ count: Int, _ seed: Int32 = 0) -> [Int32] {
        (0..<Int32(count)).map { ($0 &* 31 &+ seed &* 7) % 500 }
    }

    @Test(
        "a text is found up to the token where it goes another way",
        arguments: [0, 1, 63, 64, 100, 130])
    func part(same: Int) throws {
        var cache = PrefixCache()
        let known = text(150)
        try keep(known, in: &cache)
        let other = known.prefix(same) + text(100, 3).map { $0 + 500 }
        let match = cache.match(Array(other), granularity: 1, most: 1000)
        #expect(match.tokens == same)
        #expect(match.wholePages == same / 64)
        #expect(match.pages.count == (same + 63) / 64)
        #expect(found(Array(other), in: &cache, granularity: 128) == same / 128 * 128)
        #expect(found(Array(other), in: &cache, most: 40) == min(same, 40))
        cache.removeAll(in: pool)
        #expect(pool.freePages == 16)
    }

    @Test("of several ends the longest is found, and ends that were gone beyond are let go of")
    func ends() throws {
        var cache = PrefixCache()
        let known = text(200)
        // Two whole pages at the most, and one end.
        for (length, pages) in [(70, 2), (100, 2), (90, 2), (128, 2), (150, 3)] {
            try keep(Array(known.prefix(length)), in: &cache)
            #expect(cache.pageCount == pages)
        }
        try keep(Array(known.prefix(64) + text(30, 5)), in: &cache)
        #expect(cache.pageCount == 4)
        #expect(found(known, in: &cache) == 150)
        cache.removeAll(in: pool)
        #expect(pool.freePages == 16)
    }

    @Test("the page that was not used for the longest time goes first, and none that others follow")
    func oldest() throws {
        var cache = PrefixCache()
        try keep(text(70), in: &cache)
        try keep(text(70, 9), in: &cache)
        _ = cache.match(text(70), granularity: 1, most: 1000)
        for left in [70, 70, 64, 0] {
            let dropped = cache.dropOldest(in: pool)
            #expect(dropped)
            #expect(found(text(70), in: &cache) == left)
        }
        let dropped = cache.dropOldest(in: pool)
        #expect(!dropped)
        #expect(pool.freePages == 16)
    }
}
