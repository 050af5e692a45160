// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The learning rate over the steps of a run: a linear warm-up, then what `kind` says.
public struct Schedule: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case constant, linear, cosine
        /// Constant, then linear over the last steps (warm-up, stable, decay).
        case wsd
    }

    public var kind: Kind
    public var peak: Float
    /// Steps until the peak.
    public var warmupSteps: Int
    public var totalSteps: Int
    /// The last learning rate as a fraction of the peak.
    public var finalFraction: Float
    /// `wsd`: the share of the steps that decay.
    public var decayFraction: Float

    public init(
        kind: Kind = .cosine, peak: Float, warmupSteps: Int = 0, totalSteps: Int,
        finalFraction: Float = 0, decayFraction: Float = 0.2
    ) {
        self.kind = kind
        self.peak = peak
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
        self.finalFraction = finalFraction
        self.decayFraction = decayFraction
    }

    /// The learning rate of a step, which are counted from 0. The first is peak / warmupSteps, as in
    /// PyTorch's and transformers' schedules the last before the end is a little above the final one.
    public func learningRate(step: Int) -> Float {
        if step < warmupSteps { return peak * Float(step + 1) / Float(warmupSteps) }
        let span = max(1, totalSteps - warmupSteps)
        let progress = min(1, Float(step - warmupSteps) / Float(span))
        let left: Float
        switch kind {
        case .constant: return peak
        case .linear: left = 1 - progress
        case .cosine: left = 0.5 * (1 + cosf(.pi * progress))
        case .wsd: left = min(1, (1 - progress) / max(decayFraction, 1e-6))
        }
        return peak * (finalFraction + (1 - finalFraction) * left)
    }
}
