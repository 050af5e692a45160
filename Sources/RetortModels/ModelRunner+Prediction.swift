// SPDX-License-Identifier: Apache-2.0
//
// Runs the layer that predicts the token after the next, which drafts tokens for speculative
// decoding.

import RetortFormats
import RetortTensor

extension ModelRunner {
    /// Whether the checkpoint has a layer that predicts the token after the next.
    public var canPredict: Bool { model.predictor != nil }

    /// An empty cache for the predicting layer, which holds one row a token as the model's does.
    /// - Throws: ``ModelError`` if the model has no such layer.
    public func makePredictionCache(capacity: Int, dtype: DType) throws -> KVCache {
        guard canPredict else {
            throw ModelError("the checkpoint has no layer that predicts further tokens")
        }
        var config = model.config
        config.numHiddenLayers = 1
        return try KVCache(config: config, capacity: max(1, capacity), dtype: dtype)
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
        let rows = state.hidden.prefix(tokens.count)
        guard tokens.count <= latestRows else {
            throw ModelError("\(tokens.count) tokens follow a pass of \(latestRows)")
        }
        return try tokens.withUnsafeBufferPointer { tokens in
            guard let known = state.predicted?.prefix(rows.rows) else {
                throw ModelError("the checkpoint has no layer that predicts further tokens")
            }
            model.norm.forward(known, rows, state.context)
            return try predict(tokens, known: known, cache: cache)
        }
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
        guard let predictor = model.predictor, let layerCache = cache.layers.first else {
            throw ModelError("the checkpoint has no layer that predicts further tokens")
        }
        guard !tokens.isEmpty else { throw ModelError("there are no tokens to run") }
        try check(tokens, cache)
        let embedded = state.branch.prefix(tokens.count)
        model.embedTokens.forward(embedded, tokens, state.context)
        state.place(at: cache.count, count: tokens.count)
        try predictor.forward(
            known, known: known, embedded: embedded, cache: layerCache, position: cache.count,
            state)
        cache.advance(by: tokens.count)
        latestPredictions = tokens.count
        let logits = state.logits.prefix(1)
        model.lmHead.forward(logits, known.last, state.context)
        return UnsafeMutableBufferPointer(start: logits.base, count: model.config.vocabSize)
    }
}
