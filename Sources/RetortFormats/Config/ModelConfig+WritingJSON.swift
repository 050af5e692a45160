// SPDX-License-Identifier: Apache-2.0
//
// Writes config.json. rope_theta and rope_scaling stand where transformers 4 wants them; version 5
// reads them there too.

import RetortJSON
import RetortTensor

extension ModelConfig {
    /// The document of a config.json.
    /// - Parameters:
    ///   - dtype: The type of the weights beside it.
    ///   - generation: Gives the ids of the special tokens.
    public func json(dtype: DType, generation: GenerationConfig = GenerationConfig()) -> JSONValue {
        var object = JSONObject([
            ("architectures", [.string(architecture.className)]),
            ("model_type", .string(architecture.rawValue)),
        ])
        object["attention_bias"] = architecture == .qwen2 ? nil : .bool(attentionBias)
        object["attention_dropout"] = 0.0
        object["bos_token_id"] = generation.bosTokenId.map { .integer(Int64($0)) } ?? .null
        object["dtype"] = .string(Self.torchName(dtype))
        object["eos_token_id"] = generation.eosTokenIdJSON ?? .null
        if latentAttention == nil { object["head_dim"] = .integer(Int64(headDim)) }
        object["hidden_act"] = "silu"
        object["hidden_size"] = .integer(Int64(hiddenSize))
        object["initializer_range"] = 0.02
        object["intermediate_size"] = .integer(Int64(intermediateSize))
        object["max_position_embeddings"] = .integer(Int64(maxPositionEmbeddings))
        object["mlp_bias"] = [.llama, .deepseekV2].contains(architecture) ? .bool(mlpBias) : nil
        object["num_attention_heads"] = .integer(Int64(numAttentionHeads))
        object["num_hidden_layers"] = .integer(Int64(numHiddenLayers))
        object["num_key_value_heads"] = .integer(Int64(numKeyValueHeads))
        object["pad_token_id"] = generation.padTokenId.map { .integer(Int64($0)) } ?? .null
        object["rms_norm_eps"] = .shortest(rmsNormEps)
        object["rope_scaling"] = ropeScaling?.json ?? .null
        object["rope_theta"] = .shortest(ropeTheta)
        object["tie_word_embeddings"] = .bool(tieWordEmbeddings)
        // transformers 4 reads this name, 5 both.
        object["torch_dtype"] = .string(Self.torchName(dtype))
        object["use_cache"] = true
        if [.qwen2, .qwen3, .qwen3Moe].contains(architecture) {
            object["use_sliding_window"] = false
        }
        latentAttention?.write(to: &object, architecture)
        experts?.write(to: &object, architecture, layers: numHiddenLayers)
        object["vocab_size"] = .integer(Int64(vocabSize))
        return .object(object)
    }

    private static func torchName(_ dtype: DType) -> String {
        switch dtype {
        case .f32: return "float32"
        case .f16: return "float16"
        case .bf16, .f8e4m3, .q8_0, .q4_0, .q4_k, .q5_k, .q6_k: return "bfloat16"
        }
    }
}

extension LatentAttentionConfig {
    fileprivate func write(to object: inout JSONObject, _ architecture: Architecture) {
        object["kv_lora_rank"] = .integer(Int64(kvLoraRank))
        object["q_lora_rank"] = qLoraRank.map { .integer(Int64($0)) } ?? .null
        object["qk_nope_head_dim"] = .integer(Int64(qkNopeHeadDim))
        object["qk_rope_head_dim"] = .integer(Int64(qkRopeHeadDim))
        object["v_head_dim"] = .integer(Int64(vHeadDim))
        if architecture == .deepseekV3 { object["rope_interleave"] = .bool(ropeInterleave) }
    }
}

extension ExpertsConfig {
    fileprivate func write(
        to object: inout JSONObject, _ architecture: Architecture, layers: Int
    ) {
        object["moe_intermediate_size"] = .integer(Int64(moeIntermediateSize))
        object["norm_topk_prob"] = .bool(normTopkProb)
        object["num_experts_per_tok"] = .integer(Int64(numExpertsPerTok))
        guard architecture.isDeepSeek else {
            object["num_experts"] = .integer(Int64(numRoutedExperts))
            object["decoder_sparse_step"] = 1
            let dense = (0..<layers).filter { !sparseLayers.contains($0) }
            object["mlp_only_layers"] = .array(dense.map { .integer(Int64($0)) })
            return
        }
        object["first_k_dense_replace"] = .integer(Int64(layers - sparseLayers.count))
        object["moe_layer_freq"] = 1
        object["n_group"] = .integer(Int64(numGroups))
        object["n_routed_experts"] = .integer(Int64(numRoutedExperts))
        object["n_shared_experts"] = .integer(Int64(numSharedExperts))
        object["num_nextn_predict_layers"] = architecture == .deepseekV3 ? 0 : nil
        object["routed_scaling_factor"] = .shortest(routedScalingFactor)
        object["scoring_func"] = .string(scoring.rawValue)
        object["topk_group"] = .integer(Int64(topkGroup))
        object["topk_method"] = .string(selection.rawValue)
    }
}

extension JSONValue {
    /// A float by its shortest digits: 1e-6, not 9.99999997e-07.
    static func shortest(_ value: Float) -> JSONValue {
        .double(Double("\(value)") ?? Double(value))
    }
}

extension RopeScaling {
    fileprivate var json: JSONValue {
        switch self {
        case .linear(let factor): return ["rope_type": "linear", "factor": .shortest(factor)]
        case .llama3(let factor, let low, let high, let original):
            return [
                "rope_type": "llama3", "factor": .shortest(factor),
                "low_freq_factor": .shortest(low), "high_freq_factor": .shortest(high),
                "original_max_position_embeddings": .integer(Int64(original)),
            ]
        case .yarn(let yarn):
            var object = JSONObject([
                ("rope_type", "yarn"), ("factor", .shortest(yarn.factor)),
                (
                    "original_max_position_embeddings",
                    .integer(Int64(yarn.originalMaxPositionEmbeddings))
                ),
                ("beta_fast", .shortest(yarn.betaFast)), ("beta_slow", .shortest(yarn.betaSlow)),
            ])
            object["attention_factor"] = yarn.attentionFactor.map { .shortest($0) }
            object["mscale_all_dim"] = yarn.mscaleAllDim.map { .shortest($0) }
            return .object(object)
        }
    }
}
