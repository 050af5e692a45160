// SPDX-License-Identifier: Apache-2.0

import RetortEngine

/// What was found of one key in one text.
public struct WatermarkDetection: Sendable {
    public enum Verdict: String, Sendable {
        case marked
        /// Not that there is no mark: edits, translations and predictable text leave none.
        case notFound = "not_found"
        /// The text is shorter than the test can decide.
        case tooShort = "too_short"
    }

    /// A stretch of the text.
    public struct Window: Sendable {
        /// Of the text, the context of the first scored one included.
        public let tokens: Range<Int>
        public let tokensScored: Int
        /// Corrected for the number of windows.
        public let pValue: LogProbability
    }

    /// The key's identifier.
    public let key: String
    public let scheme: WatermarkScheme
    public let tokens: Int
    /// Repeated contexts and the first tokens are not.
    public let tokensScored: Int
    let sum: WatermarkScorer.Score
    /// A place's mean score without the mark.
    public let expected: Double
    /// Of the whole text, exact.
    public let pValue: LogProbability
    /// Nil for a text too short to divide.
    public let window: Window?
    public let level: LogProbability
    /// Fewer scored tokens than this decide nothing unless they are marked.
    public let tokensNeeded: Int

    public var meanScore: Double { tokensScored == 0 ? 0 : sum.x / Double(tokensScored) }

    /// Of the whole text and its best window together.
    public var combined: LogProbability {
        window.map { min($0.pValue, pValue).corrected(tries: 2) } ?? pValue
    }

    /// - Parameter keys: How many were tried on the text.
    public func verdict(keys: Int = 1) -> Verdict {
        if combined.corrected(tries: keys) <= level { return .marked }
        return tokensScored < tokensNeeded ? .tooShort : .notFound
    }
}
