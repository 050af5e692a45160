// SPDX-License-Identifier: Apache-2.0
//
// Latent attention and experts in GGUF metadata, with the defaults of llama.cpp.

extension LatentAttentionConfig {
    /// - Throws: ``FormatError`` if a size is missing or two contradict each other.
    init(_ keys: GGUFKeys) throws(FormatError) {
        let latent = try keys.required("attention.kv_lora_rank")
        let rotary = try keys.required("rope.dimension_count")
        // Files whose heads are absorbed give the heads' own sizes under names of their own, and
        // the latent's as key and value length; older ones give the heads' sizes there.
        let absorbedKey = try keys.integer("attention.key_length_mla")
        let absorbedValue = try keys.integer("attention.value_length_mla")
        let key: Int
        let value: Int
        if let absorbedKey, let absorbedValue {
            (key, value) = (absorbedKey, absorbedValue)
        } else {
            key = try keys.required("attention.key_length")
            value = try keys.required("attention.value_length")
        }
        guard key > rotary else {
            throw FormatError(
                "\(keys.gguf.path): heads of \(key) elements cannot have \(rotary) rotated ones")
        }
        let query = try keys.integer("attention.q_lora_rank")
        self.init(
            qLoraRank: query == 0 ? nil : query, kvLoraRank: latent, qkNopeHeadDim: key - rotary,
            qkRopeHeadDim: rotary, vHeadDim: value)
    }
}

extension ExpertsConfig {
    /// Nil for an architecture without experts.
    init?(_ keys: GGUFKeys, _ architecture: Architecture, layers: Int) throws(FormatError) {
        func integer(_ key: String) throws(FormatError) -> Int? { try keys.integer(key) }
        switch architecture {
        case .llama, .qwen2, .qwen3: return nil
        case .qwen3Moe, .deepseekV2, .deepseekV3: break
        }
        let count = max(0, min(layers, 1 << 12))
        // The tensors say which layers have experts.
        let sparse = Set((0..<count).filter { keys.gguf.contains("blk.\($0).ffn_gate_inp.weight") })
        let scale = Float(try keys.number("expert_weights_scale") ?? 0)
        let groups = try integer("expert_group_count") ?? 1
        let isDeepSeek = architecture.isDeepSeek
        let selection: SelectionMethod
        switch architecture {
        case .deepseekV3: selection = .biasedTopTwoGroups
        case .deepseekV2: selection = groups > 1 ? .groupLimitedGreedy : .greedy
        default: selection = .greedy
        }
        self.init(
            numRoutedExperts: try keys.required("expert_count"),
            numExpertsPerTok: try keys.required("expert_used_count"),
            numSharedExperts: isDeepSeek ? try integer("expert_shared_count") ?? 0 : 0,
            moeIntermediateSize: try keys.required("expert_feed_forward_length"),
            sparseLayers: sparse,
            scoring: architecture == .deepseekV3 ? .sigmoid : .softmax,
            selection: selection, numGroups: groups,
            topkGroup: try integer("expert_group_used_count") ?? groups,
            // Qwen3-MoE always normalises in llama.cpp and has no key for it.
            normTopkProb: try keys.gguf.flag("\(keys.architecture).expert_weights_norm")
                ?? !isDeepSeek,
            routedScalingFactor: scale == 0 ? 1 : scale)
    }
}
