// SPDX-License-Identifier: Apache-2.0
//
// Upper tails of weighted sums of independent scores, as sure as the unweighted ones: the moment generating function
// is known in closed form, and Bromwich's integral for the tail is taken along a line near its saddle point, where the
// trapezoid rule converges exponentially (its error is an aliased tail, which the step is chosen from; Abate and Whitt
// 1992). A normal approximation would be off by orders of magnitude where few large weights decide.

import Foundation

/// The distribution of Σ wᵢ Xᵢ for known weights, of either sign, and independent scores X of one kind.
public struct WeightedTest: Sendable {
    /// What one score is by chance.
    public enum Score: Sendable, Equatable {
        /// A sum of so many exponential variables of mean 1.
        case gamma(Int)
        /// Hits of so many trials.
        case binomial(Int, chance: Double)

        var mean: Double {
            switch self {
            case .gamma(let shape): Double(shape)
            case .binomial(let count, let chance): Double(count) * chance
            }
        }
    }

    private static let order = 10
    /// Below this the cumulant series stands for the function; what it leaves out is below 1e-16 a weight.
    private static let seriesRadius = 0.02
    /// Of the result, relative.
    private static let digits = 30.0

    public let score: Score
    /// By size, the smallest first.
    private let weights: [Double]
    /// Σ wʳ of the smallest weights: `order` sums for each length of the prefix, r from 1.
    private let powers: [Double]
    /// K(z) = Σ cᵣ zʳ, r from 1, of one score.
    private let series: [Double]
    private let largest: Double

    public init(weights: [Double], score: Score) {
        self.score = score
        self.weights = weights.filter { $0 != 0 && $0.isFinite }.sorted { abs($0) < abs($1) }
        largest = self.weights.max() ?? 0
        series = Self.series(score)
        var sums = [Double](repeating: 0, count: Self.order)
        var all = sums
        all.reserveCapacity((self.weights.count + 1) * Self.order)
        for weight in self.weights {
            var power = 1.0
            for r in sums.indices {
                power *= weight
                sums[r] += power
            }
            all.append(contentsOf: sums)
        }
        powers = all
    }

    /// How likely a sum is at least `sum`.
    public func pValue(_ sum: Double) -> LogProbability {
        guard !weights.isEmpty else { return LogProbability(logarithm: 0) }
        guard !sum.isNaN else { return LogProbability(logarithm: 0) }
        let mean = weights.reduce(0, +) * score.mean
        guard sum > mean else {
            // The other tail is the smaller one: one less it, without cancellation.
            let mirrored = WeightedTest(weights: weights.map { -$0 }, score: score)
            let (other, isBound) = mirrored.tail(-sum)
            // One less a bound from above would be one from below.
            return LogProbability(logarithm: isBound ? 0 : log1p(-min(1, other.value)))
        }
        return tail(sum).probability
    }

    /// - Parameter x: At least the mean.
    private func tail(_ x: Double) -> (probability: LogProbability, isBound: Bool) {
        let limit = pole
        guard x < most * (1 - 1e-12) else { return (certain(x), false) }
        let saddle = self.saddle(x, below: limit)
        let spread = max(derivatives(0).second, .leastNormalMagnitude).squareRoot()
        // Near the mean the pole at 0 keeps its distance.
        let s = min(max(saddle, 0.3 / spread), limit.isFinite ? (saddle + limit) / 2 : .infinity)
        // Chernoff's bound: never less than the probability.
        let front = logMoment(s, 0).size - s * x
        // The rule adds the tails at x + k 2π / step, tilted: how large those above can be says Chernoff's bound at s + d.
        let d = min(s, limit.isFinite ? (limit - s) / 2 : .infinity)
        let rise = logMoment(s + d, 0).size - logMoment(s, 0).size - d * x
        let step = 2 * .pi / max((Self.digits - front) / s, (Self.digits + max(0, rise)) / d)
        var total = 0.5 / s
        /// Up to where the function is large.
        var quiet = 0.0
        let patience = patience
        for node in 1...mostNodes {
            let t = Double(node) * step
            let value = logMoment(s, t)
            let size = exp(value.size - s * x - front)
            let angle = value.angle - t * x
            let norm = s * s + t * t
            // Re(e^{i angle} / (s + i t)).
            total += size * (s * cos(angle) + t * sin(angle)) / norm
            guard total.isFinite else { break }
            quiet = size / norm.squareRoot() * s < 1e-13 ? quiet : t
            if quiet < t, t - quiet >= patience {
                let probability = total * step / .pi
                guard probability > 0 else { break }
                return (LogProbability(logarithm: min(front, front + log(probability))), false)
            }
        }
        // A few scores alone have no smooth tail: the bound stands.
        return (LogProbability(logarithm: front), true)
    }

    /// Few exponentials die out slowly, but each costs little; hits have to wait twice as long and cost more.
    private var mostNodes: Int {
        if case .binomial = score { return 5000 }
        return 20_000
    }

    /// How long the function must be small to be trusted: that of hits comes back near 2π / w if many weights are like w.
    private var patience: Double {
        guard case .binomial = score, let largest = weights.last else { return 0 }
        return 4 * .pi / abs(largest)
    }

    /// Where the generating function ends.
    private var pole: Double {
        if case .gamma = score, largest > 0 { return 1 / largest }
        return .infinity
    }

    /// The largest sum there can be.
    private var most: Double {
        let positive = weights.reduce(0) { $0 + max(0, $1) }
        switch score {
        case .gamma: return positive > 0 ? .infinity : 0
        case .binomial(let count, _): return positive * Double(count)
        }
    }

    /// Of sums that nothing exceeds.
    private func certain(_ x: Double) -> LogProbability {
        guard case .binomial(let count, let chance) = score, x <= most * (1 + 1e-12) else {
            return LogProbability(logarithm: -.infinity)
        }
        return LogProbability(
            logarithm: weights.reduce(0) {
                $0 + Double(count) * ($1 > 0 ? log(chance) : log1p(-chance))
            })
    }

    /// K′(s) = x, by halving: K is convex.
    private func saddle(_ x: Double, below limit: Double) -> Double {
        var low = 0.0
        var high = limit
        if !limit.isFinite {
            high = 1 / max(abs(weights.last ?? 1), .leastNormalMagnitude)
            for _ in 0..<60 where derivatives(high).first < x { high *= 2 }
        }
        for _ in 0..<80 {
            let middle = (low + high) / 2
            if derivatives(middle).first < x { low = middle } else { high = middle }
            if high - low < 1e-9 * high { break }
        }
        return low
    }

    /// K′ and K″ on the real line.
    private func derivatives(_ s: Double) -> (first: Double, second: Double) {
        var first = 0.0
        var second = 0.0
        for w in weights {
            switch score {
            case .gamma(let shape):
                let inverse = w / (1 - s * w)
                first += Double(shape) * inverse
                second += Double(shape) * inverse * inverse
            case .binomial(let count, let chance):
                let share = chance / (chance + (1 - chance) * exp(-s * w))
                first += Double(count) * share * w
                second += Double(count) * share * (1 - share) * w * w
            }
        }
        return (first, second)
    }

    /// K(s + i t) as the logarithm of the function's size and its angle.
    private func logMoment(_ s: Double, _ t: Double) -> (size: Double, angle: Double) {
        let length = (s * s + t * t).squareRoot()
        let split = firstAbove(Self.seriesRadius / max(length, .leastNormalMagnitude))
        // The small weights by their power sums.
        var size = 0.0
        var angle = 0.0
        var (a, b) = (s, t)
        for r in 0..<Self.order {
            let factor = series[r] * powers[split * Self.order + r]
            size += factor * a
            angle += factor * b
            (a, b) = (a * s - b * t, a * t + b * s)
        }
        // The others by the product itself, whose size is taken out before it leaves a Double's range.
        var (x, y) = (1.0, 0.0)
        var exponent = 0.0
        for w in weights[split...] {
            let (u, v, taken) = factor(w * s, w * t)
            exponent += taken
            (x, y) = (x * u - y * v, x * v + y * u)
            let norm = x * x + y * y
            if norm > 1e100 || norm < 1e-100 {
                let root = norm.squareRoot()
                exponent += log(root)
                (x, y) = (x / root, y / root)
            }
        }
        exponent += 0.5 * log(x * x + y * y)
        let power =
            switch score {
            case .gamma(let shape): -Double(shape)
            case .binomial(let count, _): Double(count)
            }
        return (size + power * exponent, angle + power * atan2(y, x))
    }

    /// 1 − z, or 1 + c (eᶻ − 1), of which a power of e is taken out that a Double may not hold.
    private func factor(_ a: Double, _ b: Double) -> (
        real: Double, imaginary: Double, taken: Double
    ) {
        switch score {
        case .gamma: return (1 - a, -b, 0)
        case .binomial(_, let chance):
            let taken = max(0, a)
            let size = chance * exp(a - taken)
            return ((1 - chance) * exp(-taken) + size * cos(b), size * sin(b), taken)
        }
    }

    private func firstAbove(_ bound: Double) -> Int {
        var low = 0
        var high = weights.count
        while low < high {
            let middle = (low + high) / 2
            if abs(weights[middle]) <= bound { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func series(_ score: Score) -> [Double] {
        switch score {
        case .gamma(let shape): return (1...order).map { Double(shape) / Double($0) }
        case .binomial(let count, let chance):
            // log(1 + Σ aᵣ zʳ), aᵣ = c / r!: r bᵣ = r aᵣ − Σ k bₖ aᵣ₋ₖ.
            var a = [1.0]
            var factorial = 1.0
            for r in 1...order {
                factorial *= Double(r)
                a.append(chance / factorial)
            }
            var b = [0.0]
            for r in 1...order {
                let sum = (1..<r).reduce(0.0) { $0 + Double($1) * b[$1] * a[r - $1] }
                b.append(a[r] - sum / Double(r))
            }
            return b.dropFirst().map { $0 * Double(count) }
        }
    }
}
