// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortModels
import RetortTensor

/// Guesses with the layer that the checkpoint has for it (multi-token prediction, DeepSeek-V3 2024):
/// from the model's state before a token and the token itself it predicts the one after. A second
/// and further guesses go on from its own state.
package final class PredictionDrafter: Drafter {
    package let initialCost: Double
    package var readsStates: Bool { true }
    private let runner: ModelRunner
    private let cache: KVCache
    private let hiddenSize: Int
    /// The sequence: all but its first token have a row in the cache.
    private var seen: [Int32] = []
    /// Stands for states that were not kept; a guess may then be worse, never the text.
    private var unknown: [Float] = []
    /// The next guess, made with the last token appended.
    private var next: Int32?

    /// - Throws: ``EngineError`` if the checkpoint has no such layer.
    package init(_ model: ReasoningModel, contextLength: Int) throws {
        let capacity = min(contextLength, model.config.maxPositionEmbeddings)
        runner = try ModelRunner(model.languageModel, batchSize: min(512, capacity))
        guard runner.canPredict else { throw Self.missing(model) }
        cache = try runner.makePredictionCache(capacity: capacity, dtype: .f16)
        hiddenSize = model.config.hiddenSize
        initialCost = 1 / Double(max(1, model.config.numHiddenLayers))
        seen.reserveCapacity(capacity)
    }

    static func missing(_ model: ReasoningModel) -> EngineError {
        EngineError(
            "\(model.name) has no layer that predicts further tokens (num_nextn_predict_layers); take another --speculative method"
        )
    }

    package func begin(_ prompt: [Int32], cached: Int) -> Int {
        // The states from there on are made anew.
        let common = min(seen.commonPrefixLength(with: prompt), cached + 1)
        seen.removeSubrange(common...)
        next = nil
        return common
    }

    package func append(
        _ tokens: UnsafeBufferPointer<Int32>, states: UnsafeBufferPointer<Float>?
    ) throws {
        next = nil
        // Nothing comes before the first token of all.
        let first = seen.isEmpty ? 1 : 0
        seen.append(contentsOf: tokens)
        let count = tokens.count - first
        guard count > 0, seen.count - 1 <= cache.capacity else { return }
        // Guesses beyond the sequence are overwritten.
        cache.truncate(to: seen.count - 1 - count)
        let following = UnsafeBufferPointer(rebasing: tokens[first...])
        let logits: UnsafeMutableBufferPointer<Float>
        if let states {
            logits = try runner.predict(
                following, states: UnsafeBufferPointer(rebasing: states.suffix(count * hiddenSize)),
                cache: cache)
        } else {
            if unknown.count < count * hiddenSize {
                unknown = Array(repeating: 0, count: count * hiddenSize)
            }
            logits = try unknown.withUnsafeBufferPointer {
                try runner.predict(
                    following, states: UnsafeBufferPointer(rebasing: $0[..<(count * hiddenSize)]),
                    cache: cache)
            }
        }
        next = Int32(Sampler.largest(logits).index)
    }

    package func prepare() -> Int? { next == nil ? nil : 0 }

    package func propose(_ draft: UnsafeMutableBufferPointer<Int32>) throws -> Int {
        guard var token = next else { return 0 }
        draft[0] = token
        var count = 1
        while count < draft.count, cache.count < cache.capacity {
            let logits = try runner.predictFurther(token, cache: cache)
            token = Int32(Sampler.largest(logits).index)
            draft[count] = token
            count += 1
        }
        return count
    }
}
