// SPDX-License-Identifier: Apache-2.0
//
// The forward pass of a model on a tape. The layers are those of inference; each has an extension in
// this folder that says how it is recorded.

import RetortFormats
import RetortTensor

/// How a model is trained, beside its shape.
package struct TrainingOptions {
    /// Whether each layer is computed again in the backward pass instead of kept.
    package var checkpointing = false
    /// λ of multi-token prediction's loss (DeepSeek-V3, 2024).
    package var predictionWeight: Float = 0.3
    /// α of the sequence-wise balance loss (DeepSeek-V3, 2024).
    package var balanceWeight: Float = 1e-4
    /// Whether the layer that predicts the token after the next is trained, where there is one.
    package var predicts = true

    package init() {}
}

/// A model's computation for batches of one shape.
package final class TrainingGraph {
    package let tape: Tape
    package let rows: Int
    package let length: Int
    package private(set) var heads: [HeadNode] = []
    /// The layers of experts, the predicting one's last.
    package private(set) var experts: [TrainedExperts] = []

    /// - Parameters:
    ///   - model: Built from parameters.
    ///   - rows, length: The shape of the batches.
    ///   - arena: Memory shared with graphs of other shapes, which are not run at the same time.
    /// - Throws: ``ModelError`` if the model's weights are not parameters; `TensorError` if memory
    ///   runs out.
    package init(
        _ model: LanguageModel, rows: Int, length: Int, engine: MatrixEngine,
        arena: ScratchBuffer = ScratchBuffer(), options: TrainingOptions = TrainingOptions(),
        loss: any TokenLoss = CrossEntropy(), adapters: [String: LowRankAdapter] = [:]
    ) throws {
        self.rows = rows
        self.length = length
        tape = Tape(engine: engine, arena: arena)
        let recorder = try Recorder(
            tape: tape, model: model, length: length, options: options, adapters: adapters)
        var x = tape.embedding(try model.embedTokens.trained, tokens: rows * length)
        for layer in model.layers {
            x = try tape.segment { try layer.record(x, recorder) }
        }
        let normed = try model.norm.record(x, recorder)
        let head = try model.lmHead.trained.weight
        heads = [try tape.headLoss(normed, head, loss: loss)]
        if options.predicts, let predictor = model.predictor {
            let embedded = tape.embedding(
                try model.embedTokens.trained, tokens: rows * length, shift: 1)
            let predicted = try tape.segment {
                try predictor.record(known: normed, embedded: embedded, recorder)
            }
            heads.append(
                try tape.headLoss(
                    predicted, head, loss: CrossEntropy(), shift: 1,
                    weight: options.predictionWeight))
        }
        try recorder.checkAdapters()
        experts = recorder.experts
        try tape.plan(checkpointing: options.checkpointing)
    }

    /// One forward and backward pass.
    /// - Parameters:
    ///   - scale: What the gradients of the targets' losses are multiplied with.
    ///   - rowScale: What those of whole rows' losses are multiplied with.
    /// - Returns: The sum of the targets' losses (without further predictions) and their number.
    package func run(_ batch: TapeBatch, scale: Float, rowScale: Float = 1) throws -> (
        loss: Double, targets: Int
    ) {
        tape.lossScale = scale
        tape.rowScale = rowScale
        try tape.forwardAndBackward(batch)
        return (heads[0].lossSum, heads[0].targetCount)
    }

    /// One forward pass.
    package func evaluate(_ batch: TapeBatch) throws -> (loss: Double, targets: Int) {
        try tape.forward(batch)
        try heads[0].evaluate()
        return (heads[0].lossSum, heads[0].targetCount)
    }
}

/// A low-rank change of a linear layer: y += scale · B A x (Hu et al. 2021).
package struct LowRankAdapter {
    package let a: Parameter  // [rank, inputs]
    package let b: Parameter  // [outputs, rank]
    package let scale: Float

    package init(a: Parameter, b: Parameter, scale: Float) {
        self.a = a
        self.b = b
        self.scale = scale
    }
}

/// What the layers need while they are recorded.
final class Recorder {
    let tape: Tape
    let length: Int
    let options: TrainingOptions
    let rotary: RotaryTable
    var experts: [TrainedExperts] = []
    /// By the name of the layer's weight.
    private let adapters: [String: LowRankAdapter]
    private var used: Set<String> = []

    init(
        tape: Tape, model: LanguageModel, length: Int, options: TrainingOptions,
        adapters: [String: LowRankAdapter]
    ) throws {
        self.tape = tape
        self.length = length
        self.options = options
        self.adapters = adapters
        let rotary = model.rotary
        self.rotary = try RotaryTable(
            positions: length, pairs: rotary.inverseFrequencies.count,
            interleaved: rotary.interleaved
        ) { cosine, sine in
            rotary.fill(cosine: cosine, sine: sine, position: 0, count: length)
        }
    }

    func hasAdapter(_ layer: Linear) -> Bool {
        layer.weight.parameter.map { adapters[$0.name] != nil } ?? false
    }

    /// Linear layers of one input, with their adapters.
    func linears(
        _ x: Variable, _ layers: [Linear], residual: Variable? = nil
    ) throws -> [Variable] {
        try linears(x, layers.map { try $0.trained }, residual: residual)
    }

    func linears(
        _ x: Variable, _ layers: [LinearParameters], residual: Variable? = nil
    ) throws -> [Variable] {
        guard layers.contains(where: { adapters[$0.weight.name] != nil }) else {
            return tape.linears(x, layers, residual: residual)
        }
        return try layers.map { layer in
            guard let adapter = adapters[layer.weight.name] else {
                return tape.linear(x, layer, residual: residual)
            }
            used.insert(layer.weight.name)
            let plain = tape.linear(x, layer, residual: residual, dtype: .f32)
            let low = try tape.scale(
                tape.linear(x, LinearParameters(weight: adapter.a)), by: adapter.scale)
            return tape.linear(low, LinearParameters(weight: adapter.b), residual: plain)
        }
    }

    /// - Throws: ``ModelError`` if an adapter changes a layer that takes none.
    func checkAdapters() throws(ModelError) {
        guard let name = adapters.keys.sorted().first(where: { !used.contains($0) }) else {
            return
        }
        throw ModelError(
            "\(name) cannot have an adapter while it is trained; choose layers of attention or of a dense feed-forward part"
        )
    }

    func linear(_ x: Variable, _ layer: Linear, residual: Variable? = nil) throws -> Variable {
        try linears(x, [layer], residual: residual)[0]
    }
}

extension Linear {
    /// - Throws: ``ModelError`` if the weights are in a file.
    var trained: LinearParameters {
        get throws {
            guard let parameter = weight.parameter else {
                throw ModelError("this model's weights are in a file; load it for training")
            }
            return LinearParameters(weight: parameter, bias: bias?.parameter)
        }
    }
}

extension Embedding {
    /// - Throws: ``ModelError`` if the weights are in a file.
    var trained: Parameter {
        get throws {
            guard let parameter else {
                throw ModelError("this model's weights are in a file; load it for training")
            }
            return parameter
        }
    }
}

extension RMSNorm {
    /// weight · x / sqrt(mean(x²) + eps), for each head of the weight's size.
    func record(_ x: Variable, _ recorder: Recorder) throws -> Variable {
        guard let parameter = weight.parameter else {
            throw ModelError("this model's weights are in a file; load it for training")
        }
        return try recorder.tape.rmsNorm(x, parameter, eps: eps)
    }
}
