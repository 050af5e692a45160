// SPDX-License-Identifier: Apache-2.0
//
// How each layer is recorded on a tape; beside its `forward` in `Layers/`.

import RetortFormats
import RetortTensor

extension DecoderLayer {
    /// - Parameter x: `[tokens, hiddenSize]`, f32: the residual stream.
    func record(_ x: Variable, _ recorder: Recorder) throws -> Variable {
        let normed = try inputLayernorm.record(x, recorder)
        let attended: Variable
        switch selfAttn {
        case .grouped(let attention):
            attended = try attention.record(normed, residual: x, recorder)
        case .latent(let attention):
            attended = try attention.record(normed, residual: x, recorder)
        }
        let again = try postAttentionLayernorm.record(attended, recorder)
        switch mlp {
        case .dense(let mlp): return try mlp.record(again, residual: attended, recorder)
        case .experts(let mlp): return try mlp.record(again, residual: attended, recorder)
        }
    }
}

extension GroupedQueryAttention {
    func record(_ x: Variable, residual: Variable, _ recorder: Recorder) throws -> Variable {
        let tape = recorder.tape
        let projected = try recorder.linears(x, [qProj, kProj, vProj])
        var (q, k) = (projected[0], projected[1])
        if let qNorm { q = try qNorm.record(q, recorder) }
        if let kNorm { k = try kNorm.record(k, recorder) }
        q = try tape.rotate(q, headDim: headDim, recorder.rotary)
        k = try tape.rotate(k, headDim: headDim, recorder.rotary)
        let shape = AttentionShape(
            heads: q.columns / headDim, keyValueHeads: keyValueHeads, keyDim: headDim,
            valueDim: headDim, scale: 1 / Float(headDim).squareRoot())
        let mixed = try tape.attention(q, k, projected[2], shape, length: recorder.length)
        return try recorder.linear(mixed, oProj, residual: residual)
    }
}

extension LatentAttention {
    func record(_ x: Variable, residual: Variable, _ recorder: Recorder) throws -> Variable {
        let tape = recorder.tape
        guard let kvBProj else {
            throw ModelError("this model's weights are in a file; load it for training")
        }
        var q: Variable
        let latent: Variable
        if let qAProj, let qALayernorm, let qBProj {
            let projected = try recorder.linears(x, [qAProj, kvAProj])
            latent = projected[1]
            q = try recorder.linear(try qALayernorm.record(projected[0], recorder), qBProj)
        } else if let qProj {
            let projected = try recorder.linears(x, [qProj, kvAProj])
            q = projected[0]
            latent = projected[1]
        } else {
            throw ModelError("latent attention has no projection of queries")
        }
        let parts = try tape.split(latent, [self.shape.kvLoraRank, self.shape.qkRopeHeadDim])
        let compressed = try kvALayernorm.record(parts[0], recorder)
        q = try tape.rotate(q, headDim: self.shape.qkHeadDim, recorder.rotary)
        let shared = try tape.rotate(
            parts[1], headDim: self.shape.qkRopeHeadDim, recorder.rotary)
        let expanded = try recorder.linears(compressed, [LinearParameters(weight: kvBProj)])[0]
        let (k, v) = try tape.latentKeys(
            expanded, shared: shared, heads: heads, nope: self.shape.qkNopeHeadDim,
            valueDim: self.shape.vHeadDim)
        let shape = AttentionShape(
            heads: heads, keyValueHeads: heads, keyDim: self.shape.qkHeadDim,
            valueDim: self.shape.vHeadDim, scale: scale)
        let mixed = try tape.attention(q, k, v, shape, length: recorder.length)
        return try recorder.linear(mixed, oProj, residual: residual)
    }
}

extension GatedMLP {
    /// - Parameter residual: What the result is added to.
    func record(_ x: Variable, residual: Variable?, _ recorder: Recorder) throws -> Variable {
        let projected = try recorder.linears(x, [gateProj, upProj])
        if recorder.hasAdapter(downProj) || downProj.bias != nil {
            let hidden = try recorder.tape.gated(gate: projected[0], up: projected[1])
            return try recorder.linear(hidden, downProj, residual: residual)
        }
        return try recorder.tape.gatedLinear(
            gate: projected[0], up: projected[1], down: downProj.trained.weight,
            residual: residual)
    }
}

extension MultiTokenPredictor {
    /// - Parameters:
    ///   - known: The model's normed state after each token.
    ///   - embedded: The embedding of the next token.
    func record(known: Variable, embedded: Variable, _ recorder: Recorder) throws -> Variable {
        let pair = try recorder.tape.concatenate(
            enorm.record(embedded, recorder), hnorm.record(known, recorder))
        let x = recorder.tape.linear(pair, try ehProj.trained, dtype: .f32)
        return try norm.record(layer.record(x, recorder), recorder)
    }
}

extension ExpertsMLP {
    func record(_ x: Variable, residual: Variable, _ recorder: Recorder) throws -> Variable {
        var sum = residual
        if let sharedExperts {
            sum = try sharedExperts.record(x, residual: residual, recorder)
        }
        guard let router = gate.weight.parameter else {
            throw ModelError("this model's weights are in a file; load it for training")
        }
        let parameters = ExpertsParameters(
            router: router,
            experts: try experts.map {
                .init(
                    gate: try $0.gateProj.trained.weight, up: try $0.upProj.trained.weight,
                    down: try $0.downProj.trained.weight)
            },
            perToken: config.numExpertsPerTok, isSoftmax: config.scoring == .softmax,
            normalizes: config.normTopkProb, scale: config.routedScalingFactor,
            balanceWeight: recorder.options.balanceWeight,
            chooser: try RecordedGate(gate, threads: recorder.tape.engine.pool.threadCount))
        let (out, node) = try recorder.tape.experts(
            x, parameters, residual: sum, length: recorder.length)
        recorder.experts.append(
            TrainedExperts(node: node, correctionBias: gate.correctionBias?.parameter))
        return out
    }
}

/// A layer of experts on a tape, and the bias that balances it.
package struct TrainedExperts {
    package let node: ExpertsNode
    package let correctionBias: Parameter?
}

/// The gate of a layer, called by several threads.
final class RecordedGate: ExpertChooser {
    private let gate: ExpertGate
    private let scratch: [Routing]

    init(_ gate: ExpertGate, threads: Int) throws {
        self.gate = gate
        scratch = try (0..<threads).map { _ in try Routing(config: gate.config, tokens: 1) }
    }

    func choose(
        _ scores: UnsafeMutablePointer<Float>, experts: UnsafeMutablePointer<Int32>,
        weights: UnsafeMutablePointer<Float>, thread: Int
    ) {
        gate.choose(
            scores, experts: experts, weights: weights, ranks: scratch[thread].ranks,
            groups: scratch[thread].groups)
    }
}
