// SPDX-License-Identifier: Apache-2.0
//
// Runs the layer that predicts the token after the next, which drafts tokens for speculative
// decoding.

import RetortFormats
import RetortTensor

extension ModelRunner {
    /// Whether the checkpoint has a layer that predicts the token after the next.
    public var canPredict: Bool { model.canPredict }

    /// An empty cache for the predicting layer, which holds one row a token as the model's does.
    /// - Throws: ``ModelError`` if the model has no such layer.
    public func makePredictionCache(capacity: Int, dtype: DType) throws -> KVCache {
        guard canPredict else {
            throw ModelError("the checkpoint has no layer that predicts further tokens")
        }
        var config = model.config
        config.numHiddenLayers = 1
        let capacity = max(1, capacity)
        let pool = try KVPool(
            config: config, pages: KVCache.pages(for: capacity), dtype: dtype)
        return KVCache(pool: pool, capacity: capacity)
    }

    /// Predicts what follows `tokens`, each of which follows a token of the latest pass.
    /// - Parameters:
    ///   - tokens: At most as many as the latest pass had; row i of it was before token i.
    ///   - cache: Of ``makePredictionCache(capacity:dtype:)``; gets a row for each token.
    /// - Returns: The logits after the last of them, `[vocabSize]`, valid until the next call.
    /// - Throws: ``ModelError`` if there are none or more tokens than rows, or the cache is full.
    public func predict(_ tokens: [Int32], cache: KVCache) throws
        -> UnsafeMutableBufferPointer<Float>
    {
        guard tokens.count <= latestRows else {
            throw ModelError("\(tokens.count) tokens follow a pass of \(latestRows)")
        }
        let states = UnsafeBufferPointer(
            start: state.hidden.base, count: tokens.count * model.config.hiddenSize)
        return try tokens.withUnsafeBufferPointer {
            try predict($0, states: states, cache: cache)
        }
    }

    /// Predicts what follows `tokens`, any number, from the states of another runner's passes.
    /// - Parameter states: Of ``hiddenStates``, `[tokens, hiddenSize]`: before each token.
    package func predict(
        _ tokens: UnsafeBufferPointer<Int32>, states: UnsafeBufferPointer<Float>, cache: KVCache
    ) throws -> UnsafeMutableBufferPointer<Float> {
        let width = model.config.hiddenSize
        guard let predicted = state.predicted, let base = states.baseAddress,
            states.count == tokens.count * width, !tokens.isEmpty
        else {
            throw ModelError(
                "\(tokens.count) tokens need as many states, and a checkpoint with a predicting layer"
            )
        }
        var logits = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)
        for start in stride(from: 0, to: tokens.count, by: batchSize) {
            let count = min(batchSize, tokens.count - start)
            let known = predicted.prefix(count)
            model.norm.forward(
                known,
                Rows(
                    UnsafeMutablePointer(mutating: base + start * width), rows: count,
                    columns: width), state.context)
            logits = try predict(
                UnsafeBufferPointer(rebasing: tokens[start..<start + count]), known: known,
                cache: cache)
        }
        return logits
    }

    /// Goes on from the latest prediction, as if `token` had been predicted rightly.
    public func predictFurther(_ token: Int32, cache: KVCache) throws
        -> UnsafeMutableBufferPointer<Float>
    {
        guard let predicted = state.predicted, latestPredictions > 0 else {
            throw ModelError("there is no prediction to go on from")
        }
        let last = Rows(predicted[latestPredictions - 1], rows: 1, columns: predicted.columns)
        predicted[0].update(from: last.base, count: last.columns)
        return try withUnsafePointer(to: token) {
            try predict(
                UnsafeBufferPointer(start: $0, count: 1), known: predicted.prefix(1), cache: cache)
        }
    }

    private func predict(_ tokens: UnsafeBufferPointer<Int32>, known: Rows, cache: KVCache) throws
        -> UnsafeMutableBufferPointer<Float>
    {
        guard let predictor = model.predictor else {
            throw ModelError("the checkpoint has no layer that predicts further tokens")
        }
        guard !tokens.isEmpty else { throw ModelError("there are no tokens to run") }
        try check(tokens, cache)
        let embedded = state.branch.prefix(tokens.count)
        model.embedTokens.forward(embedded, tokens, state.context)
        let sequences = single(cache, tokens.count)
        state.place(sequences)
        try predictor.forward(known, known: known, embedded: embedded, sequences, state)
        cache.advance(by: tokens.count)
        latestPredictions = tokens.count
        let logits = state.logits.prefix(1)
        model.lmHead.forward(logits, known.last, state.context)
        return UnsafeMutableBufferPointer(start: logits.base, count: model.config.vocabSize)
    }
}
