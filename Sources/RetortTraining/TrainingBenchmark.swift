// SPDX-License-Identifier: Apache-2.0
//
// Steps of training on random tokens, timed: the whole step, optimizer included.

import RetortFormats
import RetortModels
import RetortTensor

/// A decoder of Llama's kind, trained from scratch on random tokens.
public struct TrainingBenchmark: Sendable {
    public var hidden = 256
    public var layers = 8
    public var heads = 8
    public var intermediate = 1024
    public var vocabulary = 4096
    public var batch = 16
    public var length = 256
    public var computeType = ComputeType.f32
    public var steps = 10
    public var threads = 2
    public var checkpointing = false
    public var seed: UInt64 = 1

    public init() {}

    public struct Result: Sendable {
        /// The median of the steps' speeds.
        public let tokensPerSecond: Double
        /// Operations a second as ``TrainingCost`` counts them.
        public let operationsPerSecond: Double
        /// The loss of the last step, mean of its tokens.
        public let loss: Double
        /// Operations a second of a matrix product of the same type, 4,096 x 1,024 x 1,024.
        public let peakOperationsPerSecond: Double
        public let parameters: Int
        /// Bytes of parameters, gradients, optimizer state, values and their gradients.
        public let plannedBytes: Int
        public let instructionSet: String
    }

    /// - Throws: `FormatError`, `ModelError` or `TensorError` if the sizes make no model or memory
    ///   runs out.
    public func run() throws -> Result {
        guard heads > 0, hidden % heads == 0 else {
            throw TrainingError("\(hidden) hidden elements do not form \(heads) heads")
        }
        let config = ModelConfig(
            architecture: .llama, hiddenSize: hidden, intermediateSize: intermediate,
            numHiddenLayers: layers, numAttentionHeads: heads, numKeyValueHeads: heads,
            headDim: hidden / heads, vocabSize: vocabulary, maxPositionEmbeddings: length)
        try config.validate()
        let source = ParameterSource(config: config, seed: seed)
        let model = try LanguageModel(training: source, threads: threads)
        try source.store.train { _ in true }
        let kernels = try Kernels.current()
        let pool = model.trainingPool
        let engine = try MatrixEngine(pool: pool, kernels: kernels, computeType: computeType)
        var options = TrainingOptions()
        options.checkpointing = checkpointing
        let graph = try TrainingGraph(
            model, rows: batch, length: length, engine: engine, options: options)
        let optimizer = try Optimizer(source.store, OptimizerSettings(), engine: engine)
        let count = batch * length
        var random = NormalGenerator(seed: seed, stream: "tokens")
        let integers = try AlignedBuffer(byteCount: 16 * count)
        let tokens = integers.base.assumingMemoryBound(to: Int32.self)
        let (targets, starts, positions) = (
            tokens + count, tokens + 2 * count, tokens + 3 * count
        )
        var times: [Double] = []
        var loss = 0.0
        let clock = ContinuousClock()
        for step in 0..<steps + 2 {
            for index in 0..<count {
                tokens[index] = Int32(
                    abs(random.next() * Float(vocabulary)).truncatingRemainder(
                        dividingBy: Float(vocabulary)))
                starts[index] = 0
                positions[index] = Int32(index % length)
            }
            for index in 0..<count { targets[index] = tokens[(index + 1) % count] }
            let start = clock.now
            source.store.forgetGradients()
            let result = try graph.run(
                TapeBatch(
                    rows: batch, length: length, tokens: tokens, targets: targets,
                    documentStarts: starts, positions: positions), scale: 1 / Float(count))
            try optimizer.step(learningRate: 1e-3, norm: optimizer.gradientNorm())
            let time = clock.now - start
            loss = result.loss / Double(result.targets)
            // The first two steps touch memory for the first time.
            if step >= 2 { times.append(time / .seconds(1)) }
        }
        let speed = Double(count) / times.sorted()[times.count / 2]
        let cost = TrainingCost(config)
        return Result(
            tokensPerSecond: speed,
            operationsPerSecond: speed * cost.operationsPerToken(length: length), loss: loss,
            peakOperationsPerSecond: try Self.peak(engine), parameters: cost.parameters,
            plannedBytes: 4 * cost.parameters * 2 + optimizer.stateBytes
                + graph.tape.plannedBytes,
            instructionSet: kernels.name)
    }

    static func peak(_ engine: MatrixEngine) throws -> Double {
        let (rows, side) = (4096, 1024)
        let memory = try AlignedBuffer.floats(rows * (side + 64) * 2 + side * side)
        let dtype: DType = engine.computeType == .bf16 ? .bf16 : .f32
        // Rows that do not begin a power of two apart.
        let a = MatrixView(memory.base, dtype, rows: rows, columns: side, stride: side + 64)
        let c = MatrixView(
            memory.base + 4 * rows * (side + 64), rows: rows, columns: side, stride: side + 64)
        let b = MatrixView(
            memory.base + 8 * rows * (side + 64), rows: side, columns: side)
        var best = 0.0
        let begin = ContinuousClock().now
        // The first touches memory for the first time.
        for round in 0..<10 where round < 2 || ContinuousClock().now - begin < .milliseconds(500) {
            let start = ContinuousClock().now
            try engine.product(c, a, b, .transposed)
            let time = (ContinuousClock().now - start) / .seconds(1)
            best = max(best, 2 * Double(rows) * Double(side) * Double(side) / time)
        }
        return best
    }
}
