// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortTensor

/// The activations of one forward pass, made once for the largest batch of tokens and reused.
final class RunState {
    let context: ComputeContext
    let rotary: RotaryEmbedding
    let hidden: Rows  // [tokens, hiddenSize], the residual stream
    let normed: Rows  // [tokens, hiddenSize]
    let branch: Rows  // [tokens, hiddenSize]
    let q: Rows  // [tokens, heads * headDim]
    let k: Rows  // [tokens, keyValueHeads * headDim], or the latent [tokens, cachedWidth]
    let v: Rows  // [tokens, keyValueHeads * headDim]
    let attended: Rows  // [tokens, heads * (headDim or vHeadDim)]
    let compressedQuery: Rows  // [tokens, qLoraRank]
    let latentQuery: Rows  // [tokens, heads * cachedWidth], see LatentAttention
    let latentMixed: Rows  // [tokens, heads * kvLoraRank]
    let latentForm: LatentForm
    let gate: Rows  // [tokens, the widest intermediate size]
    let up: Rows  // [tokens, the widest intermediate size]
    let routing: Routing?
    let gathered: Rows?  // [tokens, hiddenSize], the tokens of one expert
    let expertGate: Rows?  // [experts of one token, the widest intermediate size]
    let expertUp: Rows?  // [experts of one token, the widest intermediate size]
    let expertOut: Rows?  // [experts of one token, hiddenSize]
    let predictorInput: Rows?  // [tokens, 2 * hiddenSize], see MultiTokenPredictor
    let predicted: Rows?  // [tokens, hiddenSize]
    let logits: Rows  // [rows asked for at a time, vocabSize]
    private let cosine: AlignedBuffer  // [tokens, headDim / 2]
    private let sine: AlignedBuffer  // [tokens, headDim / 2]
    private var buffers: [AlignedBuffer] = []

    /// Rows of logits computed at a time when all are asked for.
    package static let logitRows = 16

    init(
        config: ModelConfig, rotary: RotaryEmbedding, context: ComputeContext,
        latentForm: LatentForm, logitRows: Int, predicts: Bool
    ) throws {
        self.context = context
        self.rotary = rotary
        var buffers: [AlignedBuffer] = []
        func rows(_ columns: Int, _ count: Int = context.maximumRows) throws -> Rows {
            let buffer = try AlignedBuffer.floats(count * columns + 32)
            buffers.append(buffer)
            return Rows(buffer.floats, rows: count, columns: columns)
        }
        let queries = config.numAttentionHeads * config.headDim
        let latent = config.latentAttention
        let keys = latent?.cachedWidth ?? config.numKeyValueHeads * config.headDim
        let heads = config.numAttentionHeads
        self.latentForm = latentForm
        hidden = try rows(config.hiddenSize)
        normed = try rows(config.hiddenSize)
        branch = try rows(config.hiddenSize)
        q = try rows(queries)
        k = try rows(keys)
        v = try rows(latent == nil ? keys : 0)
        attended = try rows(latent.map { heads * $0.vHeadDim } ?? queries)
        compressedQuery = try rows(latent?.qLoraRank ?? 0)
        let logitRows = min(logitRows, context.maximumRows)
        // Rows of one sequence up to where expanding is cheaper, or one row of each of many.
        let absorbed = max(
            LatentAttention.maximumAbsorbedRows(latent, latentForm, context.maximumRows), logitRows)
        latentQuery = try rows(latent.map { heads * $0.cachedWidth } ?? 0, absorbed)
        latentMixed = try rows(latent.map { heads * $0.kvLoraRank } ?? 0, absorbed)
        let inner = Self.widestIntermediate(config)
        gate = try rows(inner)
        up = try rows(inner)
        routing = try config.experts.map {
            try Routing(config: $0, tokens: context.maximumRows)
        }
        gathered = config.experts == nil ? nil : try rows(config.hiddenSize)
        let slots = config.experts.map { $0.numExpertsPerTok + 1 }
        expertGate = try slots.map { try rows(inner, $0) }
        expertUp = try slots.map { try rows(inner, $0) }
        expertOut = try slots.map { try rows(config.hiddenSize, $0) }
        predictorInput = predicts ? try rows(2 * config.hiddenSize) : nil
        predicted = predicts ? try rows(config.hiddenSize) : nil
        logits = try rows(config.vocabSize, logitRows)
        cosine = try .floats(context.maximumRows * config.rotaryDim / 2)
        sine = try .floats(context.maximumRows * config.rotaryDim / 2)
        self.buffers = buffers
    }

    /// Computes the angles of each token's position.
    func place(_ sequences: [PassSequence]) {
        let width = rotary.inverseFrequencies.count
        for sequence in sequences {
            rotary.fill(
                cosine: cosine.floats + sequence.firstRow * width,
                sine: sine.floats + sequence.firstRow * width, position: sequence.position,
                count: sequence.rows)
        }
    }

    /// Rotates the end of every head, or all of it where nothing is left out.
    func rotate(_ x: Rows, headDim: Int) {
        context.rotate(
            x, headDim: headDim, rotaryDim: 2 * rotary.inverseFrequencies.count,
            cosine: cosine.floats, sine: sine.floats, interleaved: rotary.interleaved)
    }

    /// The widest of the dense layers, the routed and the shared experts.
    static func widestIntermediate(_ config: ModelConfig) -> Int {
        let experts = config.experts.map { $0.moeIntermediateSize * max(1, $0.numSharedExperts) }
        return max(config.intermediateSize, experts ?? 0)
    }
}
