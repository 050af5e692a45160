// SPDX-License-Identifier: Apache-2.0
//
// Where the parameters of a model to be trained come from: a checkpoint, or random numbers.

import RetortFormats
import RetortTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Makes parameters by their names in a Hugging Face checkpoint.
package final class ParameterSource {
    package let config: ModelConfig
    package let store = ParameterStore()
    private let checkpoint: Checkpoint?
    private let deviation: Float
    private let seed: UInt64

    /// Parameters with the values of a checkpoint, converted to f32.
    /// - Throws: ``ModelError`` if it is a GGUF file, whose tensors are arranged for inference.
    package init(_ checkpoint: Checkpoint) throws(ModelError) {
        guard case .huggingFace = checkpoint.kind else {
            throw ModelError(
                "\(checkpoint.path) is a GGUF file; training begins from a Hugging Face directory: convert it first"
            )
        }
        config = checkpoint.config
        self.checkpoint = checkpoint
        deviation = 0
        seed = 0
    }

    /// Parameters from scratch: weights are normal with mean 0, norms 1, biases 0.
    /// - Parameter deviation: The standard deviation of weights, `initializer_range` of config.json.
    package init(config: ModelConfig, deviation: Float = 0.02, seed: UInt64) {
        self.config = config
        self.deviation = deviation
        self.seed = seed
        checkpoint = nil
    }

    var ropeLayout: RopeLayout { config.ropeLayout(isGGUF: false) }

    func contains(_ name: String) -> Bool {
        if let checkpoint { return checkpoint.contains(name) }
        if name == "lm_head.weight" { return !config.tieWordEmbeddings }
        // The other names that are asked for are those of GGUF.
        return name.hasSuffix(".eh_proj.weight")
    }

    func parameter(_ name: String, shape: [Int]) throws -> Parameter {
        if let known = store.find(name) { return try store.parameter(known.name, shape: shape) }
        guard let checkpoint else {
            let parameter = try store.parameter(name, shape: shape)
            initialize(parameter)
            return parameter
        }
        let tensor = try checkpoint.tensor(name)
        guard tensor.shape == shape else {
            throw ModelError(
                "\(name) has the shape \(tensor.shape), the configuration asks for \(shape)")
        }
        if let index = tensor.firstNonFinite() {
            throw ModelError(
                "\(name) has NaN or infinity at element \(index); the file is damaged or its training diverged"
            )
        }
        let parameter = try store.parameter(name, shape: shape)
        guard let base = tensor.bytes.baseAddress else { throw ModelError("\(name) is empty") }
        tensor.dtype.convert(parameter.values, from: base, count: parameter.count)
        if shape.count == 2 {
            tensor.applyScales(parameter.values, firstRow: 0, count: parameter.rows)
        }
        tensor.releasePages()
        return parameter
    }

    private func initialize(_ parameter: Parameter) {
        if parameter.name.hasSuffix("bias") { return }
        if parameter.shape.count == 1 {
            parameter.values.update(repeating: 1, count: parameter.count)
            return
        }
        // A stream of its own for each name, so that a new parameter does not change the others.
        var generator = NormalGenerator(seed: seed, stream: parameter.name)
        for index in 0..<parameter.count { parameter.values[index] = deviation * generator.next() }
    }
}

/// Evenly distributed numbers in 0 ..< 1.
package struct UniformGenerator {
    private var generator: SplitMix64

    /// - Parameter stream: Generators of other streams give other numbers.
    package init(seed: UInt64, stream: String) {
        generator = SplitMix64(
            seed: seed &* SplitMix64.increment ^ FNVHash(stream.utf8).value)
    }

    mutating func bits() -> UInt64 { generator.next() }

    package mutating func next() -> Float { generator.unitFloat() }
}

/// Normally distributed numbers (Box and Muller 1958).
package struct NormalGenerator {
    private var uniform: UniformGenerator
    private var spare: Float?

    package init(seed: UInt64, stream: String) {
        uniform = UniformGenerator(seed: seed, stream: stream)
    }

    package mutating func next() -> Float {
        if let spare {
            self.spare = nil
            return spare
        }
        // In (0, 1], so that the logarithm is finite.
        let u = Double(uniform.bits() >> 11 &+ 1) * 0x1p-53
        let angle = 2 * Double.pi * Double(uniform.bits() >> 11) * 0x1p-53
        let radius = sqrt(-2 * log(u))
        spare = Float(radius * sin(angle))
        return Float(radius * cos(angle))
    }
}
