// SPDX-License-Identifier: Apache-2.0
//
// DeepSeek-V2 (2024), V3 (2024), V3.1 and R1 (2025): latent attention, dense layers first, then
// layers of experts. What sets the generations apart is the gate (see ExpertGate) and whether
// queries are compressed.

import RetortFormats

enum DeepSeek {
    static func layer(_ weights: WeightLoader, config: ModelConfig, index: Int) throws
        -> DecoderLayer
    {
        guard let shape = config.latentAttention else {
            throw ModelError("\(config.architecture.rawValue) needs the sizes of latent attention")
        }
        return try DecoderLayer(
            weights, config: config, index: index,
            selfAttn: .latent(
                LatentAttention(weights.scope("self_attn"), config: config, shape: shape)))
    }
}
