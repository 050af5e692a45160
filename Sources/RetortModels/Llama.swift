// SPDX-License-Identifier: Apache-2.0
//
// Llama 2 and 3 (Touvron et al. 2023; Grattafiori et al. 2024), the base of R1-Distill-Llama.
// No query/key norm; biases only where config.json asks for them.

import RetortFormats

enum Llama {
    static func layer(_ weights: WeightLoader, config: ModelConfig, index: Int) throws
        -> DecoderLayer
    {
        try DecoderLayer(
            weights, config: config, index: index,
            selfAttn: .grouped(
                GroupedQueryAttention(
                    weights.scope("self_attn"), config: config, bias: config.attentionBias,
                    outputBias: config.attentionBias, queryKeyNorm: false)))
    }
}
