// SPDX-License-Identifier: Apache-2.0

/// What a grader says of an answer.
public struct Verdict: Sendable, Equatable {
    public enum Outcome: String, Sendable {
        case correct
        case wrong
        /// The grader cannot tell: no reference, or an answer that it cannot read.
        case unverifiable
    }

    public var outcome: Outcome
    /// The grader's name, for the dataset.
    public var grader: String
    /// 0 to 1, of graders that give more than yes or no.
    public var score: Double?
    /// A few words on why.
    public var detail: String?

    public init(
        _ outcome: Outcome, grader: String, score: Double? = nil, detail: String? = nil
    ) {
        self.outcome = outcome
        self.grader = grader
        self.score = score
        self.detail = detail
    }
}

/// Judges an answer to a problem. Called from several tasks at once, in no certain order.
public typealias Verifier =
    @Sendable (
        _ problem: PromptRecord, _ reasoning: String, _ answer: String, _ finishReason: String?
    ) async -> Verdict
