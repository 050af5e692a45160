// SPDX-License-Identifier: Apache-2.0

import RetortFormats

/// Floating-point operations of a model, as the literature counts them: six for each parameter that
/// multiplies a token (forward 2, backward 4), and the attention of the tokens before it.
public struct TrainingCost: Sendable, Equatable {
    /// Parameters that a token is multiplied with: all but the embedding, of experts those chosen.
    public var activeParameters: Int
    /// All parameters.
    public var parameters: Int
    /// Multiplied with the length: operations of attention for one token in all layers, forward, where
    /// every token sees half of the tokens of its row on average.
    public var attentionPerLength: Int

    public init(_ config: ModelConfig) {
        let hidden = config.hiddenSize
        var active = 0
        var total = 0
        var width = 0
        let sparse = config.experts?.sparseLayers ?? []
        for layer in 0..<config.numHiddenLayers + config.numNextnPredictLayers {
            let isPredictor = layer >= config.numHiddenLayers
            let attention: Int
            if let latent = config.latentAttention {
                let heads = config.numAttentionHeads
                let queries = heads * latent.qkHeadDim
                let query =
                    latent.qLoraRank.map { $0 * (hidden + queries) } ?? hidden * queries
                attention =
                    query + hidden * latent.cachedWidth
                    + latent.kvLoraRank * heads * (latent.qkNopeHeadDim + latent.vHeadDim)
                    + heads * latent.vHeadDim * hidden
                width += heads * (latent.qkHeadDim + latent.vHeadDim)
            } else {
                let queries = config.numAttentionHeads * config.headDim
                let keys = config.numKeyValueHeads * config.headDim
                attention = 2 * hidden * queries + 2 * hidden * keys
                width += 2 * queries
            }
            active += attention
            total += attention
            let isSparse =
                sparse.contains(layer)
                || (isPredictor && sparse.contains(config.numHiddenLayers - 1))
            if let experts = config.experts, isSparse {
                let one = 3 * hidden * experts.moeIntermediateSize
                let shared = one * experts.numSharedExperts
                let router = hidden * experts.numRoutedExperts
                active += one * experts.numExpertsPerTok + shared + router
                total += one * experts.numRoutedExperts + shared + router
            } else {
                active += 3 * hidden * config.intermediateSize
                total += 3 * hidden * config.intermediateSize
            }
            if isPredictor {
                active += 2 * hidden * hidden + config.vocabSize * hidden
                total += 2 * hidden * hidden
            }
        }
        let head = config.vocabSize * hidden
        activeParameters = active + head
        parameters = total + head * (config.tieWordEmbeddings ? 1 : 2)
        // q · k and p · v, two operations for each element of a pair; half of the pairs.
        attentionPerLength = width
    }

    /// Operations of a forward and backward pass for one token in rows of `length`. Weights that
    /// adapters change have no gradient of their own: four operations in place of six.
    public func operationsPerToken(length: Int, trainsAdapters: Bool = false) -> Double {
        (trainsAdapters ? 4 : 6) * Double(activeParameters)
            + 3 * Double(attentionPerLength) * Double(length)
    }
}
