// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How likely it is that a model, given a prefix, writes exactly the suffix that followed it: p_z of
/// Hayes et al. 2024 (arXiv:2410.19482). By its logarithm, as it is far below the least Double for
/// nearly all texts.
public struct ExtractionChance: Sendable, Equatable {
    /// Natural; −∞ if the scheme cannot draw the suffix.
    public let logarithm: Double

    /// - Parameter logProbabilities: Of each token of the suffix, given all before it.
    public init(logProbabilities: some Sequence<Double>) {
        logarithm = min(0, logProbabilities.reduce(0, +))
    }

    public init(logarithm: Double) { self.logarithm = min(0, logarithm) }

    /// p_z; 0 where it is below the least Double.
    public var value: Double { exp(logarithm) }

    /// log n of the n tries after which the suffix has been written at least once with the chance
    /// `p`: n = log(1 − p) / log(1 − p_z), of which the least is 1 try.
    /// - Parameter p: Above 0 and below 1.
    /// - Returns: ∞ if it is never written.
    public func logTries(for p: Double) -> Double {
        guard logarithm > -.infinity else { return .infinity }
        // log(−log(1 − p_z)), which is log p_z to the last digit where p_z is small.
        let each =
            logarithm < -36
            ? logarithm : log(logarithm > -0.7 ? -log(-expm1(logarithm)) : -log1p(-value))
        return max(0, log(-log1p(-p)) - each)
    }

    /// The whole tries; nil if they are more than an Int holds.
    public func tries(for p: Double) -> Int? {
        let tries = exp(logTries(for: p))
        // A hair above a whole number is that number.
        let whole = (tries * (1 - 1e-12)).rounded(.up)
        return whole < 9e18 ? Int(whole) : nil
    }

    /// The chance that one of `tries` writes the suffix: 1 − (1 − p_z)^n.
    public func chance(within tries: Int) -> Double {
        if logarithm == 0 { return tries > 0 ? 1 : 0 }
        return -expm1(Double(tries) * log1p(-value))
    }

    /// Whether it is (n, p)-discoverably extractable.
    public func isDiscoverable(tries: Int, chance p: Double) -> Bool {
        chance(within: tries) >= p * (1 - 1e-12)
    }
}
