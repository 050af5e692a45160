// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// Intervals that hold the true accuracy 95 times in a hundred.
public enum Intervals {
    /// The standard normal distribution's 97.5 % quantile.
    static let z = 1.959963984540054

    /// Resamples of a bootstrap.
    public static let resamples = 10_000

    /// Wilson's score interval for `successes` of `trials` that do not depend on each other.
    /// - Returns: Nil without trials.
    public static func wilson(successes: Int, trials: Int) -> ClosedRange<Double>? {
        guard trials > 0, (0...trials).contains(successes) else { return nil }
        let n = Double(trials)
        let p = Double(successes) / n
        let centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        // At the ends rounding could leave the true bound.
        let low = successes == 0 ? 0 : max(0, centre - half)
        let high = successes == trials ? 1 : min(1, centre + half)
        return low...high
    }

    /// The percentile bootstrap of a mean over problems: samples of one problem stay together, since
    /// they are alike.
    /// - Parameter values: Each problem's mean.
    /// - Returns: Nil without values.
    public static func bootstrap(_ values: [Double], seed: UInt64 = 0) -> ClosedRange<Double>? {
        guard !values.isEmpty else { return nil }
        let means = resampledMeans(values, seed: seed).sorted()
        return quantile(means, 0.025)...quantile(means, 0.975)
    }

    /// The difference of two runs over the same problems, by a paired bootstrap.
    public struct Difference: Sendable, Equatable {
        public let mean: Double
        public let interval: ClosedRange<Double>
        /// Twice the share of resamples on the other side of 0, at most 1, at least 2 in
        /// ``Intervals/resamples``.
        public let pValue: Double
    }

    /// - Parameter pairs: For each problem the means of the first and the second run.
    /// - Returns: Second minus first; nil without pairs.
    public static func difference(_ pairs: [(Double, Double)], seed: UInt64 = 0) -> Difference? {
        guard !pairs.isEmpty else { return nil }
        let values = pairs.map { $0.1 - $0.0 }
        let means = resampledMeans(values, seed: seed).sorted()
        let (below, above) = (means.count { $0 <= 0 }, means.count { $0 >= 0 })
        return Difference(
            mean: values.reduce(0, +) / Double(values.count),
            interval: quantile(means, 0.025)...quantile(means, 0.975),
            pValue: min(1, 2 * Double(max(1, min(below, above))) / Double(resamples)))
    }

    private static func resampledMeans(_ values: [Double], seed: UInt64) -> [Double] {
        var random = SplitMix64(seed: seed)
        return (0..<resamples).map { _ in
            var sum = 0.0
            for _ in values.indices { sum += values[random.index(below: values.count)] }
            return sum / Double(values.count)
        }
    }

    /// Between the two nearest values, as numpy does by default.
    private static func quantile(_ sorted: [Double], _ p: Double) -> Double {
        let place = p * Double(sorted.count - 1)
        let low = Int(place)
        guard low + 1 < sorted.count else { return sorted[sorted.count - 1] }
        return sorted[low] + (place - Double(low)) * (sorted[low + 1] - sorted[low])
    }
}
