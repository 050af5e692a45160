// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How a model's rotary embedding is stretched beyond the context it was first trained with. Field
/// names as in `rope_parameters` of config.json.
public enum RopeScaling: Sendable, Equatable {
    /// All frequencies are divided by `factor`.
    case linear(factor: Float)
    /// Llama 3.1: long wavelengths are stretched, short ones kept.
    case llama3(
        factor: Float, lowFreqFactor: Float, highFreqFactor: Float,
        originalMaxPositionEmbeddings: Int)
    case yarn(YaRN)

    /// Peng et al. 2023.
    public struct YaRN: Sendable, Equatable {
        public var factor: Float
        public var originalMaxPositionEmbeddings: Int
        public var betaFast: Float
        public var betaSlow: Float
        /// Multiplies cosines and sines; nil for the paper's 0.1 · ln(factor) + 1.
        public var attentionFactor: Float?
        /// DeepSeek: the weight of ln(factor) in what the attention scores are multiplied by.
        public var mscaleAllDim: Float?

        public init(
            factor: Float, originalMaxPositionEmbeddings: Int, betaFast: Float = 32,
            betaSlow: Float = 1, attentionFactor: Float? = nil, mscaleAllDim: Float? = nil
        ) {
            self.factor = factor
            self.originalMaxPositionEmbeddings = originalMaxPositionEmbeddings
            self.betaFast = betaFast
            self.betaSlow = betaSlow
            self.attentionFactor = attentionFactor
            self.mscaleAllDim = mscaleAllDim
        }

        public var attentionFactorOrDefault: Double {
            attentionFactor.map(Double.init) ?? Self.magnitude(factor: Double(factor))
        }

        /// The paper's attention factor; `scale` weighs the logarithm (`mscale`).
        static func magnitude(factor: Double, scale: Double = 1) -> Double {
            factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1
        }
    }
}
