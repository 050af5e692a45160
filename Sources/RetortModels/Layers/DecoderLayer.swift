// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortTensor

/// One transformer block: x + attention(norm(x)), then x + mlp(norm(x)).
struct DecoderLayer {
    let inputLayernorm: RMSNorm  // input_layernorm
    let selfAttn: GroupedQueryAttention  // self_attn
    let postAttentionLayernorm: RMSNorm  // post_attention_layernorm
    let mlp: GatedMLP  // mlp

    /// - Parameter selfAttn: What the architectures differ in.
    init(_ weights: WeightLoader, config: ModelConfig, selfAttn: GroupedQueryAttention) throws {
        inputLayernorm = try weights.rmsNorm(
            "input_layernorm", size: config.hiddenSize, eps: config.rmsNormEps)
        self.selfAttn = selfAttn
        postAttentionLayernorm = try weights.rmsNorm(
            "post_attention_layernorm", size: config.hiddenSize, eps: config.rmsNormEps)
        mlp = try GatedMLP(weights.scope("mlp"), config: config)
    }

    /// x: `[tokens, hiddenSize]`, updated in place.
    func forward(_ x: Rows, cache: KVCache.Layer, position: Int, _ state: RunState) throws {
        let normed = state.normed.prefix(x.rows)  // [tokens, hiddenSize]
        let branch = state.branch.prefix(x.rows)  // [tokens, hiddenSize]
        inputLayernorm.forward(normed, x, state.context)
        try selfAttn.forward(branch, normed, cache: cache, position: position, state)
        state.context.add(x, branch)
        postAttentionLayernorm.forward(normed, x, state.context)
        mlp.forward(branch, normed, state)
        state.context.add(x, branch)
    }
}
