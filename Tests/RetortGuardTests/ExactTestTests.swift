// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortGuard
import Testing

@Suite("Exact tests") struct ExactTestTests {
    private func logFactorial(_ n: Int) -> Double { lgamma(Double(n) + 1) }

    /// log Σ exp.
    private func logSum(_ terms: [Double]) -> Double {
        let most = terms.max() ?? -.infinity
        return most + log(terms.reduce(0) { $0 + exp($1 - most) })
    }

    @Test(
        "the gamma tail of whole counts is a sum of Poisson's terms",
        arguments: [1, 2, 5, 20, 100, 300], [0.01, 0.5, 1, 1.2, 2, 5, 40] as [Double])
    func gamma(count: Int, perToken: Double) {
        let score = Double(count) * perToken
        let terms: [Double] = (0..<count).map { k in
            Double(k) * log(score) - score - logFactorial(k)
        }
        let expected = logSum(terms)
        let found = ExactTest.gamma(score: score, count: Double(count)).logarithm
        #expect(abs(found - min(0, expected)) <= 1e-10 * max(1, abs(expected)))
    }

    @Test(
        "the gamma tail of one half is the complementary error function",
        arguments: [0.1, 1, 3, 20] as [Double])
    func half(score: Double) {
        let found = ExactTest.gamma(score: score, count: 0.5).value
        #expect(abs(found / erfc(score.squareRoot()) - 1) < 1e-12)
    }

    @Test(
        "the binomial tail is the sum of its terms",
        arguments: [1, 3, 10, 100, 400], [0.02, 0.25, 0.5, 0.9] as [Double])
    func binomial(count: Int, chance: Double) {
        for hits in Set([1, count / 4, count / 2, count * 3 / 4, count]) where hits > 0 {
            let terms: [Double] = (hits...count).map { k in
                let ways = logFactorial(count) - logFactorial(k) - logFactorial(count - k)
                return ways + Double(k) * log(chance) + Double(count - k) * log1p(-chance)
            }
            let expected = logSum(terms)
            let found = ExactTest.binomial(hits: hits, count: count, chance: chance).logarithm
            // Near 1 the logarithm's own digits are few.
            #expect(abs(found - min(0, expected)) <= 1e-9 * max(1, abs(expected)))
        }
    }

    @Test("tails far below the least Double have a logarithm, and edges are what they must be")
    func edges() {
        #expect(ExactTest.gamma(score: 20_000, count: 1000).base10 < -6000)
        #expect(ExactTest.gamma(score: 20_000, count: 1000).value == 0)
        #expect(ExactTest.gamma(score: 0, count: 3).value == 1)
        #expect(ExactTest.gamma(score: .infinity, count: 3).logarithm == -.infinity)
        #expect(ExactTest.binomial(hits: 0, count: 10, chance: 0.5).value == 1)
        #expect(ExactTest.binomial(hits: 11, count: 10, chance: 0.5).logarithm == -.infinity)
        #expect(ExactTest.binomial(hits: 3, count: 10, chance: 1).value == 1)
        #expect(abs(LogProbability(0.01).corrected(tries: 5).value - 0.05) < 1e-12)
        #expect(LogProbability(0.5).corrected(tries: 5).value == 1)
    }
}
