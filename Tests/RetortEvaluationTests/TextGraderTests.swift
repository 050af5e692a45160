// SPDX-License-Identifier: Apache-2.0
//
// Exact texts, choices and patterns.

import RetortEvaluation
import Testing

@Suite struct TextGraderTests {
    @Test("an exact text is compared as its grader says")
    func exact() async throws {
        let plain = ExactGrader()
        #expect(try await grade(" Paris\n", by: plain, reference: "Paris").outcome == .correct)
        #expect(try await grade("paris", by: plain, reference: "Paris").outcome == .wrong)
        #expect(try await grade("New  York", by: plain, reference: "New York").outcome == .wrong)
        let loose = ExactGrader(ignoresCase: true, ignoresSpace: true)
        let grade = try await grade("NEW \n york", by: loose, reference: "New York")
        #expect(grade == Grade(.correct, extracted: "NEW \n york", vote: "new york"))
    }

    @Test(
        "the letter of a choice is found",
        arguments: [
            "\\boxed{B}", "\\boxed{\\text{B}}", "\\boxed{(B)}", "<answer>b</answer>", "B", "(B)",
            "B.", "The answer is B.", "the answer is (B), not A", "Answer: B", "**Answer:** B",
            "A? No. The correct answer is option B.", "Answer: **B**", "B) the second",
            "Answer: A … wait. Answer: B", "#### B",
        ])
    func choice(text: String) async throws {
        #expect(try await grade(text, by: ChoiceGrader(), reference: "B").outcome == .correct)
    }

    @Test(
        "what names no choice gets no point",
        arguments: [
            ("The answer is a matter of taste", Outcome.noAnswer), ("Both are right", .noAnswer),
            ("B or C", .noAnswer), ("\\boxed{B or C}", .malformed),
            ("\\boxed{A}\\boxed{B}", .wrong),
            ("\\boxed{K}", .malformed), ("A", .wrong), ("\\boxed{Bad}", .malformed),
            ("", .noAnswer),
        ])
    func noChoice(text: String, expected: Outcome) async throws {
        #expect(try await grade(text, by: ChoiceGrader(), reference: "B").outcome == expected)
    }

    @Test("a reference that is no choice is an error")
    func badReference() async throws {
        await #expect(throws: EvaluationError.self) {
            try await grade("A", by: ChoiceGrader(choices: ["A", "B"]), reference: "C")
        }
    }

    @Test("a pattern matches the whole answer unless it searches")
    func regex() async throws {
        let whole = try RegexGrader("[a-z]+\\d{2}")
        #expect(try await grade("abc12", by: whole).outcome == .correct)
        #expect(try await grade("abc123", by: whole).outcome == .wrong)
        #expect(try await grade("\\boxed{abc12} is it", by: whole).outcome == .correct)
        let part = try RegexGrader("\\d{2}", searches: true)
        #expect(try await grade("abc12def", by: part).outcome == .correct)
        #expect(try await grade("abc1def", by: part).outcome == .wrong)
    }

    @Test("patterns that are exponential elsewhere are not here")
    func hostilePatterns() async throws {
        let text = String(repeating: "a", count: 100_000) + "!"
        for pattern in ["(a+)+", "(a|a)*", "(a*)*b", "(.*a){10}", "^(a+)+$"] {
            let grader = try RegexGrader(pattern, searches: false)
            #expect(try await grade(text, by: grader).outcome == .wrong)
        }
    }

    @Test(
        "a pattern that cannot be used is an error that says so",
        arguments: ["(", "(?=a)", "(a)\\1", "[z-a]", "(a|b)*a(a|b){20}", "a{100000}"])
    func badPattern(pattern: String) {
        let text = evaluationFailure { _ = try RegexGrader(pattern) }
        #expect(text.contains("'pattern' cannot be used"))
    }
}
