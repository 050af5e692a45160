// SPDX-License-Identifier: Apache-2.0
//
// Dataset inference (Maini et al. 2024, arXiv:2406.06443): whether a set of texts was trained on is
// decided for the set, against texts that were drawn alike and certainly not trained on. One half
// of both teaches a linear model which of its numbers tell them apart, the other half is tested.

/// Tests whether a model was trained on a set of texts. There is no answer for a single text: tests
/// that claim one are near chance on texts that are drawn alike.
public struct DatasetInference: Codable, Sendable, Equatable {
    /// The share of each feature's values at either end that is cut off.
    public var clipped = 0.025
    /// Of the linear model.
    public var penalty = 0.01
    /// Random halves. Of their p-values, which depend on each other, the k-th of K times K / k is a
    /// p-value again (Rüger 1978); k is the middle.
    public var splits = 11
    /// Texts of each set below which there is no test.
    public var leastTexts = 200
    public var seed: UInt64 = 1

    /// What is refused whatever `leastTexts` is.
    private static let fewestTexts = 40

    public init() {}

    /// - Parameters:
    ///   - suspect: Texts that may have been trained on.
    ///   - heldOut: Texts of the same source, drawn in the same way, that were not: unpublished
    ///     drafts, or pages held back by a coin toss. Later texts of the same author will not do.
    /// - Throws: ``ProvenanceError`` for fewer texts than the test needs.
    public func run(suspect: [TextScore], heldOut: [TextScore]) throws(ProvenanceError)
        -> DatasetInferenceReport
    {
        let needed = max(leastTexts, Self.fewestTexts)
        guard suspect.count >= needed, heldOut.count >= needed else {
            throw ProvenanceError(
                "\(suspect.count) suspect and \(heldOut.count) held-out texts",
                expected: "\(needed) or more of each",
                advice: "without held-out texts that are drawn alike nothing can be inferred")
        }
        guard clipped >= 0, clipped < 0.5, penalty > 0, splits >= 1 else {
            throw ProvenanceError(
                "\(clipped) clipped, penalty \(penalty), \(splits) splits",
                expected: "0 to 0.5 clipped, a penalty above 0, 1 split or more")
        }
        let features = (suspect.map(\.features), heldOut.map(\.features))
        var random = SplitMix(seed: seed)
        // The held-out texts against themselves: the same test where nothing can be found.
        let halves = heldOut.indices.shuffled(using: &random)
        let half = halves.count / 2
        return DatasetInferenceReport(
            settings: self, suspectTexts: suspect.count, heldOutTexts: heldOut.count,
            pValue: test(features.0, features.1),
            controlPValue: test(
                halves[..<half].map { features.1[$0] }, halves[half...].map { features.1[$0] }),
            // The linear model learns the direction, so that one side is enough.
            blindPValue: test(suspect.map(\.traits.features), heldOut.map(\.traits.features)))
    }

    /// Whether the first rows can be told from the second, and lie on the side that was learnt.
    package func test(_ first: [[Double]], _ second: [[Double]]) -> Double {
        var random = SplitMix(seed: seed)
        let values = (0..<splits).map { _ in split(first, second, &random) }.sorted()
        let rank = splits / 2 + 1
        return min(1, values[rank - 1] * Double(splits) / Double(rank))
    }

    private func split(_ first: [[Double]], _ second: [[Double]], _ random: inout SplitMix)
        -> Double
    {
        let (a, b) = (first.shuffled(using: &random), second.shuffled(using: &random))
        let (halfA, halfB) = (a.count / 2, b.count / 2)
        let model = RidgeRegression(
            rows: Array(a[..<halfA]) + Array(b[..<halfB]),
            labels: Array(repeating: 1, count: halfA) + Array(repeating: 0, count: halfB),
            clipped: clipped, penalty: penalty)
        return ExactStatistics.welch(
            a[halfA...].map { model.predict($0) }, above: b[halfB...].map { model.predict($0) }
        ).p
    }
}

/// What dataset inference found.
public struct DatasetInferenceReport: Codable, Sendable, Equatable {
    /// What the numbers allow to be said of the set.
    public enum Finding: String, Codable, Sendable {
        /// The model knows the suspect texts better than texts that are drawn alike.
        case trainedOn
        /// It does not, as far as these texts show; which does not show that it was not trained on
        /// them.
        case notShown
        /// The sets differ without any model, or the held-out texts from themselves: no finding.
        case notDrawnAlike
    }

    public var settings: DatasetInference
    public var suspectTexts: Int
    public var heldOutTexts: Int
    /// Were the suspect texts held out too, as small a value has at most this chance.
    public var pValue: Double
    /// The same of two halves of the held-out texts; a small one says that the test is off.
    public var controlPValue: Double
    /// The same from what can be said of the texts without a model; a small one says that they are
    /// not drawn alike.
    public var blindPValue: Double

    /// The level that Maini et al. take: no false finding in their trials at 0.1; here it is 0.01.
    public static let level = 0.01
    /// Below this there is no finding: an honest pair of sets fails each of both checks at most once
    /// in 20.
    public static let controlLevel = 0.05

    public var finding: Finding {
        if controlPValue < Self.controlLevel || blindPValue < Self.controlLevel {
            return .notDrawnAlike
        }
        return pValue < Self.level ? .trainedOn : .notShown
    }
}
