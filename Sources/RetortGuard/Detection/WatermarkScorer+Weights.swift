// SPDX-License-Identifier: Apache-2.0

import RetortEngine

extension WatermarkScorer {
    /// What a weighted sum of places is by chance.
    struct WeightedNull: Sendable {
        fileprivate let first: WeightedTest
        /// Of both keys' scores, for a dual key.
        fileprivate let both: WeightedTest?
    }

    /// - Parameter weights: Of the places; no function of their words.
    func null(weights: [Double]) -> WeightedNull {
        switch parameters.scheme {
        case .gumbel:
            WeightedNull(first: WeightedTest(weights: weights, score: .gamma(1)), both: nil)
        case .gumbelDualKey:
            WeightedNull(
                first: WeightedTest(weights: weights, score: .gamma(1)),
                both: WeightedTest(weights: weights, score: .gamma(2)))
        case .greenList:
            WeightedNull(
                first: WeightedTest(weights: weights, score: .binomial(1, chance: chance)),
                both: nil)
        case .synthID:
            WeightedNull(
                first: WeightedTest(
                    weights: weights, score: .binomial(parameters.layers, chance: chance)),
                both: nil)
        }
    }

    /// How likely a weighted sum of scores is without the key; for a dual key twice the smaller of two.
    func pValue(_ sum: Score, null: WeightedNull) -> LogProbability {
        let first = null.first.pValue(sum.x)
        guard let both = null.both else { return first }
        return min(first, both.pValue(sum.x + sum.y)).corrected(tries: 2)
    }
}
