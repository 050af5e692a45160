// SPDX-License-Identifier: Apache-2.0
//
// Where the answer stands, and that nobody gets a point for writing many.

import RetortEvaluation
import RetortJSON
import Testing

@Suite struct AnswerExtractionTests {
    private static func outcome(_ text: String, strict: Bool = false) async throws -> Outcome {
        let grader = NumericGrader(extraction: .init(.lastNumber, isStrict: strict))
        return try await grade(text, by: grader, reference: "42").outcome
    }

    @Test(
        "a marked answer is found",
        arguments: [
            "\\boxed{42}", "so \\boxed {42}.", "$\\boxed{42}$", "\\boxed{\\text{42}}",
            "<answer>42</answer>", "<ANSWER> 42 </Answer>", "work\n#### 42", "#### \\boxed{42}",
            "<answer>The answer is \\boxed{42}.</answer>", "\\boxed{\\boxed{42}}",
            "#### Step 1\n6 * 7\n#### Result: see below\n\\boxed{42}", "7\n\\boxed{42}\nNot 43!",
            "\\boxed{42} and again <answer>42.0</answer>", "#### 42\r\nbye 7",
        ])
    func marked(text: String) async throws {
        #expect(try await Self.outcome(text) == .correct)
    }

    @Test(
        "the last number counts where nothing is marked",
        arguments: [
            "42", "It is 7, no, 42.", "6 * 7 = 42", "**42**", "$42", "= \\frac{84}{2}",
            "x\u{2212}1 … 42!", "6 times 7 is 42 (2nd try)".replacing("(2nd try)", with: "at last"),
        ])
    func lastNumber(text: String) async throws {
        #expect(try await Self.outcome(text) == .correct)
    }

    @Test(
        "several different marked answers are wrong",
        arguments: [
            "\\boxed{42} \\boxed{43}", "\\boxed{43} \\boxed{42}", "<answer>42</answer>\n#### 41",
            "#### 41\n#### 42", "<answer>\\boxed{41} or \\boxed{42}</answer>",
            "\\boxed{42}\\boxed{forty-two}",
        ])
    func several(text: String) async throws {
        #expect(try await Self.outcome(text) == .wrong)
    }

    @Test(
        "what is a thought does not count",
        arguments: [
            "<think>42</think>", "<think>\\boxed{42}</think> I do not know",
            "\\boxed{42}</think>", "<think>a</think><think>\\boxed{42}", "<THINK>42</THINK>",
            "[THINK]42[/THINK]", "<think><think></think>\\boxed{42}</think>",
            "<|begin_of_thought|>42<|end_of_thought|>", "",
        ])
    func thought(text: String) async throws {
        #expect(try await Self.outcome(text) == .noAnswer)
        #expect(try await Self.outcome(text + "\\boxed{42}", strict: true) != .wrong)
    }

    @Test("a right answer behind a thought with a wrong one is right, and the reverse is wrong")
    func behindThought() async throws {
        #expect(try await Self.outcome("<think>\\boxed{1}</think>\\boxed{42}") == .correct)
        #expect(try await Self.outcome("<think>\\boxed{42}</think>\\boxed{1}") == .wrong)
        #expect(try await Self.outcome("\\boxed{1}</think>\\boxed{42}<think>3") == .correct)
    }

    @Test(
        "a mark without its end or without content is malformed",
        arguments: [
            "\\boxed{42", "<answer>42", "\\boxed{}", "<answer></answer>", "<answer>  </answer>",
            "<answer>42<answer>42</answer>", "42 \\boxed{{42}", "\\boxed{42\\}",
            "\\boxed{4 or 2}", "\\boxed{forty-two}",
            String(repeating: "\\boxed{", count: 9) + "42" + String(repeating: "}", count: 9),
        ])
    func malformed(text: String) async throws {
        #expect(try await Self.outcome(text) == .malformed)
    }

    @Test("in strict mode the answer is marked and stands at the end")
    func strict() async throws {
        #expect(try await Self.outcome("so \\boxed{42}", strict: true) == .correct)
        #expect(try await Self.outcome("$\\boxed{42}$.\n", strict: true) == .correct)
        #expect(try await Self.outcome("\\boxed{42} or so", strict: true) == .wrong)
        #expect(try await Self.outcome("\\boxed{42} 42", strict: true) == .wrong)
        #expect(try await Self.outcome("42", strict: true) == .noAnswer)
    }

    @Test("an answer that was cut off is truncated whatever it says")
    func truncated() async throws {
        let grader = NumericGrader()
        let problem = Problem(
            id: "p", prompt: .text("?"), answer: "42", difficulty: "", grader: grader)
        let response = ModelResponse(answer: "\\boxed{42}", finishReason: .length)
        #expect(try await grader.grade(response, of: problem) == Grade(.truncated))
        let thought = ModelResponse(reasoning: "\\boxed{42}", answer: "", finishReason: .stop)
        #expect(try await grader.grade(thought, of: problem).outcome == .noAnswer)
    }

    @Test(
        "hostile texts take no time",
        arguments: [
            "\\boxed{", "<answer>", "</think>", "<think>", "#### 1\n", "{", "\\", "1,", "1.", "-",
            "$", "1 1/", "1e", "\u{0301}", "٣", "\r\n", "#", "1 ", "answer is ", "```\n",
        ])
    func hostile(piece: String) async throws {
        let text = String(repeating: piece, count: 200_000)
        let graders: [any Grader] = [
            NumericGrader(), ExactGrader(), ChoiceGrader(), try SchemaGrader(["type": "object"]),
            CountdownGrader(numbers: [1, 2], target: 3), try RegexGrader("(a|b)*c"),
        ]
        let clock = ContinuousClock()
        let time = try await clock.measure {
            for grader in graders {
                let grade = try await grade(text, by: grader, reference: "2")
                #expect(grade.outcome != .correct)
            }
        }
        // Far above what it takes on a loaded machine, far below what a square of it would.
        #expect(time < .seconds(60))
    }
}
