// SPDX-License-Identifier: Apache-2.0
//
// Changes the trained parameters of a store by their gradients. Parameters are cut into chunks that
// threads share; the sums of the gradient's norm are added in the order of the chunks, so that a run
// gives the same bits every time.

import CRetortKernels
import RetortTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// AdamW, or Muon and AdamW. Not for two threads at a time.
package final class Optimizer: ParallelTask {
    package let settings: OptimizerSettings
    package let store: ParameterStore
    /// Steps taken.
    package internal(set) var stepCount = 0
    let engine: MatrixEngine
    let trained: [Parameter]
    /// By parameter of `trained`: its moments. Muon keeps only the first.
    let states: [OptimizerState]
    private let chunks: [Chunk]
    /// Of each chunk, its part of the norm.
    private let partial: AlignedBuffer
    private var phase = Phase.norm
    private var factors = rk_adamw_factors()
    private let muon: Muon?

    private enum Phase { case norm, step }

    private struct Chunk {
        let parameter: Int
        let start: Int
        let count: Int
    }

    /// A multiple of the blocks of 8-bit state.
    private static let chunkSize = 64 * Int(RK_STATE_BLOCK)

    /// - Throws: `TensorError` if memory runs out.
    package init(_ store: ParameterStore, _ settings: OptimizerSettings, engine: MatrixEngine)
        throws
    {
        self.settings = settings
        self.store = store
        self.engine = engine
        trained = store.trained
        var states: [OptimizerState] = []
        var chunks: [Chunk] = []
        for (index, parameter) in trained.enumerated() {
            let kind: OptimizerState.Kind =
                Self.usesMuon(parameter, settings)
                ? .momentum : settings.stateBits == 8 ? .moments8 : .moments32
            states.append(try OptimizerState(kind, count: parameter.count))
            for start in stride(from: 0, to: parameter.count, by: Self.chunkSize) {
                chunks.append(
                    Chunk(
                        parameter: index, start: start,
                        count: min(Self.chunkSize, parameter.count - start)))
            }
        }
        self.states = states
        self.chunks = chunks
        partial = try AlignedBuffer(byteCount: 8 * chunks.count)
        muon = settings.kind == .muon ? Muon(engine: engine) : nil
    }

    /// Matrices inside layers; embeddings, heads and gates are AdamW's.
    static func usesMuon(_ parameter: Parameter, _ settings: OptimizerSettings) -> Bool {
        guard settings.kind == .muon, parameter.shape.count == 2 else { return false }
        let outside = ["embed_tokens.weight", "lm_head.weight", "mlp.gate.weight"]
        return !outside.contains { parameter.name.hasSuffix($0) }
    }

    /// The norm of all gradients together.
    package func gradientNorm() -> Float {
        phase = .norm
        engine.pool.run(self, chunks: chunks.count)
        var sum = 0.0
        for index in chunks.indices { sum += parts[index] }
        return Float(sum.squareRoot())
    }

    /// One step.
    /// - Parameters:
    ///   - learningRate: Of this step.
    ///   - norm: The norm of the gradients as they are.
    /// - Throws: `TensorError` if memory runs out.
    package func step(learningRate: Float, norm: Float) throws {
        stepCount += 1
        let limit = settings.maximumGradientNorm
        // As torch.nn.utils.clip_grad_norm_ does it.
        let clip = limit > 0 ? min(1, limit / (norm + 1e-6)) : 1
        let count = Float(stepCount)
        factors = rk_adamw_factors(
            gradient: clip, decay: 1,
            step: learningRate / (1 - powf(settings.beta1, count)),
            correction: 1 / (1 - powf(settings.beta2, count)).squareRoot(), beta1: settings.beta1,
            beta2: settings.beta2, eps: settings.eps)
        decay = 1 - learningRate * settings.weightDecay
        phase = .step
        engine.pool.run(self, chunks: chunks.count)
        guard let muon else { return }
        for (parameter, state) in zip(trained, states) where state.kind == .momentum {
            try muon.step(
                parameter, momentum: state.first, factor: settings.muonMomentum, clip: clip,
                learningRate: learningRate * settings.muonFactor, decay: settings.weightDecay)
        }
    }

    private var decay: Float = 1

    private var parts: UnsafeMutablePointer<Double> {
        partial.base.assumingMemoryBound(to: Double.self)
    }

    package func run(chunk index: Int, thread: Int) {
        let chunk = chunks[index]
        let parameter = trained[chunk.parameter]
        guard let gradient = parameter.gradient else { return }
        let slope = gradient + chunk.start
        switch phase {
        case .norm:
            parts[index] = engine.table.pointee.sum_of_squares(slope, chunk.count)
        case .step:
            var own = factors
            own.decay = parameter.shape.count > 1 ? decay : 1
            let values = parameter.values + chunk.start
            let state = states[chunk.parameter]
            switch state.kind {
            case .momentum: return
            case .moments32:
                engine.table.pointee.adamw_step(
                    values, state.first + chunk.start, state.second + chunk.start, slope,
                    chunk.count, own)
            case .moments8:
                engine.table.pointee.adamw_step_8bit(
                    values, state.firstCodes + chunk.start, state.secondCodes + chunk.start,
                    state.scales + 2 * (chunk.start / Int(RK_STATE_BLOCK)), slope, chunk.count,
                    own)
            }
        }
    }

    /// Bytes of the state.
    package var stateBytes: Int { states.reduce(0) { $0 + $1.byteCount } }
}

/// What an optimizer keeps of one parameter.
final class OptimizerState {
    enum Kind { case moments32, moments8, momentum }

    let kind: Kind
    let byteCount: Int
    private let buffer: AlignedBuffer
    private let count: Int

    /// - Throws: `TensorError` if memory runs out.
    init(_ kind: Kind, count: Int) throws {
        self.kind = kind
        self.count = count
        let blocks = (count + Int(RK_STATE_BLOCK) - 1) / Int(RK_STATE_BLOCK)
        switch kind {
        case .moments32: byteCount = 8 * count
        case .moments8: byteCount = 8 * blocks + 2 * count
        case .momentum: byteCount = 4 * count
        }
        buffer = try AlignedBuffer(byteCount: byteCount + 256)
    }

    var first: UnsafeMutablePointer<Float> { buffer.floats }
    var second: UnsafeMutablePointer<Float> { buffer.floats + count }

    // Of 8 bits: the scales, then the codes of both moments.
    var scales: UnsafeMutablePointer<Float> { buffer.floats }
    var firstCodes: UnsafeMutablePointer<Int8> {
        (buffer.base + byteCount - 2 * count).assumingMemoryBound(to: Int8.self)
    }
    var secondCodes: UnsafeMutablePointer<UInt8> {
        (buffer.base + byteCount - count).assumingMemoryBound(to: UInt8.self)
    }
}
