// SPDX-License-Identifier: Apache-2.0
//
// GSM8K (Cobbe et al. 2021) is not part of this package: its files are at
// https://github.com/openai/grade-school-math, under the MIT licence.

import RetortJSON

/// Word problems of grade school from a file of `{"question": …, "answer": …}`, a line each.
public struct GSM8KTask: EvaluationTask {
    public let path: String

    public init(path: String) { self.path = path }

    public var isGenerated: Bool { false }
    public var name: String { "gsm8k" }

    /// Put behind each question.
    static let instruction =
        "\nPlease reason step by step, and put your final answer within \\boxed{}."

    /// The file is one set, whatever split and seed.
    public func forEachProblem(
        _ split: Split, seed: UInt64, _ body: (Problem) -> Bool
    ) throws(EvaluationError) {
        let lines = try JSONLinesReader(path: path)
        while let line = try lines.next() {
            guard let question = line.value["question"]?.stringValue,
                let solution = line.value["answer"]?.stringValue
            else {
                throw lines.error("expected {\"question\": text, \"answer\": text}")
            }
            guard let reference = Self.reference(solution), NumberText(reference) != nil else {
                throw lines.error("the answer has no number behind '#### '")
            }
            let steps = solution.split(separator: "<<").count - 1
            let problem = Problem(
                id: "gsm8k-\(line.number)", prompt: .text(question + Self.instruction),
                answer: reference, difficulty: steps == 1 ? "1 step" : "\(steps) steps",
                grader: NumericGrader())
            guard body(problem) else { return }
        }
    }

    /// What follows the last `#### ` of a published solution.
    static func reference(_ solution: String) -> String? {
        guard let mark = solution.ranges(of: "#### ").last else { return nil }
        let rest = AnswerExtraction.trimmed(String(solution[mark.upperBound...]))
        return rest.isEmpty ? nil : rest
    }
}
