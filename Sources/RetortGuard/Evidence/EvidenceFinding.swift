// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortJSON

/// How much a model's choices follow a key, and how much they follow keys that nobody used.
public struct EvidenceFinding: Sendable {
    /// What was tested: the student, or a control.
    public let subject: String
    public let places: Int
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
        let scorer = try WatermarkScorer(key.parameters)
        let sum = Self.sum(places, scorer)
        meanScore = sum.x / Double(places.count)
        expected = scorer.expected
        pValue = scorer.pValue(sum, places: places.count)
        var random = SeededGenerator(seed: seed)
        var values: [LogProbability] = []
        for _ in 0..<wrongKeys {
            let wrong = try WatermarkScorer(key.parameters.rekeyed(&random))
            values.append(wrong.pValue(Self.sum(places, wrong), places: places.count))
        }
        values.sort()
        self.wrongKeys = values
        (distance, uniformity) = NullTest.uniformity(values.map(\.value))
    }

    private static func sum(_ places: [EvidencePlace], _ scorer: WatermarkScorer)
        -> WatermarkScorer.Score
    {
        places.reduce(into: .zero) { $0 += scorer.score(context: $1.context, token: $1.token) }
    }

    public var json: JSONValue {
        [
            "subject": .string(subject), "places": .integer(Int64(places)),
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
