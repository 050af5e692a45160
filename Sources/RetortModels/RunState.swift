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
    let k: Rows  // [tokens, keyValueHeads * headDim]
    let v: Rows  // [tokens, keyValueHeads * headDim]
    let attended: Rows  // [tokens, heads * headDim]
    let gate: Rows  // [tokens, intermediateSize]
    let up: Rows  // [tokens, intermediateSize]
    let logits: Rows  // [rows asked for at a time, vocabSize]
    private let cosine: AlignedBuffer  // [tokens, headDim / 2]
    private let sine: AlignedBuffer  // [tokens, headDim / 2]
    private var buffers: [AlignedBuffer] = []

    /// Rows of logits computed at a time when all are asked for.
    static let logitRows = 16

    init(config: ModelConfig, rotary: RotaryEmbedding, context: ComputeContext) throws {
        self.context = context
        self.rotary = rotary
        var buffers: [AlignedBuffer] = []
        func rows(_ columns: Int, _ count: Int = context.maximumRows) throws -> Rows {
            let buffer = try AlignedBuffer.floats(count * columns + 32)
            buffers.append(buffer)
            return Rows(buffer.floats, rows: count, columns: columns)
        }
        let queries = config.numAttentionHeads * config.headDim
        let keys = config.numKeyValueHeads * config.headDim
        hidden = try rows(config.hiddenSize)
        normed = try rows(config.hiddenSize)
        branch = try rows(config.hiddenSize)
        q = try rows(queries)
        k = try rows(keys)
        v = try rows(keys)
        attended = try rows(queries)
        gate = try rows(config.intermediateSize)
        up = try rows(config.intermediateSize)
        logits = try rows(config.vocabSize, min(Self.logitRows, context.maximumRows))
        cosine = try .floats(context.maximumRows * config.headDim / 2)
        sine = try .floats(context.maximumRows * config.headDim / 2)
        self.buffers = buffers
    }

    /// Computes the angles of the tokens at `position` and after.
    func place(at position: Int, count: Int) {
        rotary.fill(cosine: cosine.floats, sine: sine.floats, position: position, count: count)
    }

    func rotate(_ x: Rows, headDim: Int) {
        context.rotate(
            x, headDim: headDim, cosine: cosine.floats, sine: sine.floats,
            interleaved: rotary.interleaved)
    }
}
