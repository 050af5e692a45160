// SPDX-License-Identifier: Apache-2.0
//
// Qwen3 (Yang et al. 2025), the base of R1-0528-Qwen3, dense or with experts. Each head's queries
// and keys are normalised before they are rotated; biases only where config.json asks for them.

import RetortFormats

enum Qwen3 {
    static func layer(_ weights: WeightLoader, config: ModelConfig, index: Int) throws
        -> DecoderLayer
    {
        try DecoderLayer(
            weights, config: config, index: index,
            selfAttn: .grouped(
                GroupedQueryAttention(
                    weights.scope("self_attn"), config: config, bias: config.attentionBias,
                    outputBias: config.attentionBias, queryKeyNorm: true)))
    }
}
