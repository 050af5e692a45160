// SPDX-License-Identifier: Apache-2.0

/// What became of an answer.
public enum Outcome: String, Sendable, CaseIterable {
    case correct
    case wrong
    /// There is no answer where one was to be.
    case noAnswer = "no_answer"
    /// The model was cut off, so that what stands there is no answer, whatever it says.
    case truncated
    /// There is an answer, but none of the kind that was asked for.
    case malformed
}

/// A graded answer.
public struct Grade: Sendable, Equatable {
    public var outcome: Outcome
    /// 1 for a correct answer; below, what a program gave it. A reward for reinforcement learning.
    public var score: Double
    /// The answer as it was found in the text.
    public var extracted: String?
    /// The form by which equal answers are told in a vote; nil for what has no vote.
    public var vote: String?

    public init(
        _ outcome: Outcome, score: Double = 0, extracted: String? = nil, vote: String? = nil
    ) {
        self.outcome = outcome
        self.score = outcome == .correct ? 1 : score
        self.extracted = extracted
        self.vote = vote
    }
}
