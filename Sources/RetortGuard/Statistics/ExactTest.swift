// SPDX-License-Identifier: Apache-2.0
//
// Upper tails of the gamma and the binomial distribution, to the last digits also where they are 1e-1000: sums
// of logarithms, power series and continued fractions (Abramowitz and Stegun 6.5 and 26.5). The normal
// approximation is off by orders of magnitude in the very tails that evidence rests on.

import Foundation

/// Exact p-values of watermark scores.
public enum ExactTest {
    private static let precision = 1e-16
    private static let mostTerms = 100_000
    private static let tiny = 1e-300

    /// How likely a sum of `count` exponential variables of mean 1 is at least `score`: the regularised upper
    /// incomplete gamma function Q(count, score).
    /// - Parameter count: More than 0; need not be whole (moments of weighted sums).
    public static func gamma(score: Double, count: Double) -> LogProbability {
        guard count > 0, score > 0 else { return LogProbability(logarithm: 0) }
        guard score.isFinite else { return LogProbability(logarithm: -.infinity) }
        let front = count * log(score) - score - logGamma(count)
        if score < count + 1 {
            // The lower function's series.
            var term = 1 / count
            var sum = term
            var place = count
            for _ in 0..<mostTerms {
                place += 1
                term *= score / place
                sum += term
                if term < sum * precision { break }
            }
            let below = exp(front + log(sum))
            return LogProbability(logarithm: log1p(-min(1, below)))
        }
        return LogProbability(logarithm: front + log(gammaFraction(count, score)))
    }

    /// Legendre's continued fraction of Γ(a, x) eˣ x⁻ᵃ, by Lentz's method.
    private static func gammaFraction(_ a: Double, _ x: Double) -> Double {
        var b = x + 1 - a
        var c = 1 / tiny
        var d = 1 / b
        var value = d
        for i in 1...mostTerms {
            let factor = -Double(i) * (Double(i) - a)
            b += 2
            d = factor * d + b
            if abs(d) < tiny { d = tiny }
            c = b + factor / c
            if abs(c) < tiny { c = tiny }
            d = 1 / d
            let change = d * c
            value *= change
            if abs(change - 1) < precision { break }
        }
        return value
    }

    /// How likely `count` trials with the chance `chance` have at least `hits`: the regularised incomplete beta
    /// function I(chance; hits, count − hits + 1).
    public static func binomial(hits: Int, count: Int, chance: Double) -> LogProbability {
        guard hits > 0 else { return LogProbability(logarithm: 0) }
        guard hits <= count, chance > 0 else { return LogProbability(logarithm: -.infinity) }
        guard chance < 1 else { return LogProbability(logarithm: 0) }
        let (a, b) = (Double(hits), Double(count - hits + 1))
        let front =
            logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(chance) + b * log1p(-chance)
        // The fraction converges on the side of the mean.
        if chance < (a + 1) / (a + b + 2) {
            return LogProbability(logarithm: front + log(betaFraction(a, b, chance) / a))
        }
        let other = exp(front + log(betaFraction(b, a, 1 - chance) / b))
        return LogProbability(logarithm: log1p(-min(1, other)))
    }

    private static func betaFraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
        var c = 1.0
        var d = 1 - (a + b) * x / (a + 1)
        if abs(d) < tiny { d = tiny }
        d = 1 / d
        var value = d
        for m in 1...mostTerms {
            let i = Double(m)
            for factor in [
                i * (b - i) * x / ((a + 2 * i - 1) * (a + 2 * i)),
                -(a + i) * (a + b + i) * x / ((a + 2 * i) * (a + 2 * i + 1)),
            ] {
                d = 1 + factor * d
                if abs(d) < tiny { d = tiny }
                c = 1 + factor / c
                if abs(c) < tiny { c = tiny }
                d = 1 / d
                value *= d * c
            }
            if abs(d * c - 1) < precision { break }
        }
        return value
    }

    private static func logGamma(_ x: Double) -> Double { lgamma(x) }
}
