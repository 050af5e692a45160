// SPDX-License-Identifier: Apache-2.0
//
// Multi-head latent attention of DeepSeek-V2 and V3 (DeepSeek-AI 2024): keys and values of all heads
// are made from one latent per token, which is all that the cache holds, beside one rotated key
// that the heads share.

import RetortFormats
import RetortTensor

struct LatentAttention {
    let qProj: Linear?  // q_proj, where queries are not compressed
    let qAProj: Linear?  // q_a_proj
    let qALayernorm: RMSNorm?  // q_a_layernorm
    let qBProj: Linear?  // q_b_proj
    let kvAProj: Linear  // kv_a_proj_with_mqa
    let kvALayernorm: RMSNorm  // kv_a_layernorm
    let keyUp: HeadMatrices  // the key rows of kv_b_proj, [heads, kvLoraRank, qkNopeHeadDim]
    let valueUp: HeadMatrices  // the value rows of kv_b_proj, [heads, vHeadDim, kvLoraRank]
    let kvBProj: Parameter?  // kv_b_proj.weight as a whole, if it is trained
    let oProj: Linear  // o_proj
    let shape: LatentAttentionConfig
    let heads: Int
    let scale: Float

    /// The norms inside attention do not follow rms_norm_eps, as in the released code.
    private static let eps: Float = 1e-6

    init(_ weights: WeightLoader, config: ModelConfig, shape: LatentAttentionConfig) throws {
        self.shape = shape
        heads = config.numAttentionHeads
        scale = config.attentionScale
        let hidden = config.hiddenSize
        let bias = config.attentionBias
        let queries = heads * shape.qkHeadDim
        if let rank = shape.qLoraRank {
            qProj = nil
            qAProj = try weights.linear("q_a_proj", from: hidden, to: rank, bias: bias)
            qALayernorm = try weights.rmsNorm("q_a_layernorm", size: rank, eps: Self.eps)
            qBProj = try weights.linear("q_b_proj", from: rank, to: queries, bias: false)
        } else {
            qProj = try weights.linear("q_proj", from: hidden, to: queries, bias: false)
            qAProj = nil
            qALayernorm = nil
            qBProj = nil
        }
        kvAProj = try weights.linear(
            "kv_a_proj_with_mqa", from: hidden, to: shape.cachedWidth, bias: bias)
        kvALayernorm = try weights.rmsNorm(
            "kv_a_layernorm", size: shape.kvLoraRank, eps: Self.eps)
        (keyUp, valueUp) = try weights.latentHeads(shape, heads: heads)
        kvBProj = try weights.parameter(
            "kv_b_proj.weight",
            shape: [heads * (shape.qkNopeHeadDim + shape.vHeadDim), shape.kvLoraRank])
        oProj = try weights.linear(
            "o_proj", from: heads * shape.vHeadDim, to: hidden, bias: bias)
    }

    /// Brings the copies of kv_b_proj up to date, after it was trained.
    func refresh() throws {
        guard let kvBProj else { return }
        let heads = try LatentHeads(shape, kvBProj)
        try keyUp.fill(heads.fillKey)
        try valueUp.fill(heads.fillValue)
    }

    /// - Parameters:
    ///   - out, x: `[tokens, hiddenSize]`.
    ///   - sequences: Their caches get the new latents.
    func forward(
        _ out: Rows, _ x: Rows, _ sequences: [PassSequence], layer: Int, _ state: RunState
    ) throws {
        let context = state.context
        let q = state.q.prefix(x.rows)  // [tokens, heads * qkHeadDim]
        let latent = state.k.prefix(x.rows)  // [tokens, kvLoraRank + qkRopeHeadDim]
        if let qAProj, let qALayernorm, let qBProj {
            let compressed = state.compressedQuery.prefix(x.rows)  // [tokens, qLoraRank]
            Linear.forwardPair((qAProj, compressed), (kvAProj, latent), x, context)
            qALayernorm.forward(compressed, compressed, context)
            qBProj.forward(q, compressed, context)
        } else if let qProj {
            Linear.forwardPair((qProj, q), (kvAProj, latent), x, context)
        }
        let normed = latent.columns(from: 0, count: shape.kvLoraRank)
        kvALayernorm.forward(normed, normed, context)
        state.rotate(q, headDim: shape.qkHeadDim)
        state.rotate(latent, headDim: shape.cachedWidth)
        for sequence in sequences {
            context.store(
                sequence.part(of: latent), in: sequence.cache.layers[layer].keys,
                at: sequence.position)
        }

        let mixed = state.attended.prefix(x.rows)  // [tokens, heads * vHeadDim]
        // Several sequences have one row each, so all take the same form.
        if let only = sequences.first, sequences.count == 1,
            isExpanded(tokens: x.rows, state.latentForm)
        {
            try context.expandedAttention(
                mixed, q, latents: only.cache.layers[layer].keys, keyUp: keyUp, valueUp: valueUp,
                position: only.position, scale: scale)
        } else {
            try absorbed(mixed, q, sequences, layer: layer, state)
        }
        oProj.forward(out, mixed, context)
    }

    /// Expanding costs 2 · latent · (key + value) operations a cached token and saves, for every new
    /// one, the difference between attending to latents and attending to keys and values.
    private func isExpanded(tokens: Int, _ form: LatentForm) -> Bool {
        switch form {
        case .absorbed: return false
        case .expanded: return true
        case .cheaper: return tokens > Self.absorbedLimit(shape)
        }
    }

    /// Up to how many new tokens the absorbed form is the cheaper one.
    private static func absorbedLimit(_ shape: LatentAttentionConfig) -> Int {
        let saved = shape.cachedWidth + shape.kvLoraRank - shape.qkHeadDim - shape.vHeadDim
        guard saved > 0 else { return .max }
        let cheaper = shape.kvLoraRank * (shape.qkNopeHeadDim + shape.vHeadDim) / saved
        // The two forms differ in the last bits, and so few rows must have those of a row alone.
        return max(cheaper, ComputeContext.exactRows)
    }

    /// The most rows that the absorbed form is given in batches of `tokens`.
    static func maximumAbsorbedRows(
        _ shape: LatentAttentionConfig?, _ form: LatentForm, _ tokens: Int
    ) -> Int {
        guard let shape else { return 0 }
        return form == .cheaper ? min(tokens, absorbedLimit(shape)) : tokens
    }

    private func absorbed(
        _ mixed: Rows, _ q: Rows, _ sequences: [PassSequence], layer: Int, _ state: RunState
    ) throws {
        let context = state.context
        // [tokens, heads * (kvLoraRank + qkRopeHeadDim)]
        let query = state.latentQuery.prefix(q.rows)
        context.headLinear(
            query, outStride: shape.cachedWidth, q, xStride: shape.qkHeadDim, keyUp)
        for row in 0..<q.rows {
            for head in 0..<heads {
                (query[row] + head * shape.cachedWidth + shape.kvLoraRank).update(
                    from: q[row] + head * shape.qkHeadDim + shape.qkNopeHeadDim,
                    count: shape.qkRopeHeadDim)
            }
        }
        let latents = state.latentMixed.prefix(q.rows)  // [tokens, heads * kvLoraRank]
        try context.attention(
            latents, query, keyValueHeads: 1, scale: scale, sequences: sequences.count,
            { sequences[$0].cached(layer: layer) })
        context.headLinear(
            mixed, outStride: shape.vHeadDim, latents, xStride: shape.kvLoraRank, valueUp)
    }

    var linears: [Linear] { [qProj, qAProj, qBProj, kvAProj, oProj].compactMap { $0 } }
}

/// How latent attention is computed.
package enum LatentForm: Sendable {
    /// Whichever takes fewer operations.
    case cheaper
    case absorbed, expanded
}
