// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// A program decides: it reads `{"id", "prompt", "messages", "reference", "answer", "metadata"}` on
/// stdin. Exit status 0 is correct, or the score that it prints as `{"score": 0 … 1}`; 1 is wrong.
///
/// What the answer makes the program do counts against the answer: running out of time or memory,
/// crashing, and writing too much are wrong. Another exit status, or no score in what it prints, is a
/// failure of the grader.
public struct ProgramGrader: Grader {
    public var extraction: AnswerExtraction
    public var program: SandboxedProgram

    public init(_ program: SandboxedProgram, extraction: AnswerExtraction = .init(.whole)) {
        self.program = program
        self.extraction = extraction
    }

    public func canonical(_ answer: String) -> String? { AnswerExtraction.trimmed(answer) }

    public func score(_ answer: String, of problem: Problem) async throws(EvaluationError) -> Double
    {
        let messages = problem.prompt.messages.map { message -> JSONValue in
            ["role": .string(message.role), "content": .string(message.content)]
        }
        var input = JSONObject([
            ("id", .string(problem.id)), ("prompt", .string(problem.prompt.text)),
            ("messages", .array(messages)), ("reference", .string(problem.answer)),
            ("answer", .string(answer)),
        ])
        if let metadata = problem.metadata { input["metadata"] = metadata }
        let bytes = Array((JSONValue.object(input).text() + "\n").utf8)
        switch try await program.run(input: bytes) {
        case .overLimit, .signalled, .exited(1, _): return 0
        case .exited(0, let output): return try score(printed: output)
        case .exited(let status, _):
            throw EvaluationError(
                "the grading program \(program.command[0]) ended with status \(status); expected 0 for correct, 1 for wrong\(status == 126 || status == 127 ? "; it cannot be started" : "")"
            )
        }
    }

    private func score(printed output: [UInt8]) throws(EvaluationError) -> Double {
        let isEmpty = output.allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        if isEmpty { return 1 }
        guard let value = try? JSONValue(parsing: output), let score = value["score"]?.doubleValue,
            (0...1).contains(score)
        else {
            throw EvaluationError(
                "the grading program \(program.command[0]) printed no score; expected {\"score\": 0 … 1} or nothing"
            )
        }
        return score
    }
}
