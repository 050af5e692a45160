// SPDX-License-Identifier: Apache-2.0
//
// Qwen2 and Qwen2.5 (Yang et al. 2024), the base of R1-Distill-Qwen. Queries, keys and values have
// a bias, the output has none.

import RetortFormats

enum Qwen2 {
    static func layer(_ weights: WeightLoader, config: ModelConfig, index: Int) throws
        -> DecoderLayer
    {
        try DecoderLayer(
            weights, config: config, index: index,
            selfAttn: .grouped(
                GroupedQueryAttention(
                    weights.scope("self_attn"), config: config, bias: true, outputBias: false,
                    queryKeyNorm: false)))
    }
}
