// SPDX-License-Identifier: Apache-2.0
//
// Runs a model on tokens. Owns the activations, so that several runners can share one model.

import RetortFormats
import RetortTensor

/// Runs forward passes. Use it from one thread at a time.
public final class ModelRunner {
    public let model: LanguageModel
    private let pool: ThreadPool
    /// The most tokens a single pass takes; longer inputs are cut into passes of this many.
    public let batchSize: Int
    let state: RunState
    /// Rows of the latest pass and of the latest prediction that are still there.
    var latestRows = 0
    /// Those of the pass under way; kept so that a pass allocates nothing.
    private var sequences: [PassSequence] = []
    var latestPredictions = 0

    /// - Parameters:
    ///   - model: Shared, its weights are not copied.
    ///   - batchSize: Tokens per pass. Larger is faster for long prompts and takes memory.
    /// - Throws: `TensorError` if memory runs out.
    public convenience init(_ model: LanguageModel, batchSize: Int = 512) throws {
        try self.init(model, batchSize: batchSize, latentForm: .cheaper)
    }

    /// - Parameters:
    ///   - latentForm: For comparing the two forms of latent attention.
    ///   - other: Computes with the threads of this model, nil for those of `model`.
    ///   - logitRows: Tokens whose logits are computed at a time.
    package init(
        _ model: LanguageModel, batchSize: Int, latentForm: LatentForm = .cheaper,
        logitRows: Int = RunState.logitRows, sharingThreadsOf other: LanguageModel? = nil
    ) throws {
        let config = model.config
        self.model = model
        pool = (other ?? model).pool
        self.batchSize = max(1, batchSize)
        let latent = config.latentAttention
        let widest = max(
            config.hiddenSize, RunState.widestIntermediate(config),
            config.numAttentionHeads * (latent?.vHeadDim ?? config.headDim),
            latent?.qLoraRank ?? 0, model.predictor == nil ? 0 : 2 * config.hiddenSize)
        let context = try ComputeContext(
            maximumRows: self.batchSize, maximumColumns: widest,
            groupSize: max(4, 2 * ((config.experts?.numExpertsPerTok ?? 0) + 1)),
            pool: pool, kernels: model.kernels)
        state = try RunState(
            config: config, rotary: model.rotary, context: context, latentForm: latentForm,
            logitRows: logitRows, predicts: model.predictor != nil)
    }

    /// Whether passes are computed with the threads of `other`.
    package func usesThreads(of other: LanguageModel) -> Bool { pool === other.pool }

    /// An empty cache for `capacity` tokens of one of ``KVPool/types``, with memory of its own.
    /// - Throws: ``ModelError`` if it is none of them or the model's heads do not fill its blocks.
    public func makeCache(capacity: Int, dtype: DType) throws -> KVCache {
        let capacity = max(1, capacity)
        return makeCache(
            in: try makePool(pages: KVCache.pages(for: capacity), dtype: dtype), capacity: capacity)
    }

    /// Memory for the caches of several sequences.
    /// - Throws: As ``makeCache(capacity:dtype:)``.
    public func makePool(pages: Int, dtype: DType) throws -> KVPool {
        try KVPool(config: model.config, pages: max(1, pages), dtype: dtype)
    }

    /// An empty cache for up to `capacity` tokens in the pages of a pool of this model.
    public func makeCache(in pool: KVPool, capacity: Int) -> KVCache {
        KVCache(pool: pool, capacity: max(1, capacity))
    }

    /// Appends tokens to the cache as a prompt: see ``LanguageModel/readsPromptsAlike``.
    /// - Returns: The logits after the last token, `[vocabSize]`, valid until the next call.
    /// - Throws: ``ModelError`` if the cache is full or a token is not in the vocabulary.
    @discardableResult
    public func forward(_ tokens: [Int32], cache: KVCache) throws
        -> UnsafeMutableBufferPointer<Float>
    {
        guard !tokens.isEmpty else { throw ModelError("there are no tokens to run") }
        return try tokens.withUnsafeBufferPointer {
            head(try append($0, cache: cache, isPrompt: true).last)
        }
    }

    /// Appends one token; allocates nothing.
    public func forward(_ token: Int32, cache: KVCache) throws -> UnsafeMutableBufferPointer<Float>
    {
        try withUnsafePointer(to: token) {
            try forward(UnsafeBufferPointer(start: $0, count: 1), cache: cache)
        }
    }

    /// Appends tokens that were generated, or stand for such.
    package func forward(_ tokens: UnsafeBufferPointer<Int32>, cache: KVCache) throws
        -> UnsafeMutableBufferPointer<Float>
    {
        head(try append(tokens, cache: cache, isPrompt: false).last)
    }

    /// Appends a prompt's tokens without computing any logits.
    public func append(_ tokens: [Int32], cache: KVCache) throws {
        _ = try tokens.withUnsafeBufferPointer { try append($0, cache: cache, isPrompt: true) }
    }

    private func append(_ tokens: UnsafeBufferPointer<Int32>, cache: KVCache, isPrompt: Bool) throws
        -> Rows
    {
        try check(tokens, cache)
        var hidden = state.hidden
        for start in stride(from: 0, to: tokens.count, by: batchSize) {
            let end = min(start + batchSize, tokens.count)
            hidden = try runLayers(
                UnsafeBufferPointer(rebasing: tokens[start..<end]), single(cache, end - start),
                isPrompt: isPrompt)
        }
        return hidden
    }

    /// Appends one token to each of several sequences in one pass; allocates nothing. What a sequence
    /// gets are the very bits that it would get in a pass of its own.
    /// - Parameters:
    ///   - tokens: 1 … ``mostRows``, one for each cache.
    ///   - caches: Of one pool, all different.
    /// - Returns: The logits of each, `[sequences, vocabSize]`, valid until the next call.
    /// - Throws: ``ModelError`` if a cache is full or a token is not in the vocabulary.
    public func forward(_ tokens: [Int32], caches: [KVCache]) throws
        -> UnsafeMutableBufferPointer<Float>
    {
        guard 1...mostRows ~= tokens.count, caches.count == tokens.count else {
            throw ModelError(
                "\(tokens.count) tokens for \(caches.count) sequences do not fit a pass of 1 … \(mostRows)"
            )
        }
        return try forwardEach(tokens, caches)
    }

    /// The same for more sequences, up to the rows of logits; what one of them gets may then depend in
    /// the last bits on how many there are.
    package func forwardMany(_ tokens: [Int32], caches: [KVCache]) throws
        -> UnsafeMutableBufferPointer<Float>
    {
        let most = min(batchSize, state.logits.rows)
        guard 1...most ~= tokens.count, caches.count == tokens.count else {
            throw ModelError(
                "\(tokens.count) tokens for \(caches.count) sequences do not fit a pass of 1 … \(most)"
            )
        }
        return try forwardEach(tokens, caches)
    }

    private func forwardEach(_ tokens: [Int32], _ caches: [KVCache]) throws
        -> UnsafeMutableBufferPointer<Float>
    {
        sequences.removeAll(keepingCapacity: true)
        return try tokens.withUnsafeBufferPointer { tokens in
            for (index, cache) in caches.enumerated() {
                try check(UnsafeBufferPointer(rebasing: tokens[index..<index + 1]), cache)
                sequences.append(
                    PassSequence(cache: cache, firstRow: index, rows: 1, position: cache.count))
            }
            return head(try runLayers(tokens, sequences))
        }
    }

    /// The most tokens of ``forwardRows(_:cache:)``.
    public var mostRows: Int {
        min(batchSize, RunState.logitRows, ComputeContext.exactRows)
    }

    /// Appends a few tokens in one pass; allocates nothing. What a token gets are the very bits that
    /// it would get in a pass of its own.
    /// - Parameter tokens: 1 … ``mostRows``.
    /// - Returns: The logits after each, `[tokens, vocabSize]`, valid until the next call.
    /// - Throws: ``ModelError`` if the cache is full or a token is not in the vocabulary.
    package func forwardRows(_ tokens: UnsafeBufferPointer<Int32>, cache: KVCache) throws
        -> UnsafeMutableBufferPointer<Float>
    {
        guard 1...mostRows ~= tokens.count else {
            throw ModelError("\(tokens.count) tokens do not fit a pass of 1 … \(mostRows)")
        }
        try check(tokens, cache)
        return head(try runLayers(tokens, single(cache, tokens.count)))
    }

    /// The residual stream of the last pass before the final norm, `[tokens, hiddenSize]`, valid until
    /// the next call. An input of more than ``batchSize`` tokens shows its last pass.
    package var hiddenStates: UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(
            start: state.hidden.base, count: latestRows * model.config.hiddenSize)
    }

    /// Appends a prompt's `tokens` to `cache` and hands out the logits after each of them.
    /// - Parameters:
    ///   - tokens: Any number; the cache must have room for them.
    ///   - cache: Made by ``makeCache(capacity:dtype:)``.
    ///   - body: Gets the index of a token and the logits after it, `[vocabSize]`.
    public func forwardAll(
        _ tokens: [Int32], cache: KVCache,
        _ body: (Int, UnsafeMutableBufferPointer<Float>) throws -> Void
    ) throws {
        try tokens.withUnsafeBufferPointer { try check($0, cache) }
        for start in stride(from: 0, to: tokens.count, by: batchSize) {
            let end = min(start + batchSize, tokens.count)
            let hidden = try tokens[start..<end].withUnsafeBufferPointer {
                try runLayers($0, single(cache, end - start), isPrompt: true)
            }
            for row in stride(from: 0, to: end - start, by: state.logits.rows) {
                let count = min(state.logits.rows, end - start - row)
                let part = Rows(hidden[row], rows: count, columns: hidden.columns)
                let logits = head(part)
                for index in 0..<count {
                    let line = UnsafeMutableBufferPointer(
                        start: logits.baseAddress.map { $0 + index * model.config.vocabSize },
                        count: model.config.vocabSize)
                    try body(start + row + index, line)
                }
            }
        }
    }

    func check(_ tokens: UnsafeBufferPointer<Int32>, _ cache: KVCache) throws(ModelError) {
        guard tokens.count <= cache.capacity - cache.count else {
            throw ModelError(
                "\(cache.count + tokens.count) tokens do not fit the context of \(cache.capacity); shorten the input or ask for a longer context"
            )
        }
        guard cache.reserve(tokens.count) else {
            throw ModelError(
                "the pool of \(cache.pool.pageCount) pages has none left for \(tokens.count) more tokens"
            )
        }
        for token in tokens where token < 0 || Int(token) >= model.config.vocabSize {
            throw ModelError(
                "token \(token) is not in the vocabulary of \(model.config.vocabSize)")
        }
    }

    /// One sequence as a whole pass.
    func single(_ cache: KVCache, _ rows: Int) -> [PassSequence] {
        sequences.removeAll(keepingCapacity: true)
        sequences.append(
            PassSequence(cache: cache, firstRow: 0, rows: rows, position: cache.count))
        return sequences
    }

    /// The residual stream after all layers, `[tokens, hiddenSize]`.
    private func runLayers(
        _ tokens: UnsafeBufferPointer<Int32>, _ sequences: [PassSequence], isPrompt: Bool = false
    ) throws -> Rows {
        state.context.readsPrompt = isPrompt
        defer { state.context.readsPrompt = false }
        let hidden = state.hidden.prefix(tokens.count)
        model.embedTokens.forward(hidden, tokens, state.context)
        state.place(sequences)
        for (index, layer) in model.layers.enumerated() {
            try layer.forward(hidden, sequences, layer: index, state)
        }
        for sequence in sequences { sequence.cache.advance(by: sequence.rows) }
        latestRows = tokens.count
        latestPredictions = 0
        return hidden
    }

    /// Logits of the rows, `[rows, vocabSize]`.
    private func head(_ hidden: Rows) -> UnsafeMutableBufferPointer<Float> {
        let normed = state.normed.prefix(hidden.rows)
        let logits = state.logits.prefix(hidden.rows)
        model.norm.forward(normed, hidden, state.context)
        model.lmHead.forward(logits, normed, state.context)
        return UnsafeMutableBufferPointer(
            start: logits.base, count: hidden.rows * model.config.vocabSize)
    }
}

extension ModelRunner {
    /// The mean over the tokens of the residual stream after all layers and the final norm,
    /// `[hiddenSize]`: what transformers calls the last hidden state, pooled.
    /// - Throws: ``ModelError`` if a token is not in the vocabulary.
    public func meanHiddenState(of tokens: [Int32]) throws -> [Float] {
        guard !tokens.isEmpty else { throw ModelError("there are no tokens to run") }
        let cache = try makeCache(capacity: tokens.count, dtype: .f32)
        var sum = [Double](repeating: 0, count: model.config.hiddenSize)
        for start in stride(from: 0, to: tokens.count, by: batchSize) {
            let end = min(start + batchSize, tokens.count)
            try append(Array(tokens[start..<end]), cache: cache)
            let rows = normalised(end - start)
            for row in 0..<rows.rows {
                for column in sum.indices { sum[column] += Double(rows[row][column]) }
            }
        }
        return sum.map { Float($0 / Double(tokens.count)) }
    }

    private func normalised(_ count: Int) -> Rows {
        let normed = state.normed.prefix(count)
        model.norm.forward(normed, state.hidden.prefix(count), state.context)
        return normed
    }
}
