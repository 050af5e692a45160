// SPDX-License-Identifier: Apache-2.0
//
// The metadata that llama.cpp expects of a model, with the types that its converter gives them.

import RetortTensor

/// Metadata being collected: a key added again replaces the value in place.
struct GGUFMetadata {
    private(set) var pairs: [(key: String, value: GGUFValue)] = []
    private var index: [ByteKey: Int] = [:]

    mutating func add(_ new: [(key: String, value: GGUFValue)]) {
        for (key, value) in new {
            if let position = index[ByteKey(key)] {
                pairs[position].value = value
            } else {
                index[ByteKey(key)] = pairs.count
                pairs.append((key, value))
            }
        }
    }

    /// What says of which type most matrices are.
    static func type(_ dtype: DType) -> [(key: String, value: GGUFValue)] {
        // Numbers of llama.cpp's llama_ftype.
        let fileType: UInt32
        let quantization = ("general.quantization_version", GGUFValue.uint32(2))
        switch dtype {
        case .f32: fileType = 0
        case .f16: fileType = 1
        case .q8_0: fileType = 7
        case .q4_0: fileType = 2
        // What is written is llama.cpp's mixture "M" of the type.
        case .q4_k: fileType = 15
        case .q5_k: fileType = 17
        case .q6_k: fileType = 18
        case .f8e4m3: return [quantization]
        case .bf16: fileType = 32
        }
        return [("general.file_type", .uint32(fileType)), quantization]
    }

    /// Everything that follows from config.json and generation_config.json.
    /// - Throws: ``FormatError`` for a rope scaling that GGUF cannot express.
    static func model(_ checkpoint: Checkpoint, name: String) throws(FormatError)
        -> [(key: String, value: GGUFValue)]
    {
        let config = checkpoint.config
        let architecture = config.architecture.ggufName
        func size(_ key: String, _ value: Int) -> (key: String, value: GGUFValue) {
            ("\(architecture).\(key)", .uint32(UInt32(clamping: value)))
        }
        var pairs: [(key: String, value: GGUFValue)] = [
            ("general.architecture", .text(architecture)),
            ("general.type", .text("model")),
            ("general.name", .text(name)),
            size("block_count", config.numHiddenLayers),
            size("context_length", config.maxPositionEmbeddings),
            size("embedding_length", config.hiddenSize),
            size("feed_forward_length", config.intermediateSize),
            size("attention.head_count", config.numAttentionHeads),
            // Latent attention is stored absorbed, that is, with one key/value head.
            size(
                "attention.head_count_kv",
                config.latentAttention == nil ? config.numKeyValueHeads : 1),
            size("attention.key_length", config.latentAttention?.cachedWidth ?? config.headDim),
            size("attention.value_length", config.latentAttention?.kvLoraRank ?? config.headDim),
            ("\(architecture).attention.layer_norm_rms_epsilon", .float32(config.rmsNormEps)),
            size("vocab_size", config.vocabSize),
            size("rope.dimension_count", config.rotaryDim),
            ("\(architecture).rope.freq_base", .float32(config.ropeTheta)),
        ]
        if let latent = config.latentAttention {
            if let rank = latent.qLoraRank { pairs.append(size("attention.q_lora_rank", rank)) }
            pairs += [
                size("attention.kv_lora_rank", latent.kvLoraRank),
                size("attention.key_length_mla", latent.qkHeadDim),
                size("attention.value_length_mla", latent.vHeadDim),
            ]
        }
        if let experts = config.experts {
            pairs += try Self.experts(experts, config, path: checkpoint.path)
        }
        pairs += try ropeScaling(config)
        pairs += generation(checkpoint.generationConfig)
        return pairs
    }

    private static func experts(
        _ experts: ExpertsConfig, _ config: ModelConfig, path: String
    ) throws(FormatError) -> [(key: String, value: GGUFValue)] {
        let architecture = config.architecture.ggufName
        func size(_ key: String, _ value: Int) -> (key: String, value: GGUFValue) {
            ("\(architecture).\(key)", .uint32(UInt32(clamping: value)))
        }
        var pairs = [
            size("expert_count", experts.numRoutedExperts),
            size("expert_used_count", experts.numExpertsPerTok),
            size("expert_feed_forward_length", experts.moeIntermediateSize),
            (
                key: "\(architecture).expert_weights_norm",
                value: GGUFValue.bool(experts.normTopkProb)
            ),
        ]
        guard config.architecture.isDeepSeek else { return pairs }
        guard let dense = experts.leadingDenseLayers(of: config.numHiddenLayers) else {
            throw FormatError("\(path): GGUF wants dense layers before those with experts only")
        }
        pairs += [
            size("leading_dense_block_count", dense),
            size("expert_shared_count", experts.numSharedExperts),
            size("expert_gating_func", experts.scoring == .sigmoid ? 2 : 1),
            ("\(architecture).expert_weights_scale", .float32(experts.routedScalingFactor)),
        ]
        if experts.selection != .greedy, experts.numGroups > 1 {
            pairs += [
                size("expert_group_count", experts.numGroups),
                size("expert_group_used_count", experts.topkGroup),
            ]
        }
        return pairs
    }

    private static func ropeScaling(_ config: ModelConfig) throws(FormatError)
        -> [(key: String, value: GGUFValue)]
    {
        let prefix = "\(config.architecture.ggufName).rope.scaling"
        switch config.ropeScaling {
        case nil: return []
        case .linear(let factor):
            return [("\(prefix).type", .text("linear")), ("\(prefix).factor", .float32(factor))]
        case .llama3(_, _, _, let original):
            // The rule itself is the tensor rope_freqs.weight; a type or a factor would be applied
            // on top of it.
            guard config.architecture == .llama else {
                throw FormatError(
                    "GGUF has no llama3 rope scaling for \(config.architecture.rawValue)")
            }
            return [("\(prefix).original_context_length", .uint32(UInt32(clamping: original)))]
        case .yarn(let yarn):
            var pairs: [(key: String, value: GGUFValue)] = [
                ("\(prefix).type", .text("yarn")),
                ("\(prefix).factor", .float32(yarn.factor)),
                (
                    "\(prefix).original_context_length",
                    .uint32(UInt32(clamping: yarn.originalMaxPositionEmbeddings))
                ),
                ("\(prefix).yarn_beta_fast", .float32(yarn.betaFast)),
                ("\(prefix).yarn_beta_slow", .float32(yarn.betaSlow)),
            ]
            if config.latentAttention != nil {
                // The whole factor is in the attention scores; llama.cpp divides its own out.
                if let weight = yarn.mscaleAllDim {
                    pairs.append(("\(prefix).yarn_log_multiplier", .float32(0.1 * weight)))
                }
                if let factor = yarn.attentionFactor, factor != 1 {
                    pairs.append(("\(prefix).yarn_attn_factor", .float32(factor)))
                }
                return pairs
            }
            if let factor = yarn.attentionFactor {
                let usual = RopeScaling.YaRN.magnitude(factor: Double(yarn.factor))
                pairs.append(("\(prefix).attn_factor", .float32(Float(Double(factor) / usual))))
                pairs.append(("\(prefix).yarn_attn_factor", .float32(factor)))
            }
            return pairs
        }
    }

    private static func generation(_ generation: GenerationConfig)
        -> [(key: String, value: GGUFValue)]
    {
        var pairs: [(key: String, value: GGUFValue)] = []
        func token(_ key: String, _ id: Int?) {
            guard let id = id.flatMap({ UInt32(exactly: $0) }) else { return }
            pairs.append(("tokenizer.ggml.\(key)_token_id", .uint32(id)))
        }
        token("bos", generation.bosTokenId)
        token("padding", generation.padTokenId)
        for (key, id) in zip(["eos", "eot", "eom"], generation.eosTokenIds) { token(key, id) }
        func number(_ key: String, _ value: Float?) {
            if let value { pairs.append(("general.sampling.\(key)", .float32(value))) }
        }
        number("temp", generation.temperature)
        number("top_p", generation.topP)
        number("min_p", generation.minP)
        number("penalty_repeat", generation.repetitionPenalty)
        if let topK = generation.topK.flatMap({ Int32(exactly: $0) }) {
            pairs.append(("general.sampling.top_k", .int32(topK)))
        }
        return pairs
    }
}
