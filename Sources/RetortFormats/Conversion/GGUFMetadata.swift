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
        let architecture = config.architecture.rawValue
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
            size("attention.head_count_kv", config.numKeyValueHeads),
            size("attention.key_length", config.headDim),
            size("attention.value_length", config.headDim),
            ("\(architecture).attention.layer_norm_rms_epsilon", .float32(config.rmsNormEps)),
            size("vocab_size", config.vocabSize),
            size("rope.dimension_count", config.headDim),
            ("\(architecture).rope.freq_base", .float32(config.ropeTheta)),
        ]
        pairs += try ropeScaling(config)
        pairs += generation(checkpoint.generationConfig)
        return pairs
    }

    private static func ropeScaling(_ config: ModelConfig) throws(FormatError)
        -> [(key: String, value: GGUFValue)]
    {
        let prefix = "\(config.architecture.rawValue).rope.scaling"
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
