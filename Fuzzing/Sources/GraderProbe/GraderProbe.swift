// SPDX-License-Identifier: Apache-2.0
//
// Grades the published solutions of GSM8K against their own answers, and against others:
//
//     swift run --package-path Fuzzing -c release GraderProbe train.jsonl test.jsonl
//
// Every solution must be correct, and with another number in the place of its answer it must be wrong.

import Foundation
import RetortEvaluation
import RetortJSON

var solutions = 0
var failures = 0

for path in CommandLine.arguments.dropFirst() {
    let problems = try GSM8KTask(path: path).problems(limit: nil)
    let lines = try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: 0x0A)
    for problem in problems {
        let line = Int(problem.id.dropFirst("gsm8k-".count)) ?? 0
        let solution = try JSONValue(parsing: lines[line - 1])["answer"]?.stringValue ?? ""
        let text = solution.components(separatedBy: "#### ").dropLast().joined(separator: "#### ")
        let right = [
            "\(text)#### \(problem.answer)", "\(text)So it is \\boxed{\(problem.answer)}.",
        ]
        let wrong = [
            "\(text)#### \(problem.answer)1", "\(text)#### \(problem.answer).5",
            "\(text)#### 1\(problem.answer.drop { $0 == "-" })", "\(text)#### -7.25",
            "\(solution)\n#### 12345.75", text + "\\boxed{\(problem.answer)}\\boxed{12345.75}",
        ]
        solutions += 1
        for (answers, expected) in [([solution] + right, Outcome.correct), (wrong, .wrong)] {
            for answer in answers {
                let grade = try await problem.grader.grade(answer: answer, of: problem)
                guard grade.outcome != expected else { continue }
                failures += 1
                print("\(path):\(line): \(grade.outcome), not \(expected): \(answer.suffix(60))")
            }
        }
    }
}
print("\(solutions) solutions, \(failures) graded otherwise than they should be")
exit(failures == 0 && solutions > 0 ? 0 : 1)
