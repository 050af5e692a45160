// SPDX-License-Identifier: Apache-2.0

/// The answer must be the reference text.
public struct ExactGrader: Grader {
    public var extraction: AnswerExtraction
    public var ignoresCase: Bool
    /// White space at the ends never counts; within, runs of it are one space then.
    public var ignoresSpace: Bool

    public init(
        extraction: AnswerExtraction = .init(.whole), ignoresCase: Bool = false,
        ignoresSpace: Bool = false
    ) {
        self.extraction = extraction
        self.ignoresCase = ignoresCase
        self.ignoresSpace = ignoresSpace
    }

    public func canonical(_ answer: String) -> String? {
        var text = AnswerExtraction.trimmed(answer)
        if ignoresSpace {
            text = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        return ignoresCase ? text.lowercased() : text
    }

    public func score(_ answer: String, of problem: Problem) -> Double {
        canonical(answer) == canonical(problem.answer) ? 1 : 0
    }
}
