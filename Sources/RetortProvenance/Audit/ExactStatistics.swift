// SPDX-License-Identifier: Apache-2.0
//
// The regularised incomplete beta function by its continued fraction (Abramowitz and Stegun 26.5.8,
// Lentz's method), and what rests on it: Student's t, intervals of Clopper and Pearson (1934).

import Foundation

package enum ExactStatistics {
    private static let mostTerms = 100_000

    /// I(x; a, b), also for the tail where it is as small as the least Double.
    package static func regularizedBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
        // The fraction converges on the side of the mean.
        return x < (a + 1) / (a + b + 2)
            ? front * fraction(x, a, b) / a : 1 - front * fraction(1 - x, b, a) / b
    }

    private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let tiny = 1e-300
        func bounded(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var d = 1 / bounded(1 - (a + b) * x / (a + 1))
        var c = 1.0
        var value = d
        for m in 1...mostTerms {
            let i = Double(m)
            let even = i * (b - i) * x / ((a + 2 * i - 1) * (a + 2 * i))
            d = 1 / bounded(1 + even * d)
            c = bounded(1 + even / c)
            value *= d * c
            let odd = -(a + i) * (a + b + i) * x / ((a + 2 * i) * (a + 2 * i + 1))
            d = 1 / bounded(1 + odd * d)
            c = bounded(1 + odd / c)
            value *= d * c
            if abs(d * c - 1) < 1e-15 { break }
        }
        return value
    }

    /// How likely a t of so many degrees of freedom is `t` or more.
    package static func studentTail(_ t: Double, degrees: Double) -> Double {
        let outer = regularizedBeta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2
        return t > 0 ? outer : 1 - outer
    }

    /// Welch's test of whether the mean of `a` is above that of `b`.
    /// - Returns: t, and the chance of such a t or more if the means are equal; p is 1 where both are
    ///   constant.
    package static func welch(_ a: [Double], above b: [Double]) -> (t: Double, p: Double) {
        let (meanA, varianceA) = moments(a)
        let (meanB, varianceB) = moments(b)
        let (errorA, errorB) = (varianceA / Double(a.count), varianceB / Double(b.count))
        guard errorA + errorB > 0 else { return (0, 1) }
        let t = (meanA - meanB) / (errorA + errorB).squareRoot()
        let degrees =
            (errorA + errorB) * (errorA + errorB)
            / (errorA * errorA / Double(a.count - 1) + errorB * errorB / Double(b.count - 1))
        return (t, studentTail(t, degrees: degrees))
    }

    /// Mean and unbiased variance of two values or more.
    package static func moments(_ values: [Double]) -> (mean: Double, variance: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (mean, squares / Double(values.count - 1))
    }

    /// The q-quantile, between the values as numpy has it.
    package static func quantile(_ q: Double, ofSorted values: [Double]) -> Double {
        let place = q * Double(values.count - 1)
        let below = Int(place)
        let above = min(below + 1, values.count - 1)
        return values[below] + (place - Double(below)) * (values[above] - values[below])
    }
}

/// What a count of hits says about their chance.
public struct ProportionInterval: Codable, Sendable, Equatable {
    public let hits: Int
    public let count: Int
    /// 0.95: the interval has the true chance in 95 of 100 samples or more.
    public let confidence: Double
    public let lower: Double
    public let upper: Double

    /// The exact interval of Clopper and Pearson.
    /// - Throws: ``ProvenanceError`` if the hits are not 0 to count, of at least one, or the
    ///   confidence not between 0 and 1.
    public init(hits: Int, of count: Int, confidence: Double = 0.95) throws(ProvenanceError) {
        guard count >= 1, (0...count).contains(hits), confidence > 0, confidence < 1 else {
            throw ProvenanceError(
                "\(hits) hits of \(count) at confidence \(confidence)",
                expected: "0 to count hits of 1 or more, a confidence between 0 and 1")
        }
        self.hits = hits
        self.count = count
        self.confidence = confidence
        let tail = (1 - confidence) / 2
        let (k, n) = (Double(hits), Double(count))
        lower =
            hits == 0 ? 0 : Self.root { ExactStatistics.regularizedBeta($0, k, n - k + 1) - tail }
        upper =
            hits == count
            ? 1 : Self.root { ExactStatistics.regularizedBeta($0, k + 1, n - k) - (1 - tail) }
    }

    public func contains(_ chance: Double) -> Bool { lower <= chance && chance <= upper }

    /// Where an increasing function is 0.
    private static func root(_ function: (Double) -> Double) -> Double {
        var (low, high) = (0.0, 1.0)
        // 60 halvings leave less than the last digit of 1.
        for _ in 0..<200 where high - low > low * 1e-15 {
            let middle = (low + high) / 2
            if function(middle) < 0 { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
