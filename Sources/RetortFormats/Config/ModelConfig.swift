// SPDX-License-Identifier: Apache-2.0

/// The shape of a model, whatever file it comes from. Names as in config.json.
public struct ModelConfig: Sendable, Equatable {
    public var architecture: Architecture
    public var hiddenSize: Int
    public var intermediateSize: Int
    public var numHiddenLayers: Int
    public var numAttentionHeads: Int
    public var numKeyValueHeads: Int
    public var headDim: Int
    /// Rows of the token embedding; may be more than the tokenizer has tokens.
    public var vocabSize: Int
    public var maxPositionEmbeddings: Int
    public var rmsNormEps: Float
    public var ropeTheta: Float
    public var ropeScaling: RopeScaling?
    /// Whether the output head is the token embedding.
    public var tieWordEmbeddings: Bool
    /// Whether all four projections of attention have a bias. Says nothing about Qwen2, whose
    /// queries, keys and values always have one.
    public var attentionBias: Bool
    public var mlpBias: Bool
    /// DeepSeek's attention; `headDim` is then that of queries and keys.
    public var latentAttention: LatentAttentionConfig?
    /// Nil for dense models.
    public var experts: ExpertsConfig?
    /// Layers that predict the token after the next, stored behind the others.
    public var numNextnPredictLayers: Int

    public init(
        architecture: Architecture, hiddenSize: Int, intermediateSize: Int, numHiddenLayers: Int,
        numAttentionHeads: Int, numKeyValueHeads: Int, headDim: Int, vocabSize: Int,
        maxPositionEmbeddings: Int, rmsNormEps: Float = 1e-6, ropeTheta: Float = 10_000,
        ropeScaling: RopeScaling? = nil, tieWordEmbeddings: Bool = false,
        attentionBias: Bool = false, mlpBias: Bool = false,
        latentAttention: LatentAttentionConfig? = nil, experts: ExpertsConfig? = nil,
        numNextnPredictLayers: Int = 0
    ) {
        self.architecture = architecture
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.numHiddenLayers = numHiddenLayers
        self.numAttentionHeads = numAttentionHeads
        self.numKeyValueHeads = numKeyValueHeads
        self.headDim = headDim
        self.vocabSize = vocabSize
        self.maxPositionEmbeddings = maxPositionEmbeddings
        self.rmsNormEps = rmsNormEps
        self.ropeTheta = ropeTheta
        self.ropeScaling = ropeScaling
        self.tieWordEmbeddings = tieWordEmbeddings
        self.attentionBias = attentionBias
        self.mlpBias = mlpBias
        self.latentAttention = latentAttention
        self.experts = experts
        self.numNextnPredictLayers = numNextnPredictLayers
    }

    /// Elements of a head that are rotated.
    public var rotaryDim: Int { latentAttention?.qkRopeHeadDim ?? headDim }

    /// Which elements are rotated together in the weights of a format.
    package func ropeLayout(isGGUF: Bool) -> RopeLayout {
        if let latentAttention {
            return latentAttention.ropeInterleave ? .interleaved : .halfSplit
        }
        return isGGUF && architecture == .llama ? .interleaved : .halfSplit
    }

    /// Elements that the KV cache holds for each token and layer, keys and values together.
    public var cachedWidth: Int {
        latentAttention?.cachedWidth ?? 2 * numKeyValueHeads * headDim
    }

    /// What attention scores are multiplied by: 1 / √headDim, for DeepSeek with YaRN more.
    public var attentionScale: Float {
        let plain = 1 / Float(headDim).squareRoot()
        guard latentAttention != nil, case .yarn(let yarn) = ropeScaling,
            let weight = yarn.mscaleAllDim, weight != 0
        else { return plain }
        let magnitude = RopeScaling.YaRN.magnitude(
            factor: Double(yarn.factor), scale: Double(weight))
        return plain * Float(magnitude * magnitude)
    }

    /// Checks a configuration that no file gave.
    /// - Throws: ``FormatError`` if no model can have such numbers.
    public func validate() throws(FormatError) { try validate(path: "the configuration") }

    /// Checks that the numbers can belong to a model, so that sizes computed from them neither
    /// overflow nor ask for absurd amounts of memory. The limits are an order of magnitude above
    /// the largest models.
    /// - Parameter path: The file the numbers come from, for the message.
    func validate(path: String) throws(FormatError) {
        let limits: [(name: String, value: Int, limit: Int)] = [
            ("hidden_size", hiddenSize, 1 << 20),
            ("intermediate_size", intermediateSize, 1 << 22),
            ("num_hidden_layers", numHiddenLayers, 1 << 12),
            ("num_attention_heads", numAttentionHeads, 1 << 14),
            ("num_key_value_heads", numKeyValueHeads, 1 << 14),
            ("head_dim", headDim, 1 << 14),
            ("vocab_size", vocabSize, 1 << 24),
            ("max_position_embeddings", maxPositionEmbeddings, 1 << 30),
        ]
        for (name, value, limit) in limits where value < 1 || value > limit {
            throw FormatError("\(path): \(name) is \(value); it must be between 1 and \(limit)")
        }
        guard numAttentionHeads % numKeyValueHeads == 0 else {
            throw FormatError(
                "\(path): num_attention_heads is \(numAttentionHeads), not a multiple of num_key_value_heads \(numKeyValueHeads)"
            )
        }
        guard headDim % 2 == 0 else {
            throw FormatError("\(path): head_dim is \(headDim); rotary embeddings need an even one")
        }
        guard numAttentionHeads * headDim <= 1 << 20 else {
            throw FormatError(
                "\(path): \(numAttentionHeads) heads of \(headDim) elements are more than \(1 << 20)"
            )
        }
        guard rmsNormEps >= 0, rmsNormEps < 1 else {
            throw FormatError("\(path): rms_norm_eps is \(rmsNormEps); it must be between 0 and 1")
        }
        guard ropeTheta > 1, ropeTheta.isFinite else {
            throw FormatError("\(path): rope_theta is \(ropeTheta); it must be above 1")
        }
        guard (0...16).contains(numNextnPredictLayers) else {
            throw FormatError(
                "\(path): num_nextn_predict_layers is \(numNextnPredictLayers); it must be between 0 and 16"
            )
        }
        try latentAttention?.validate(path: path, heads: numAttentionHeads)
        try experts?.validate(path: path)
        try ropeScaling?.validate(path: path)
    }
}

extension RopeScaling {
    fileprivate func validate(path: String) throws(FormatError) {
        let factor: Float
        var original = 1
        switch self {
        case .linear(let linear): factor = linear
        case .llama3(let llama3, let low, let high, let positions):
            factor = llama3
            original = positions
            guard low > 0, high > low, high.isFinite else {
                throw FormatError(
                    "\(path): llama3 rope scaling has low_freq_factor \(low) and high_freq_factor \(high); 0 < low < high was expected"
                )
            }
        case .yarn(let yarn):
            factor = yarn.factor
            original = yarn.originalMaxPositionEmbeddings
            guard yarn.betaSlow > 0, yarn.betaFast >= yarn.betaSlow, yarn.betaFast.isFinite,
                yarn.attentionFactor.map({ $0 > 0 && $0.isFinite }) ?? true,
                yarn.mscaleAllDim.map({ $0 >= 0 && $0.isFinite }) ?? true
            else {
                throw FormatError(
                    "\(path): yarn rope scaling needs 0 < beta_slow <= beta_fast and a positive attention_factor"
                )
            }
        }
        guard factor > 0, factor.isFinite, original > 0, original <= 1 << 30 else {
            throw FormatError(
                "\(path): rope scaling has the factor \(factor) and the original context \(original); both must be positive"
            )
        }
    }
}
