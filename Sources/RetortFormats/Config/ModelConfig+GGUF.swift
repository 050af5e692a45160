// SPDX-License-Identifier: Apache-2.0
//
// The shape of a model from GGUF metadata, with the defaults of llama.cpp for what is left out.

extension ModelConfig {
    /// - Throws: ``FormatError`` for an unknown architecture, a missing key, a number out of bounds
    ///   or a feature that is not implemented.
    public init(_ gguf: GGUFFile) throws(FormatError) {
        guard let name = try gguf.string("general.architecture") else {
            throw FormatError("\(gguf.path) has no general.architecture; it is not a model")
        }
        let keys = GGUFKeys(gguf: gguf, architecture: name)
        let architecture = try keys.knownArchitecture()
        try keys.rejectUnsupported(architecture)
        let latent = architecture.isDeepSeek ? try LatentAttentionConfig(keys) : nil
        let layers = try keys.required("block_count")
        let hidden = try keys.required("embedding_length")
        let heads = try keys.perLayer("attention.head_count")
        guard let heads else { throw keys.missing("attention.head_count") }
        let derived = heads > 0 ? hidden / heads : 0
        let keyLength = try keys.integer("attention.key_length") ?? derived
        let valueLength = try keys.integer("attention.value_length") ?? derived
        let rotated = try keys.integer("rope.dimension_count") ?? keyLength
        guard latent != nil || (valueLength == keyLength && rotated == keyLength) else {
            throw FormatError(
                "\(gguf.path): attention.key_length, attention.value_length and rope.dimension_count differ; whole heads of one size are supported"
            )
        }
        let positions = try keys.required("context_length")
        guard let intermediate = try keys.perLayer("feed_forward_length") else {
            throw keys.missing("feed_forward_length")
        }
        guard let eps = try keys.number("attention.layer_norm_rms_epsilon") else {
            throw keys.missing("attention.layer_norm_rms_epsilon")
        }
        self.init(
            architecture: architecture,
            hiddenSize: hidden,
            intermediateSize: intermediate,
            numHiddenLayers: layers,
            numAttentionHeads: heads,
            numKeyValueHeads: latent == nil
                ? try keys.perLayer("attention.head_count_kv") ?? heads : heads,
            headDim: latent?.qkHeadDim ?? keyLength,
            vocabSize: try keys.vocabSize(),
            maxPositionEmbeddings: positions,
            rmsNormEps: Float(eps),
            ropeTheta: Float(try keys.number("rope.freq_base") ?? 10_000),
            ropeScaling: try keys.ropeScaling(maxPositionEmbeddings: positions),
            tieWordEmbeddings: !gguf.contains("output.weight"),
            attentionBias: architecture != .qwen2
                && (gguf.contains("blk.0.attn_q.bias")
                    || gguf.contains("blk.0.attn_kv_a_mqa.bias")),
            mlpBias: gguf.contains("blk.0.ffn_gate.bias"),
            latentAttention: latent,
            experts: try ExpertsConfig(keys, architecture, layers: layers))
        try validate(path: gguf.path)
    }
}

/// Look-ups of `{architecture}.*`.
struct GGUFKeys {
    let gguf: GGUFFile
    let architecture: String

    /// GGUF's deepseek2 is V2 or V3 by its gate.
    func knownArchitecture() throws(FormatError) -> Architecture {
        if architecture == Architecture.deepseekV2.ggufName {
            return try integer("expert_gating_func") == 2 ? .deepseekV3 : .deepseekV2
        }
        guard let known = Architecture.allCases.first(where: { $0.ggufName == architecture })
        else {
            throw FormatError(
                "\(gguf.path): the architecture '\(architecture)' is not supported; supported are \(Architecture.knownInGGUF)"
            )
        }
        return known
    }

    func integer(_ key: String) throws(FormatError) -> Int? {
        try gguf.integer("\(architecture).\(key)")
    }

    func number(_ key: String) throws(FormatError) -> Double? {
        try gguf.number("\(architecture).\(key)")
    }

    func missing(_ key: String) -> FormatError {
        FormatError("\(gguf.path) has no \(architecture).\(key)")
    }

    func required(_ key: String) throws(FormatError) -> Int {
        guard let value = try integer(key) else { throw missing(key) }
        return value
    }

    /// A number that may be given once or for each layer.
    func perLayer(_ key: String) throws(FormatError) -> Int? {
        let name = "\(architecture).\(key)"
        guard let array = gguf[name]?.arrayValue else { return try integer(key) }
        guard let values = array.integers, let first = values.first,
            values.allSatisfy({ $0 == first })
        else {
            throw FormatError(
                "\(gguf.path): \(name) differs between layers; one value for all is supported")
        }
        return first
    }

    /// Rows of the embedding, which alone decide what tokens can be looked up.
    func vocabSize() throws(FormatError) -> Int {
        if let shape = gguf.info("token_embd.weight")?.shape, shape.count == 2 { return shape[0] }
        if let size = try integer("vocab_size") { return size }
        guard let tokens = try gguf.array("tokenizer.ggml.tokens") else {
            throw missing("vocab_size")
        }
        return tokens.count
    }

    func rejectUnsupported(_ known: Architecture) throws(FormatError) {
        if [.llama, .qwen2, .qwen3].contains(known), let experts = try integer("expert_count"),
            experts > 0
        {
            throw FormatError(
                "\(gguf.path) is a mixture of \(experts) experts; \(architecture) models without experts are supported"
            )
        }
        if let window = try integer("attention.sliding_window"), window > 0,
            try integer("context_length").map({ window < $0 }) ?? true
        {
            throw FormatError(
                "\(gguf.path) has a sliding window of \(window); sliding windows are not supported")
        }
    }

    func ropeScaling(maxPositionEmbeddings positions: Int) throws(FormatError) -> RopeScaling? {
        var factor = try number("rope.scaling.factor")
        if factor == nil { factor = try number("rope.scale_linear") }
        // A factor without a type is linear; zero stands for none.
        let scale = Float(factor ?? 0)
        let type = try gguf.string("\(architecture).rope.scaling.type") ?? "linear"
        switch type {
        case "none": return nil
        case "linear": return scale == 0 || scale == 1 ? nil : .linear(factor: scale)
        case "yarn":
            if let extrapolation = try number("rope.scaling.yarn_ext_factor"), extrapolation != 1 {
                throw FormatError(
                    "\(gguf.path): rope.scaling.yarn_ext_factor is \(extrapolation); only 1 is supported"
                )
            }
            let original = try integer("rope.scaling.original_context_length") ?? positions
            return .yarn(
                RopeScaling.YaRN(
                    factor: scale == 0 ? 1 : scale, originalMaxPositionEmbeddings: original,
                    betaFast: Float(try number("rope.scaling.yarn_beta_fast") ?? 32),
                    betaSlow: Float(try number("rope.scaling.yarn_beta_slow") ?? 1),
                    attentionFactor: try attentionFactor(Double(scale)),
                    // llama.cpp's converter stores a tenth of it.
                    mscaleAllDim: try number("rope.scaling.yarn_log_multiplier").map {
                        Float(10 * $0)
                    }))
        default:
            throw FormatError(
                "\(gguf.path): the rope scaling '\(type)' is not supported; supported are none, linear, yarn"
            )
        }
    }

    /// llama.cpp multiplies the paper's factor by `attn_factor`; its converter stores the factor of
    /// config.json as `yarn_attn_factor`.
    private func attentionFactor(_ factor: Double) throws(FormatError) -> Float? {
        // DeepSeek's whole factor is in the attention scores.
        if try number("rope.scaling.yarn_log_multiplier") != nil,
            try number("rope.scaling.yarn_attn_factor") == nil
        {
            return 1
        }
        if let relative = try number("rope.scaling.attn_factor"), relative != 1 {
            return Float(relative * RopeScaling.YaRN.magnitude(factor: factor))
        }
        return try number("rope.scaling.yarn_attn_factor").map { Float($0) }
    }
}
