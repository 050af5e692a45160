// SPDX-License-Identifier: Apache-2.0

import RetortEvaluation
import Testing

@Suite struct NumericGraderTests {
    private static func outcome(
        _ answer: String, _ reference: String, tolerance: NumericGrader.Tolerance = .exact
    ) async throws -> Outcome {
        let grader = NumericGrader(tolerance: tolerance)
        return try await grade("\\boxed{\(answer)}", by: grader, reference: reference).outcome
    }

    @Test(
        "one number is read in all its notations",
        arguments: [
            ("1,000", "1000"), ("1000.0", "1,000"), ("$18", "18"), ("\\$18.00", "18"),
            ("18 dollars", "18"), ("18\\text{ dollars}", "18"), ("18$", "18"), ("18.0", "18"),
            ("3/4", "0.75"), ("\\frac{3}{4}", "0.75"), ("\\dfrac{3}{4}", "3/4"), ("6/8", "3/4"),
            ("1 3/4", "1.75"), ("75%", "75"), ("75\\%", "0.75"), ("75 percent", "75%"),
            ("0.75", "75%"), ("-5", "-5"), ("\u{2212}5", "-5"), ("-$5", "-5"), ("$-5", "-5"),
            ("+5", "5"), ("1e3", "1000"), ("1.5E-3", "0.0015"), ("3 million", "3000000"),
            ("1{,}000", "1000"), ("1\\,000", "1000"), (".5", "0.5"), ("007", "7"), ("x = 5", "5"),
            ("5.", "5"), ("**5**", "5"), ("5 km/h", "5"), ("5\u{A0}m²", "5"), ("0.1", "1/10"),
            ("123456789012345678901234567890", "123456789012345678901234567890"), ("-0", "0"),
        ])
    func notations(answer: String, reference: String) async throws {
        #expect(try await Self.outcome(answer, reference) == .correct, "\(answer)")
    }

    @Test(
        "a number that is another is wrong, to the last digit",
        arguments: [
            ("1000", "100"), ("0.1000000000000000000000001", "0.1"), ("3/4", "0.7500001"),
            ("123456789012345678901234567891", "123456789012345678901234567890"), ("-5", "5"),
            ("75%", "7.5"), ("75", "0.75"), ("1 3/4", "13/4"), ("1e400", "1e399"), ("5", "5%0"),
        ].dropLast())
    func wrong(answer: String, reference: String) async throws {
        #expect(try await Self.outcome(answer, reference) == .wrong, "\(answer)")
    }

    @Test(
        "what is no plain number is malformed, not a wrong guess",
        arguments: [
            "1e999", "1e-999999999999999999999", "1/0", "½", "٣", "४२", "１８", "inf", "nan", "NaN",
            "1.2.3", "1,00", "1,000,00", "3 or 4", "18, 19", "0x12", "5 = 7", "--5", "five", "1//2",
            "$", "%", "-", "18 is not it, 19", "\\frac{1}{0}", "1 000",
            String(repeating: "9", count: 5000), "1" + String(repeating: "0", count: 1000),
        ])
    func malformed(answer: String) async throws {
        #expect(try await Self.outcome(answer, "18") == .malformed, "\(answer.prefix(40))")
    }

    @Test(
        "the last number of a text is the one that a reader sees",
        arguments: [
            ("5-3", "3"), ("from 5 to -3", "-3"), ("(2)-3", "3"), ("H2O and 7 of CO2", "7"),
            ("costs $1,234.50.", "1234.5"), ("a=1, b=2", "2"), ("1, 2 and 3", "3"),
            ("5 3/4", "5.75"),
            ("about 75% of it", "75"), ("3 million people", "3000000"), ("x1 = 9", "9"),
            ("He has 18 dollars left over.", "18"), ("[4]", "4"), ("1,2", "2"), ("10:30", "30"),
        ])
    func last(text: String, reference: String) async throws {
        #expect(
            try await grade(text, by: NumericGrader(), reference: reference).outcome == .correct)
    }

    @Test("a last number that cannot be read is malformed, and no other is taken for it")
    func lastMalformed() async throws {
        for text in ["18 or 1e999", "18, version 1.2.3", "it is 18/0"] {
            let grade = try await grade(text, by: NumericGrader(), reference: "18")
            #expect(grade.outcome == .malformed, "\(text)")
        }
    }

    @Test("a tolerance is exact at its end")
    func tolerance() async throws {
        let tenth = try NumericGrader.Tolerance(absolute: 0.1)
        #expect(try await Self.outcome("1.1", "1", tolerance: tenth) == .correct)
        #expect(try await Self.outcome("1.1000000001", "1", tolerance: tenth) == .wrong)
        let relative = try NumericGrader.Tolerance(relative: 0.01)
        #expect(try await Self.outcome("-101", "-100", tolerance: relative) == .correct)
        #expect(try await Self.outcome("-101.01", "-100", tolerance: relative) == .wrong)
        #expect(throws: EvaluationError.self) { try NumericGrader.Tolerance(absolute: -1) }
        #expect(throws: EvaluationError.self) { try NumericGrader.Tolerance(relative: .nan) }
        #expect(throws: EvaluationError.self) { try NumericGrader.Tolerance(absolute: .infinity) }
    }

    @Test("a reference that is no number is the task's fault, not the answer's")
    func reference() async throws {
        await #expect(throws: EvaluationError.self) {
            try await Self.outcome("5", "five")
        }
    }

    @Test("equal numbers are one vote")
    func votes() {
        let grader = NumericGrader()
        for text in ["0.5", "1/2", "\\frac{2}{4}", ".50"] {
            #expect(grader.canonical(text) == "1/2")
        }
        #expect(grader.canonical("75%") == "75")
        #expect(grader.canonical("1e2") == "100")
    }
}
