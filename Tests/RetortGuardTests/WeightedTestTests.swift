// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortGuard
import TestSupport
import Testing

@Suite("Weighted sums") struct WeightedTestTests {
    private func isClose(_ value: LogProbability, _ exact: Double, _ tolerance: Double) -> Bool {
        abs(value.logarithm - exact) < tolerance
    }

    @Test(
        "equal weights give the gamma distribution, deep into the tail",
        arguments: [0.2, 0.9, 1.0, 1.1, 1.5, 3, 8])
    func equal(factor: Double) {
        for count in [40, 1000] {
            let test = WeightedTest(
                weights: [Double](repeating: 0.25, count: count), score: .gamma(1))
            let exact = ExactTest.gamma(score: factor * Double(count), count: Double(count))
            #expect(isClose(test.pValue(0.25 * factor * Double(count)), exact.logarithm, 1e-7))
            let pairs = WeightedTest(
                weights: [Double](repeating: 0.25, count: count / 2), score: .gamma(2))
            #expect(isClose(pairs.pValue(0.25 * factor * Double(count)), exact.logarithm, 1e-7))
        }
    }

    @Test(
        "different weights of both signs give the tail that partial fractions give",
        arguments: [0.5, 2, 5, 12, 30])
    func exponentials(x: Double) {
        let weights = [1.0, 0.7, 0.45, 0.3, 0.21, 0.1, -0.15, -0.4, -0.8]
        var exact = 0.0
        for (i, w) in weights.enumerated() where w > 0 {
            let product = weights.enumerated().reduce(1.0) {
                $1.offset == i ? $0 : $0 * w / (w - $1.element)
            }
            exact += product * exp(-x / w)
        }
        let value = WeightedTest(weights: weights, score: .gamma(1)).pValue(x)
        #expect(isClose(value, log(exact), 1e-6))
    }

    @Test(
        "weighted hits give the tail that convolution gives", arguments: [1.0, 10, 2e3, 8e3, 2e4])
    func hits(above: Double) {
        var random = SeededRandom(seed: 5)
        let weights = (0..<200).map { _ in Int.random(in: -300...1000, using: &random) }
        let low = weights.reduce(0) { $0 + min(0, $1) }
        let high = weights.reduce(0) { $0 + max(0, $1) }
        var chances = [Double](repeating: 0, count: high - low + 1)
        chances[-low] = 1
        for w in weights {
            var next = chances.map { $0 * 0.75 }
            for (at, chance) in chances.enumerated() where chance > 0 {
                next[at + w] += 0.25 * chance
            }
            chances = next
        }
        let mean = Double(weights.reduce(0, +)) * 0.25
        let x = (mean + above).rounded(.down) - 0.5
        let exact = chances[(Int(x + 0.5) - low)...].reversed().reduce(0, +)
        let test = WeightedTest(
            weights: weights.map(Double.init), score: .binomial(1, chance: 0.25))
        #expect(isClose(test.pValue(x), log(exact), 1e-4))
    }

    @Test("of few hits the bound stands, which is never less than the truth")
    func few() {
        let test = WeightedTest(weights: [1, 1, 1, 2], score: .binomial(1, chance: 0.5))
        let value = test.pValue(4).value
        #expect(value >= 0.25 && value < 1)
        #expect(isClose(test.pValue(5), log(1.0 / 16), 1e-9))
        #expect(test.pValue(5.5).value == 0)
        // Below the mean a bound of the other tail says nothing.
        #expect(test.pValue(2.49).value >= 0.5)
        // Nearly a lattice: the function comes back where it seemed to have died out.
        let alike = WeightedTest(
            weights: [Double](repeating: 1, count: 80), score: .binomial(1, chance: 0.25))
        for hits in [30, 40, 50] {
            let exact = ExactTest.binomial(hits: hits, count: 80, chance: 0.25)
            let value = alike.pValue(Double(hits))
            #expect(value >= exact && value.logarithm < exact.logarithm + log(30))
        }
        let all = WeightedTest(
            weights: (1...10).map { 0.01 * Double($0 * $0) }, score: .binomial(1, chance: 0.25))
        let sum = (1...10).reversed().reduce(0.0) { $0 + 0.01 * Double($1 * $1) }
        #expect(isClose(all.pValue(sum), 10 * log(0.25), 1e-9))
        #expect(WeightedTest(weights: [], score: .gamma(1)).pValue(3).value == 1)
        #expect(WeightedTest(weights: [-1, -2], score: .gamma(1)).pValue(1).value == 0)
    }

    @Test("p-values of chance are uniform, many small weights and a few large ones")
    func uniform() {
        var random = SeededRandom(seed: 11)
        let weights = (0..<3000).map { index in
            (index % 3 == 0 ? -1.0 : 1.0) * (index < 20 ? 1 : 0.01)
                * Double.random(in: 0.1..<1, using: &random)
        }
        let test = WeightedTest(weights: weights, score: .gamma(1))
        let values = (0..<400).map { _ in
            test.pValue(
                weights.reduce(0) { $0 - $1 * log(Double.random(in: 0..<1, using: &random)) }
            ).value
        }
        // Kolmogorov and Smirnov's distance: 1.63 / 20 is exceeded once in a hundred times.
        let distance = values.sorted().enumerated().reduce(0.0) {
            max($0, abs($1.element - (Double($1.offset) + 0.5) / 400))
        }
        #expect(distance < 0.0815)
    }
}
