// SPDX-License-Identifier: Apache-2.0
//
// Grouped-query attention (Ainslie et al. 2023) of Llama, Qwen2 and Qwen3: several query heads
// share one key/value head; Qwen3 normalises queries and keys head by head before they are rotated.

import RetortFormats
import RetortTensor

struct GroupedQueryAttention {
    let qProj: Linear  // q_proj
    let kProj: Linear  // k_proj
    let vProj: Linear  // v_proj
    let oProj: Linear  // o_proj
    let qNorm: RMSNorm?  // q_norm
    let kNorm: RMSNorm?  // k_norm
    let headDim: Int
    let keyValueHeads: Int

    /// - Parameters:
    ///   - bias: Whether q, k and v have a bias.
    ///   - outputBias: Whether o has one.
    ///   - queryKeyNorm: Whether queries and keys are normalised.
    init(
        _ weights: WeightLoader, config: ModelConfig, bias: Bool, outputBias: Bool,
        queryKeyNorm: Bool
    ) throws {
        headDim = config.headDim
        keyValueHeads = config.numKeyValueHeads
        let hidden = config.hiddenSize
        let queries = config.numAttentionHeads * headDim
        let keys = keyValueHeads * headDim
        qProj = try weights.linear("q_proj", from: hidden, to: queries, bias: bias)
        kProj = try weights.linear("k_proj", from: hidden, to: keys, bias: bias)
        vProj = try weights.linear("v_proj", from: hidden, to: keys, bias: bias)
        oProj = try weights.linear("o_proj", from: queries, to: hidden, bias: outputBias)
        let eps = config.rmsNormEps
        qNorm = queryKeyNorm ? try weights.rmsNorm("q_norm", size: headDim, eps: eps) : nil
        kNorm = queryKeyNorm ? try weights.rmsNorm("k_norm", size: headDim, eps: eps) : nil
    }

    /// - Parameters:
    ///   - out, x: `[tokens, hiddenSize]`.
    ///   - sequences: Their caches get the new keys and values.
    func forward(
        _ out: Rows, _ x: Rows, _ sequences: [PassSequence], layer: Int, _ state: RunState
    ) throws {
        let context = state.context
        let q = state.q.prefix(x.rows)  // [tokens, heads * headDim]
        let k = state.k.prefix(x.rows)  // [tokens, keyValueHeads * headDim]
        let v = state.v.prefix(x.rows)  // [tokens, keyValueHeads * headDim]
        qProj.forward(q, x, context)
        kProj.forward(k, x, context)
        vProj.forward(v, x, context)
        qNorm?.forwardHeads(q, context)
        kNorm?.forwardHeads(k, context)
        state.rotate(q, headDim: headDim)
        state.rotate(k, headDim: headDim)
        for sequence in sequences {
            let cache = sequence.cache.layers[layer]
            context.store(sequence.part(of: k), in: cache.keys, at: sequence.position)
            context.store(sequence.part(of: v), in: cache.values, at: sequence.position)
        }
        let mixed = state.attended.prefix(x.rows)  // [tokens, heads * headDim]
        try context.attention(
            mixed, q, keyValueHeads: keyValueHeads, scale: 1 / Float(headDim).squareRoot(),
            sequences: sequences.count, { sequences[$0].cached(layer: layer) })
        oProj.forward(out, mixed, context)
    }

    var linears: [Linear] { [qProj, kProj, vProj, oProj] }
}
