// SPDX-License-Identifier: Apache-2.0
//
// Multi-token prediction (DeepSeek-V3, 2024): one more layer that, from what the model knows after a
// token and from the token that follows, predicts the token after that one.

import RetortFormats
import RetortTensor

/// `model.layers.N` for N = num_hidden_layers. Embedding and head are the model's own.
struct MultiTokenPredictor {
    let enorm: RMSNorm  // enorm
    let hnorm: RMSNorm  // hnorm
    let ehProj: Linear  // eh_proj, [hiddenSize, 2 * hiddenSize]
    let layer: DecoderLayer  // the block's own keys stand beside these
    let norm: RMSNorm  // shared_head.norm

    /// Nil if the checkpoint has none, whatever its configuration says.
    init?(_ weights: WeightLoader, config: ModelConfig) throws {
        guard config.numNextnPredictLayers > 0, weights.contains("eh_proj.weight") else {
            return nil
        }
        let (hidden, eps) = (config.hiddenSize, config.rmsNormEps)
        enorm = try weights.rmsNorm("enorm", size: hidden, eps: eps)
        hnorm = try weights.rmsNorm("hnorm", size: hidden, eps: eps)
        ehProj = try weights.linear("eh_proj", from: 2 * hidden, to: hidden, bias: false)
        var extended = config
        // It is of the kind of the last layer.
        if let last = config.experts?.sparseLayers.contains(config.numHiddenLayers - 1), last {
            extended.experts?.sparseLayers.insert(config.numHiddenLayers)
        }
        layer = try DeepSeek.layer(weights, config: extended, index: config.numHiddenLayers)
        norm = try weights.rmsNorm("shared_head.norm", size: hidden, eps: eps)
    }

    /// - Parameters:
    ///   - out: Gets the normed state that the head and the next prediction take, `[tokens, hiddenSize]`.
    ///   - known: The model's normed state before each token; may be `out`.
    ///   - embedded: The tokens' embeddings.
    func forward(
        _ out: Rows, known: Rows, embedded: Rows, _ sequences: [PassSequence],
        _ state: RunState
    ) throws {
        guard let pair = state.predictorInput?.prefix(out.rows) else { return }
        let width = out.columns
        enorm.forward(pair.columns(from: 0, count: width), embedded, state.context)
        hnorm.forward(pair.columns(from: width, count: width), known, state.context)
        ehProj.forward(out, pair, state.context)
        try layer.forward(out, sequences, layer: 0, state)
        norm.forward(out, out, state.context)
    }
}
