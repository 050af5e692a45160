// SPDX-License-Identifier: Apache-2.0

import RetortGrammar

/// The answer must match a regular expression. No pattern takes longer than its automaton: there are
/// no references to groups and no looking around.
public struct RegexGrader: Grader {
    public var extraction: AnswerExtraction
    private let pattern: RegexPattern

    /// - Parameter searches: Whether a part of the answer may match; else all of it must.
    /// - Throws: ``EvaluationError`` if the pattern is none or too large.
    public init(
        _ pattern: String, searches: Bool = false, extraction: AnswerExtraction = .init(.whole)
    ) throws(EvaluationError) {
        self.extraction = extraction
        do throws(GrammarError) {
            self.pattern = try RegexPattern(pattern, searches: searches)
        } catch {
            throw EvaluationError("'pattern' cannot be used: \(error)")
        }
    }

    public func canonical(_ answer: String) -> String? { AnswerExtraction.trimmed(answer) }

    public func score(_ answer: String, of problem: Problem) -> Double {
        pattern.matches(AnswerExtraction.trimmed(answer)) ? 1 : 0
    }
}
