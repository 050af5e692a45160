// SPDX-License-Identifier: Apache-2.0
//
// Is a p-value one? Texts that were written without the keys are looked at with many of them: the p-values must be
// uniform, and alarms no more frequent than promised. The same text with another key is another draw, since a
// key's words are independent of each other's.

import Foundation
import RetortEngine

/// The distribution of p-values without a mark.
public struct NullTest: Sendable {
    public struct Alarms: Sendable {
        public let level: Double
        public let count: Int
        /// Of the true rate, 95 %, exact (Clopper and Pearson).
        public let interval: ClosedRange<Double>
    }

    public let tests: Int
    /// Scored tokens in all.
    public let scores: Int
    /// The largest distance from the uniform distribution (Kolmogorov and Smirnov), and how likely it is by chance.
    public let distance: Double
    public let pValue: Double
    public let alarms: [Alarms]

    /// - Parameters:
    ///   - parameters: The scheme; its secret is not used.
    ///   - documents: By token.
    ///   - keys: How many wrong keys to try on each.
    /// - Throws: ``GuardError`` if there is nothing to test.
    public init(
        _ parameters: WatermarkParameters, documents: [[Int32]], keys: Int, seed: UInt64,
        levels: [Double] = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6]
    ) throws(GuardError) {
        var values: [Double] = []
        values.reserveCapacity(documents.count * keys)
        var scores = 0
        var random = SeededGenerator(seed: seed)
        // Which places count depends on the text alone, unless the scheme does.
        let places = documents.map { Self.places($0, parameters) }
        for _ in 0..<keys {
            let own = parameters.rekeyed(&random)
            let scorer = try WatermarkScorer(own)
            for (document, places) in zip(documents, places) where !places.isEmpty {
                var sum = WatermarkScorer.Score.zero
                for place in places {
                    sum += scorer.score(
                        context: document[place - own.contextWidth..<place], token: document[place])
                }
                scores += places.count
                values.append(scorer.pValue(sum, places: places.count).value)
            }
        }
        guard !values.isEmpty else {
            throw GuardError("there is no text to test; documents need more tokens than a context")
        }
        let count = values.count
        tests = count
        self.scores = scores
        alarms = levels.map { level in
            let hits = values.count { $0 <= level }
            return Alarms(
                level: level, count: hits, interval: Self.interval(hits: hits, count: count))
        }
        (distance, pValue) = Self.uniformity(values)
    }

    /// The largest distance from the uniform distribution, and how likely it is by chance.
    static func uniformity(_ values: [Double]) -> (distance: Double, pValue: Double) {
        let count = Double(values.count)
        var distance = 0.0
        for (index, value) in values.sorted().enumerated() {
            distance = max(
                distance, Double(index + 1) / count - value, value - Double(index) / count)
        }
        return (distance, kolmogorov(distance * count.squareRoot()))
    }

    private static func places(_ tokens: [Int32], _ parameters: WatermarkParameters) -> [Int] {
        var tape = WatermarkTape()
        return WatermarkDetector.places(tokens, parameters, &tape)
    }

    /// How likely a distance is larger, times √n, for large n.
    static func kolmogorov(_ x: Double) -> Double {
        guard x > 0.2 else { return 1 }
        var sum = 0.0
        for k in 1...100 {
            let term = exp(-2 * Double(k * k) * x * x)
            sum += k % 2 == 1 ? term : -term
            if term < 1e-17 { break }
        }
        return min(1, max(0, 2 * sum))
    }

    /// Clopper and Pearson's, by bisection of the binomial tails.
    static func interval(hits: Int, count: Int) -> ClosedRange<Double> {
        func solve(_ isAbove: (Double) -> Bool) -> Double {
            var low = 0.0
            var high = 1.0
            for _ in 0..<100 {
                let middle = (low + high) / 2
                if isAbove(middle) { high = middle } else { low = middle }
            }
            return (low + high) / 2
        }
        let low =
            hits == 0
            ? 0
            : solve { ExactTest.binomial(hits: hits, count: count, chance: $0).value > 0.025 }
        let high =
            hits == count
            ? 1
            : solve {
                ExactTest.binomial(hits: hits + 1, count: count, chance: $0).value > 0.975
            }
        return low...max(low, high)
    }
}
