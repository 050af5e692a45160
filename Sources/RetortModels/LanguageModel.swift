// SPDX-License-Identifier: Apache-2.0
//
// The weights of a decoder-only model. What changes from token to token lies in `ModelRunner`.

import RetortFormats
import RetortTensor

/// A causal language model: embedding, decoder layers, final norm, output head.
public final class LanguageModel: @unchecked Sendable {
    // Safety: read-only after init.
    public let config: ModelConfig
    let embedTokens: Embedding  // model.embed_tokens
    let layers: [DecoderLayer]  // model.layers.N
    let norm: RMSNorm  // model.norm
    let lmHead: Linear  // lm_head, or model.embed_tokens where the two are tied
    let predictor: MultiTokenPredictor?  // model.layers.N behind the others
    let rotary: RotaryEmbedding
    let pool: ThreadPool
    let kernels: Kernels
    /// The parameters of a model that is trained.
    package let parameters: ParameterStore?
    /// Keeps the mapped files alive.
    private let checkpoint: Checkpoint?

    /// Loads the weights of `checkpoint`.
    /// - Parameters:
    ///   - checkpoint: Stays open as long as the model.
    ///   - threads: Threads of the forward pass, the caller's included.
    ///   - checksWeights: Look for NaN and infinity, which reads every tensor once.
    ///   - adapter: Added to the weights while they are loaded. Weights of floats are then held as
    ///     f32, as near to the unmerged result as can be; quantised ones as f16.
    /// - Throws: ``ModelError``, `TensorError` or `FormatError` if a tensor is missing or has the
    ///   wrong shape, the adapter does not fit, or memory runs out.
    public convenience init(
        _ checkpoint: Checkpoint, threads: Int, checksWeights: Bool = true,
        adapter: LowRankFile? = nil
    ) throws {
        try self.init(
            adapter.map { try checkpoint.merging($0) } ?? checkpoint,
            pool: ThreadPool(threadCount: threads), checksWeights: checksWeights)
    }

    /// Loads the weights of `checkpoint` and computes with the threads of another model: for models
    /// that take turns, whose waiting threads would otherwise take the cores from each other.
    /// - Throws: As ``init(_:threads:checksWeights:)`` does.
    public convenience init(
        _ checkpoint: Checkpoint, sharingThreadsOf other: LanguageModel, checksWeights: Bool = true
    ) throws {
        try self.init(checkpoint, pool: other.pool, checksWeights: checksWeights)
    }

    private convenience init(_ checkpoint: Checkpoint, pool: ThreadPool, checksWeights: Bool)
        throws
    {
        try self.init(
            WeightLoader(
                source: .checkpoint(checkpoint), pool: pool, checksWeights: checksWeights),
            config: checkpoint.config, layout: checkpoint.ropeLayout)
    }

    /// A model whose weights are parameters in memory, to be trained and run.
    /// - Throws: ``ModelError``, `TensorError` or `FormatError` if the checkpoint that the parameters
    ///   come from does not fit, or memory runs out.
    package convenience init(training source: ParameterSource, threads: Int) throws {
        try self.init(
            WeightLoader(
                source: .parameters(source), pool: ThreadPool(threadCount: threads),
                checksWeights: true),
            config: source.config, layout: source.ropeLayout)
    }

    /// The same, computing with the threads of another model.
    package convenience init(
        training source: ParameterSource, sharingThreadsOf other: LanguageModel
    ) throws {
        try self.init(
            WeightLoader(source: .parameters(source), pool: other.pool, checksWeights: true),
            config: source.config, layout: source.ropeLayout)
    }

    private init(_ weights: WeightLoader, config: ModelConfig, layout: RopeLayout) throws {
        let model = weights.scope("model")
        let pool = weights.pool
        switch weights.source {
        case .checkpoint(let checkpoint):
            self.checkpoint = checkpoint
            parameters = nil
        case .parameters(let source):
            checkpoint = nil
            parameters = source.store
        }
        self.config = config
        self.pool = pool
        kernels = try Kernels.current()
        embedTokens = try model.embedding(
            "embed_tokens", vocabSize: config.vocabSize, hiddenSize: config.hiddenSize)
        layers = try (0..<config.numHiddenLayers).map { index in
            let layer = model.scope("layers.\(index)")
            switch config.architecture {
            case .llama: return try Llama.layer(layer, config: config, index: index)
            case .qwen2: return try Qwen2.layer(layer, config: config, index: index)
            case .qwen3, .qwen3Moe: return try Qwen3.layer(layer, config: config, index: index)
            case .deepseekV2, .deepseekV3:
                return try DeepSeek.layer(layer, config: config, index: index)
            }
        }
        predictor = try MultiTokenPredictor(
            model.scope("layers.\(config.numHiddenLayers)"), config: config)
        norm = try model.rmsNorm("norm", size: config.hiddenSize, eps: config.rmsNormEps)
        let head =
            config.tieWordEmbeddings || !weights.contains("lm_head.weight")
            ? "model.embed_tokens" : "lm_head"
        lmHead = try weights.linear(
            head, from: config.hiddenSize, to: config.vocabSize, bias: false)
        let factors =
            weights.contains("rope_freqs.weight")
            ? try weights.vector("rope_freqs.weight", count: config.rotaryDim / 2) : nil
        rotary = RotaryEmbedding(
            config: config, layout: layout, factors: factors)
    }

    /// Brings up to date what inference holds in another arrangement than training, after a step of
    /// the optimizer. Nobody may run the model meanwhile.
    /// - Throws: `TensorError` if memory runs out.
    package func refresh() throws {
        for layer in layers + (predictor.map { [$0.layer] } ?? []) {
            if case .latent(let attention) = layer.selfAttn { try attention.refresh() }
        }
    }

    /// Bytes of weights that one generated token reads.
    public var bytesPerToken: Int {
        layers.reduce(lmHead.weight.byteCount) { $0 + $1.bytesPerToken }
    }

    /// Multiplications and additions of the linear layers for one prompt token (no output head).
    public var operationsPerPromptToken: Int { layers.reduce(0) { $0 + $1.operationsPerToken } }

    /// Whether the keys and values of a prompt are the same bits however it is cut into passes, so that
    /// it can be gone on with anywhere. So are those of dense models of quantised types; the float types
    /// are multiplied in other ways where there are many rows, and so are experts and latents.
    public var readsPromptsAlike: Bool { layers.allSatisfy(\.readsPromptsAlike) }

    /// Whether there is a layer that predicts the token after the next.
    public var canPredict: Bool { predictor != nil }
    public var threadCount: Int { pool.threadCount }
    /// The threads of the forward pass, for training to use between passes.
    package var trainingPool: ThreadPool { pool }
    /// Whether both compute with the same threads.
    public func sharesThreads(with other: LanguageModel) -> Bool { pool === other.pool }
    /// The instruction set in use: `avx512`, `avx2` or `scalar`.
    public var instructionSet: String { kernels.name }
}
