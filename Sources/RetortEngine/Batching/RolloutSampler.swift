// SPDX-License-Identifier: Apache-2.0
//
// Samples many answers to each of some prompts, for reinforcement learning. As the engine does, it
// computes a token of every running sequence in one pass, reads each prompt once, and lets the next
// sequence in as soon as one ends; without clients, whose order would not be the same every time.

import RetortFormats
import RetortModels
import RetortTensor

/// Samples groups of answers from the weights of a model as they are.
package final class RolloutSampler {
    package struct Rollout: Sendable, Equatable {
        /// What follows the prompt, the token that ended it included.
        package var tokens: [Int32]
        /// Whether a stop token ended it, not the limit.
        package var isFinished: Bool
    }

    private let model: LanguageModel
    private let runner: ModelRunner
    private let pool: KVPool
    private let stopTokens: Set<Int32>
    private let contextLength: Int
    private let places: Int

    /// - Parameters:
    ///   - places: Sequences that are computed at a time.
    ///   - contextLength: Tokens of a prompt and its answer together, at most.
    /// - Throws: `TensorError` if memory runs out, ``EngineError`` if the model is too small.
    package init(
        _ model: LanguageModel, places: Int, contextLength: Int, stopTokens: Set<Int32>
    ) throws {
        guard places > 0, 1...model.config.maxPositionEmbeddings ~= contextLength else {
            throw EngineError(
                "\(places) sequences of \(contextLength) tokens do not fit a model of \(model.config.maxPositionEmbeddings) positions"
            )
        }
        self.model = model
        self.stopTokens = stopTokens
        self.contextLength = contextLength
        self.places = places
        runner = try ModelRunner(
            model, batchSize: max(places, min(contextLength, 256)), logitRows: places)
        // One more for the prompt that is being shared, and a copied page for each sequence.
        let pages = (places + 1) * (KVCache.pages(for: contextLength) + 1)
        pool = try runner.makePool(pages: pages, dtype: .f32)
    }

    private final class Place {
        let index: (prompt: Int, sample: Int)
        let cache: KVCache
        let sampler: Sampler
        var tokens: [Int32] = []

        init(index: (prompt: Int, sample: Int), cache: KVCache, sampler: Sampler) {
            self.index = index
            self.cache = cache
            self.sampler = sampler
        }
    }

    /// Samples answers.
    /// - Parameters:
    ///   - prompts: At least one token each.
    ///   - count: Answers to each prompt.
    ///   - sampling: Its seed is not used.
    ///   - maximumTokens: Of each answer; the context ends it as well.
    ///   - seed: Equal seeds give equal answers, if the prompts and their number are equal too.
    ///   - shouldStop: Asked before each pass; true ends the sampling.
    /// - Returns: By prompt, its answers; nil if it was stopped.
    /// - Throws: `ModelError` if a prompt does not fit, ``EngineError`` if logits are no numbers.
    package func sample(
        _ prompts: [[Int32]], count: Int, sampling: SamplingParameters, maximumTokens: Int,
        seed: UInt64, shouldStop: () -> Bool = { false }
    ) throws -> [[Rollout]]? {
        var results = prompts.map { _ in
            [Rollout](repeating: Rollout(tokens: [], isFinished: false), count: count)
        }
        for prompt in prompts where prompt.isEmpty || prompt.count >= contextLength {
            throw EngineError(
                "a prompt of \(prompt.count) tokens leaves no room for an answer within \(contextLength)"
            )
        }
        let vocabulary = model.config.vocabSize
        var running: [Place] = []
        var next = (prompt: 0, sample: 0)
        var shared: KVCache?
        var tokens: [Int32] = []
        var caches: [KVCache] = []
        while true {
            while running.count < places, count > 0, next.prompt < prompts.count {
                let prompt = prompts[next.prompt]
                if next.sample == 0 { shared = try read(prompt) }
                guard let shared else { break }
                let cache = runner.makeCache(in: pool, capacity: contextLength)
                cache.adopt(shared.pages, tokens: prompt.count - 1)
                var own = sampling
                own.seed = SplitMix64.mix(
                    SplitMix64.mix(seed &+ SplitMix64.increment)
                        ^ UInt64(next.prompt * count + next.sample))
                let sampler = try Sampler(parameters: own, vocabSize: vocabulary)
                sampler.observe(prompt: prompt)
                running.append(Place(index: next, cache: cache, sampler: sampler))
                next.sample += 1
                if next.sample == count { next = (next.prompt + 1, 0) }
            }
            if running.isEmpty { return results }
            if shouldStop() { return nil }
            tokens.removeAll(keepingCapacity: true)
            caches.removeAll(keepingCapacity: true)
            for place in running {
                tokens.append(place.tokens.last ?? prompts[place.index.prompt].last ?? 0)
                caches.append(place.cache)
            }
            let logits = try runner.forwardMany(tokens, caches: caches)
            var kept = 0
            for (row, place) in running.enumerated() {
                let line = UnsafeMutableBufferPointer(
                    rebasing: logits[row * vocabulary..<(row + 1) * vocabulary])
                let token = try place.sampler.next(line)
                place.tokens.append(token)
                let isFinished = stopTokens.contains(token)
                if isFinished || place.tokens.count == maximumTokens
                    || place.cache.count + 1 >= contextLength
                {
                    results[place.index.prompt][place.index.sample] = Rollout(
                        tokens: place.tokens, isFinished: isFinished)
                } else {
                    running[kept] = place
                    kept += 1
                }
            }
            running.removeLast(running.count - kept)
        }
    }

    /// All of a prompt but its last token, which every answer begins with.
    private func read(_ prompt: [Int32]) throws -> KVCache {
        let cache = runner.makeCache(in: pool, capacity: contextLength)
        if prompt.count > 1 { try runner.append(Array(prompt.dropLast()), cache: cache) }
        return cache
    }
}
