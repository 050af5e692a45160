// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortJSON

/// How much a model's choices follow a key, and how much they follow keys that nobody used.
public struct EvidenceFinding: Sendable {
    /// What was tested: the student, or a control.
    public let subject: String
    public let places: Int
    /// Whether the places count by how much the student differs from a base.
    public let isWeighted: Bool
    /// By weight, if the places have weights.
    public let meanScore: Double
    public let expected: Double
    public let pValue: LogProbability
    /// The p-values of wrong keys, in their order: controls that must be uniform.
    public let wrongKeys: [LogProbability]
    /// The largest distance of those from the uniform distribution, and how likely it is by chance.
    public let distance: Double
    public let uniformity: Double

    /// - Parameters:
    ///   - subject: Its name.
    ///   - places: Each (context, token) pair once.
    ///   - wrongKeys: How many to try.
    /// - Throws: ``GuardError`` if there are no places.
    public init(
        _ subject: String, _ places: [EvidencePlace], key: WatermarkKey, wrongKeys: Int = 100,
        seed: UInt64 = 1
    ) throws(GuardError) {
        guard !places.isEmpty else {
            throw GuardError(
                "\(subject): no text has more than a context of \(key.parameters.contextWidth) tokens in its answer"
            )
        }
        self.subject = subject
        self.places = places.count
        isWeighted = places.contains { $0.weight != nil }
        let scorer = try WatermarkScorer(key.parameters)
        let test = PlaceTest(places, scorer)
        expected = scorer.expected
        (meanScore, pValue) = test.result(scorer)
        var random = SeededGenerator(seed: seed)
        var values: [LogProbability] = []
        for _ in 0..<wrongKeys {
            let wrong = try WatermarkScorer(key.parameters.rekeyed(&random))
            values.append(test.result(wrong).pValue)
        }
        values.sort()
        self.wrongKeys = values
        (distance, uniformity) = NullTest.uniformity(values.map(\.value))
    }

    public var json: JSONValue {
        [
            "subject": .string(subject), "places": .integer(Int64(places)),
            "weighted": .bool(isWeighted),
            "mean_score": .double(meanScore), "expected_score": .double(expected),
            "p_value": .double(pValue.value), "log10_p_value": .double(pValue.base10),
            "wrong_keys": [
                "count": .integer(Int64(wrongKeys.count)),
                "least_p_value": wrongKeys.first.map { .double($0.value) } ?? .null,
                "ks_distance": .double(distance), "ks_p_value": .double(uniformity),
            ],
        ]
    }
}

/// Places, ready to be scored by one key after another of the same scheme.
private struct PlaceTest {
    private let places: [EvidencePlace]
    /// Nil if all count alike: then the sum is gamma or binomial itself.
    private let weighted: WatermarkScorer.WeightedNull?
    private let total: Double

    init(_ places: [EvidencePlace], _ scorer: WatermarkScorer) {
        self.places = places
        let weights = places.compactMap(\.weight)
        weighted = weights.isEmpty ? nil : scorer.null(weights: places.map { $0.weight ?? 1 })
        total = places.reduce(0) { $0 + abs($1.weight ?? 1) }
    }

    func result(_ scorer: WatermarkScorer) -> (mean: Double, pValue: LogProbability) {
        var sum = WatermarkScorer.Score.zero
        var excess = 0.0
        for place in places {
            let weight = place.weight ?? 1
            let score = scorer.score(context: place.context, token: place.token)
            sum += weight * score
            excess += weight * (score.x - scorer.expected)
        }
        return (
            scorer.expected + excess / total,
            weighted.map { scorer.pValue(sum, null: $0) }
                ?? scorer.pValue(sum, places: places.count)
        )
    }
}
