// SPDX-License-Identifier: Apache-2.0
//
// Latent attention and experts in config.json, with the defaults of transformers 5.24.

import RetortJSON

extension LatentAttentionConfig {
    init(_ fields: JSONFields, _ architecture: Architecture) throws(FormatError) {
        // An explicit null says that queries are not compressed; an absent key that they are.
        let hasRank = fields.object["q_lora_rank"] != nil
        self.init(
            qLoraRank: try fields.integer("q_lora_rank") ?? (hasRank ? nil : 1536),
            kvLoraRank: try fields.integer("kv_lora_rank") ?? 512,
            qkNopeHeadDim: try fields.integer("qk_nope_head_dim") ?? 128,
            qkRopeHeadDim: try fields.integer("qk_rope_head_dim") ?? 64,
            vHeadDim: try fields.integer("v_head_dim") ?? 128,
            ropeInterleave: architecture == .deepseekV2
                ? true : try fields.flag("rope_interleave") ?? true)
    }
}

extension ExpertsConfig {
    /// Nil for an architecture without experts.
    init?(_ fields: JSONFields, _ architecture: Architecture) throws(FormatError) {
        let layers = max(0, min(try fields.integer("num_hidden_layers") ?? 0, 1 << 12))
        func integer(_ key: String, _ absent: Int) throws(FormatError) -> Int {
            try fields.integer(key) ?? absent
        }
        switch architecture {
        case .llama, .qwen2, .qwen3: return nil
        case .qwen3Moe:
            let step = try integer("decoder_sparse_step", 1)
            guard step > 0 else {
                throw FormatError("\(fields.path): decoder_sparse_step is \(step)")
            }
            let dense = Set(try fields.integers("mlp_only_layers") ?? [])
            self.init(
                // transformers 5 writes num_local_experts.
                numRoutedExperts: try integer(
                    "num_local_experts", try integer("num_experts", 128)),
                numExpertsPerTok: try integer("num_experts_per_tok", 8),
                moeIntermediateSize: try integer("moe_intermediate_size", 768),
                sparseLayers: Set(
                    (0..<layers).filter { ($0 + 1) % step == 0 && !dense.contains($0) }),
                normTopkProb: try fields.flag("norm_topk_prob") ?? false)
        case .deepseekV2:
            let method = try fields.string("topk_method") ?? "greedy"
            guard let selection = SelectionMethod(rawValue: method),
                selection != .biasedTopTwoGroups
            else {
                throw FormatError(
                    "\(fields.path): topk_method is '\(method)'; greedy or group_limited_greedy was expected"
                )
            }
            try Self.rejectSparseFrequency(fields)
            let dense = try integer("first_k_dense_replace", 0)
            self.init(
                numRoutedExperts: try integer("n_routed_experts", 64),
                numExpertsPerTok: try integer("num_experts_per_tok", 1),
                numSharedExperts: try integer("n_shared_experts", 2),
                moeIntermediateSize: try integer("moe_intermediate_size", 1407),
                sparseLayers: Set((0..<layers).filter { $0 >= dense }),
                selection: selection,
                numGroups: try integer("n_group", 1),
                topkGroup: try integer("topk_group", 1),
                // transformers does not read norm_topk_prob for this class; no released V2 sets it.
                routedScalingFactor: Float(try fields.number("routed_scaling_factor") ?? 1))
        case .deepseekV3:
            try Self.rejectSparseFrequency(fields)
            let dense = try integer("first_k_dense_replace", 3)
            self.init(
                numRoutedExperts: try integer("n_routed_experts", 256),
                numExpertsPerTok: try integer("num_experts_per_tok", 8),
                numSharedExperts: try integer("n_shared_experts", 1),
                moeIntermediateSize: try integer("moe_intermediate_size", 2048),
                sparseLayers: Set((0..<layers).filter { $0 >= dense }),
                scoring: .sigmoid, selection: .biasedTopTwoGroups,
                numGroups: try integer("n_group", 8),
                topkGroup: try integer("topk_group", 4),
                normTopkProb: try fields.flag("norm_topk_prob") ?? true,
                routedScalingFactor: Float(try fields.number("routed_scaling_factor") ?? 2.5))
        }
    }

    private static func rejectSparseFrequency(_ fields: JSONFields) throws(FormatError) {
        if let frequency = try fields.integer("moe_layer_freq"), frequency != 1 {
            throw FormatError(
                "\(fields.path): moe_layer_freq is \(frequency); 1 was expected, as in every released model"
            )
        }
    }
}
