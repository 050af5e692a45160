// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortTensor

/// One transformer block: x + attention(norm(x)), then x + mlp(norm(x)).
struct DecoderLayer {
    /// The kinds of attention; a switch, since an existential costs a call per layer and token.
    enum Attention {
        case grouped(GroupedQueryAttention)
        case latent(LatentAttention)
    }

    enum FeedForward {
        case dense(GatedMLP)
        case experts(ExpertsMLP)
    }

    let inputLayernorm: RMSNorm  // input_layernorm
    let selfAttn: Attention  // self_attn
    let postAttentionLayernorm: RMSNorm  // post_attention_layernorm
    let mlp: FeedForward  // mlp

    /// - Parameters:
    ///   - index: Says whether the layer has experts.
    ///   - selfAttn: What the architectures differ in.
    init(_ weights: WeightLoader, config: ModelConfig, index: Int, selfAttn: Attention) throws {
        inputLayernorm = try weights.rmsNorm(
            "input_layernorm", size: config.hiddenSize, eps: config.rmsNormEps)
        self.selfAttn = selfAttn
        postAttentionLayernorm = try weights.rmsNorm(
            "post_attention_layernorm", size: config.hiddenSize, eps: config.rmsNormEps)
        let scope = weights.scope("mlp")
        if let experts = config.experts, experts.sparseLayers.contains(index) {
            mlp = .experts(try ExpertsMLP(scope, config: config, experts: experts))
        } else {
            mlp = .dense(
                try GatedMLP(scope, config: config, intermediateSize: config.intermediateSize))
        }
    }

    /// - Parameters:
    ///   - x: `[tokens, hiddenSize]`, updated in place.
    ///   - sequences: Whose tokens they are.
    ///   - layer: Which part of the caches is this layer's.
    func forward(_ x: Rows, _ sequences: [PassSequence], layer: Int, _ state: RunState) throws {
        let normed = state.normed.prefix(x.rows)  // [tokens, hiddenSize]
        let branch = state.branch.prefix(x.rows)  // [tokens, hiddenSize]
        inputLayernorm.forward(normed, x, state.context)
        switch selfAttn {
        case .grouped(let attention):
            try attention.forward(branch, normed, sequences, layer: layer, state)
        case .latent(let attention):
            try attention.forward(branch, normed, sequences, layer: layer, state)
        }
        state.context.add(x, branch)
        postAttentionLayernorm.forward(normed, x, state.context)
        switch mlp {
        case .dense(let mlp): mlp.forward(branch, normed, state)
        case .experts(let mlp): mlp.forward(branch, normed, state)
        }
        state.context.add(x, branch)
    }

    /// The linear layers that a token passes.
    private var linears: [Linear] {
        var linears: [Linear]
        switch selfAttn {
        case .grouped(let attention): linears = attention.linears
        case .latent(let attention): linears = attention.linears
        }
        switch mlp {
        case .dense(let mlp): linears += mlp.linears
        case .experts(let mlp): linears += mlp.linears
        }
        return linears
    }

    var readsPromptsAlike: Bool {
        guard case .grouped = selfAttn, case .dense = mlp else { return false }
        return linears.allSatisfy { $0.weight.dtype.isQuantized }
    }

    /// Bytes of weights that one token reads.
    var bytesPerToken: Int {
        var total = linears.reduce(0) { $0 + $1.weight.byteCount }
        if case .latent(let attention) = selfAttn {
            total += attention.keyUp.byteCount + attention.valueUp.byteCount
        }
        if case .experts(let mlp) = mlp { total += mlp.gate.weight.byteCount }
        return total
    }

    /// Multiplications and additions of the linear layers for one token.
    var operationsPerToken: Int {
        var total = linears.reduce(0) { $0 + 2 * $1.weight.rows * $1.weight.columns }
        if case .latent(let attention) = selfAttn {
            for matrices in [attention.keyUp, attention.valueUp] {
                total += 2 * matrices.heads * matrices.rows * matrices.columns
            }
        }
        return total
    }
}
