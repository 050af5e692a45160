// SPDX-License-Identifier: Apache-2.0
//
// Rotary position embedding (Su et al. 2021) and the ways checkpoints stretch it: linear, llama3
// and YaRN (Peng et al. 2023), with transformers' defaults for what a config leaves out.

import RetortFormats
import RetortTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct RotaryEmbedding {
    /// Radians per position of each pair, `[headDim / 2]`.
    let inverseFrequencies: [Float]
    /// Multiplies cosines and sines (YaRN's attention factor).
    let magnitude: Float
    /// Whether pairs are neighbours (GGUF llama) or half a head apart (Hugging Face).
    let interleaved: Bool

    /// - Parameter factors: GGUF's `rope_freqs.weight`, which divide the frequencies.
    init(config: ModelConfig, layout: RopeLayout, factors: FloatVector?) {
        let dim = config.rotaryDim
        let base = Double(config.ropeTheta)
        let plain = (0..<dim / 2).map { pow(base, -2 * Double($0) / Double(dim)) }
        var magnitude = 1.0
        var frequencies: [Double]
        switch config.ropeScaling {
        case nil: frequencies = plain
        case .linear(let factor): frequencies = plain.map { $0 / Double(factor) }
        case .llama3(let factor, let low, let high, let original):
            frequencies = plain.map {
                Self.llama3(
                    $0, factor: Double(factor), low: Double(low), high: Double(high),
                    original: Double(original))
            }
        case .yarn(let parameters):
            frequencies = Self.yarn(plain, dim: dim, base: base, parameters)
            magnitude = parameters.attentionFactorOrDefault
        }
        if let factors {
            frequencies = frequencies.enumerated().map { $1 / Double(factors.base[$0]) }
        }
        inverseFrequencies = frequencies.map { Float($0) }
        self.magnitude = Float(magnitude)
        interleaved = layout == .interleaved
    }

    /// Long wavelengths are stretched, short ones kept, those between blended.
    private static func llama3(
        _ frequency: Double, factor: Double, low: Double, high: Double, original: Double
    ) -> Double {
        let wavelength = 2 * Double.pi / frequency
        if wavelength < original / high { return frequency }
        if wavelength > original / low { return frequency / factor }
        let smooth = (original / wavelength - low) / (high - low)
        return (1 - smooth) * frequency / factor + smooth * frequency
    }

    private static func yarn(
        _ plain: [Double], dim: Int, base: Double, _ parameters: RopeScaling.YaRN
    ) -> [Double] {
        // The dimension that turns `rotations` times over the original context.
        func dimension(rotations: Double) -> Double {
            Double(dim)
                * log(Double(parameters.originalMaxPositionEmbeddings) / (rotations * 2 * .pi))
                / (2 * log(base))
        }
        let low = max(dimension(rotations: Double(parameters.betaFast)).rounded(.down), 0)
        var high = min(
            dimension(rotations: Double(parameters.betaSlow)).rounded(.up), Double(dim - 1))
        if low == high { high += 0.001 }
        return plain.enumerated().map { index, frequency in
            let ramp = min(max((Double(index) - low) / (high - low), 0), 1)
            return frequency / Double(parameters.factor) * ramp + frequency * (1 - ramp)
        }
    }

    /// Cosines and sines of `count` positions from `position` on, `[count, headDim / 2]` each.
    func fill(
        cosine: UnsafeMutablePointer<Float>, sine: UnsafeMutablePointer<Float>, position: Int,
        count: Int
    ) {
        let half = inverseFrequencies.count
        for row in 0..<count {
            let place = Float(position + row)
            for index in 0..<half {
                let angle = place * inverseFrequencies[index]
                cosine[row * half + index] = cosf(angle) * magnitude
                sine[row * half + index] = sinf(angle) * magnitude
            }
        }
    }
}
