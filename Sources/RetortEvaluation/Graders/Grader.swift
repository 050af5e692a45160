// SPDX-License-Identifier: Apache-2.0
//
// All graders find the answer in one way, so that none of them can be gamed by itself: what is a
// thought does not count, several different answers are wrong, a text that was cut off is no answer.

/// Tells right answers from wrong ones.
public protocol Grader: Sendable {
    /// Where the answer stands in a text.
    var extraction: AnswerExtraction { get }

    /// The form in which answers that mean the same are the same text; nil for a text that is no
    /// answer of this kind.
    func canonical(_ answer: String) -> String?

    /// How good an answer with a canonical form is: 1 is correct, 0 is wrong.
    /// - Throws: ``EvaluationError`` if the grader itself failed, which says nothing of the answer.
    func score(_ answer: String, of problem: Problem) async throws(EvaluationError) -> Double
}

extension Grader {
    /// Grades a response.
    /// - Throws: ``EvaluationError`` if the grader itself failed.
    public func grade(_ response: ModelResponse, of problem: Problem)
        async throws(EvaluationError) -> Grade
    {
        if response.finishReason == .length { return Grade(.truncated) }
        return try await grade(answer: response.answer, of: problem)
    }

    /// Grades a text that is whole. Thoughts in it do not count.
    /// - Throws: ``EvaluationError`` if the grader itself failed.
    public func grade(answer text: String, of problem: Problem)
        async throws(EvaluationError) -> Grade
    {
        switch extraction.answers(in: text, isAnswer: { canonical($0) != nil }) {
        case .none: return Grade(.noAnswer)
        case .malformed: return Grade(.malformed)
        case .followedByText(let last): return Grade(.wrong, extracted: last)
        case .found(let answers):
            guard let last = answers.last else { return Grade(.noAnswer) }
            let forms = answers.map { canonical($0) }
            guard forms.allSatisfy({ $0 == forms.first }) else {
                return Grade(.wrong, extracted: last)
            }
            guard let form = forms.last ?? nil else { return Grade(.malformed, extracted: last) }
            let score = try await score(last, of: problem)
            return Grade(
                score >= 1 ? .correct : .wrong, score: min(max(score, 0), 1), extracted: last,
                vote: form)
        }
    }
}
