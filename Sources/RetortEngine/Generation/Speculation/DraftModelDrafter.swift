// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortModels
import RetortTensor
import RetortTokenizers

/// Guesses with a smaller model, which takes its most likely token each time.
package final class DraftModelDrafter: Drafter {
    package let initialCost: Double
    private let runner: ModelRunner
    private let cache: KVCache
    /// The sequence, and what the draft model's cache holds: its beginning and guesses after it.
    private var tokens: [Int32] = []
    private var cached: [Int32] = []
    /// Ids that both vocabularies have.
    private let sharedTokens: Int
    /// Whether the sequence has a token that the draft model cannot read.
    private var isForeign = false

    /// - Throws: ``EngineError`` if the two vocabularies differ.
    package init(_ draft: ReasoningModel, target: ReasoningModel, contextLength: Int) throws {
        sharedTokens = try Self.sharedTokens(draft, target)
        initialCost =
            Double(draft.languageModel.bytesPerToken)
            / Double(max(target.languageModel.bytesPerToken, 1))
        let capacity = min(contextLength, draft.config.maxPositionEmbeddings)
        // The two take turns: threads of its own would wait in a loop while the target's compute.
        runner = try ModelRunner(
            draft.languageModel, batchSize: min(512, capacity),
            sharingThreadsOf: target.languageModel)
        cache = try runner.makeCache(capacity: capacity, dtype: .f16)
        tokens.reserveCapacity(contextLength)
        cached.reserveCapacity(capacity)
    }

    /// Whether it computes with the threads of `model`.
    package func usesThreads(of model: ReasoningModel) -> Bool {
        runner.usesThreads(of: model.languageModel)
    }

    /// The number of token ids that mean the same to both.
    static func sharedTokens(_ draft: ReasoningModel, _ target: ReasoningModel) throws
        -> Int
    {
        guard draft.hasTokenizer || target.hasTokenizer else {
            guard draft.config.vocabSize == target.config.vocabSize else {
                throw EngineError(
                    "the draft model \(draft.name) has \(draft.config.vocabSize) tokens, \(target.name) has \(target.config.vocabSize); take a draft model with the same vocabulary"
                )
            }
            return target.config.vocabSize
        }
        let (mine, theirs) = (try draft.tokenizer, try target.tokenizer)
        guard mine.vocabularySize == theirs.vocabularySize else {
            throw EngineError(
                "the draft model \(draft.name) has \(mine.vocabularySize) tokens, \(target.name) has \(theirs.vocabularySize); take a draft model with the same vocabulary"
            )
        }
        for id in 0..<Int32(clamping: mine.vocabularySize)
        where !mine.bytes(of: id).elementsEqual(theirs.bytes(of: id))
            || mine.isSpecial(id) != theirs.isSpecial(id)
        {
            throw EngineError(
                "token \(id) of the draft model \(draft.name) is not that of \(target.name); take a draft model with the same vocabulary"
            )
        }
        // The rest of both embeddings is padding.
        return mine.vocabularySize
    }

    package func begin(_ prompt: [Int32], cached: Int) -> Int {
        tokens.removeSubrange(tokens.commonPrefixLength(with: prompt)...)
        cut(to: tokens.count)
        isForeign = tokens.contains { Int($0) >= sharedTokens }
        return tokens.count
    }

    package func append(
        _ new: UnsafeBufferPointer<Int32>, states: UnsafeBufferPointer<Float>?
    ) {
        for token in new {
            let index = tokens.count
            if index < cached.count, cached[index] != token { cut(to: index) }
            tokens.append(token)
            if token < 0 || Int(token) >= sharedTokens { isForeign = true }
        }
    }

    private func cut(to count: Int) {
        guard count < cached.count else { return }
        cached.removeSubrange(count...)
        cache.truncate(to: count)
    }

    package func prepare() -> Int? {
        isForeign || tokens.isEmpty || tokens.count >= cache.capacity ? nil : 0
    }

    package func propose(_ draft: UnsafeMutableBufferPointer<Int32>) throws -> Int {
        // The last token always runs: what the model made of it is not kept.
        cut(to: tokens.count - 1)
        let count = min(draft.count, cache.capacity - tokens.count + 1)
        var logits = try catchUp()
        for index in 0..<count {
            // Ids past the shared ones are padding, which nobody should guess.
            let shared = UnsafeMutableBufferPointer(rebasing: logits[..<sharedTokens])
            let token = Int32(Sampler.largest(shared).index)
            draft[index] = token
            if index + 1 < count {
                logits = try runner.forward(token, cache: cache)
                cached.append(token)
            }
        }
        return count
    }

    /// Runs the tokens that the cache lacks.
    private func catchUp() throws -> UnsafeMutableBufferPointer<Float> {
        let start = cached.count
        let logits = try tokens.withUnsafeBufferPointer { all in
            try runner.forward(UnsafeBufferPointer(rebasing: all[start...]), cache: cache)
        }
        cached.append(contentsOf: tokens[start...])
        return logits
    }
}
