// SPDX-License-Identifier: Apache-2.0

import RetortEvaluation
import RetortJSON
import Testing

@Suite struct CountdownTests {
    private static func outcome(
        _ answer: String, _ numbers: [Int] = [3, 7, 12], _ target: Int = 33
    )
        async throws -> Outcome
    {
        try await grade(answer, by: CountdownGrader(numbers: numbers, target: target)).outcome
    }

    @Test(
        "an expression with each number once that equals the target is correct",
        arguments: [
            "3 * 7 + 12", "12+3*7", "<answer>(3*7)+12</answer>", "((12))+(7*3)", "3 × 7 + 12",
            "\\boxed{3 \\times 7 + 12}", "3 * 7 + 12 = 33", "<think>1+1</think>12 + 7 * 3",
        ])
    func correct(answer: String) async throws {
        #expect(try await Self.outcome(answer) == .correct)
    }

    @Test("fractions on the way are exact")
    func fractions() async throws {
        #expect(try await Self.outcome("8 / (3 - 8 / 3)", [3, 3, 8, 8], 24) == .correct)
        #expect(try await Self.outcome("(1 - 1 / 5) * 5", [1, 1, 5, 5], 4) == .correct)
        #expect(try await Self.outcome("7 / 3 * 3", [7, 3, 3], 7) == .correct)
        #expect(try await Self.outcome("7 / 2", [7, 2], 3) == .wrong)
    }

    @Test(
        "a right value by wrong means is wrong",
        arguments: [
            "33", "30 + 3", "3 * 7 + 12 + 0", "3 * 7 + 7 + 5", "37 - 4", "3 * 7 + 12 - 3 + 3",
            "3 * 7 * 12", "12 / (7 - 7) + 3", "3 * 7 + 12 = 34", "99999 * 3", "3 - 7 - 12",
        ])
    func wrong(answer: String) async throws {
        #expect(try await Self.outcome(answer) == .wrong)
    }

    @Test(
        "what is no expression is malformed",
        arguments: [
            "3 * 7 + 12 is it", "3 * 7 +", "(3 * 7 + 12", "3 * 7 + 12)", "-3 + 7", "+3", "3 7 12",
            "3(7) + 12", "3 ** 7", "3.0 * 7 + 12", "03 * 7 + 12", "1e999", "٣ * 7 + 12", "3 ^ 7",
            "3 * 7 + 12 = 33 = 33", "= 33", "3 % 7", "()", "3 * 7 + 12; import os",
            "3 * 7 + 999999999999999999999999", "<answer>3 * 7 + 12", "3 * 7 // 12",
            "3 * 7 + 12 = x",
            String(repeating: "(", count: 400) + "3" + String(repeating: ")", count: 400),
            String(repeating: "(", count: 100_000), String(repeating: "3+", count: 100_000) + "3",
        ])
    func malformed(answer: String) async throws {
        #expect(try await Self.outcome(answer) == .malformed, "\(answer.prefix(40))")
    }

    @Test("several different expressions are wrong, the same in other spacing is not")
    func several() async throws {
        #expect(try await Self.outcome("<answer>3*7+12</answer><answer>3+7</answer>") == .wrong)
        #expect(
            try await Self.outcome("<answer>3*7+12</answer><answer>3 * 7 + 12</answer>") == .correct
        )
        #expect(try await Self.outcome("") == .noAnswer)
    }

    @Test("counts, ceilings and reachable targets are those of a search in Python")
    func reference() throws {
        for item in try evaluationFixture("countdown").arrayValue ?? [] {
            let numbers = (item["numbers"]?.arrayValue ?? []).compactMap(\.intValue)
            let target = try #require(item["target"]?.intValue)
            let (hits, all) = try CountdownSolver.count(numbers, target: target)
            #expect(hits == item["hits"]?.intValue && all == item["all"]?.intValue, "\(numbers)")
            let tries = (item["tries"]?.arrayValue ?? []).compactMap(\.intValue)
            for (index, tries) in tries.enumerated() {
                for (key, replaces) in [("with", true), ("without", false)] {
                    let expected = try #require(item[key]?.arrayValue?[index].doubleValue)
                    let value = CountdownSolver.ceiling(
                        hits: hits, of: all, tries: tries, withReplacement: replaces)
                    #expect(abs(value - expected) < 1e-9, "\(numbers) \(tries) \(key)")
                }
            }
            let reachable = CountdownSolver.reachable(numbers, limit: 200)
            let expected = (item["reachable"]?.arrayValue ?? []).compactMap(\.intValue)
            #expect(reachable.sorted() == expected, "\(numbers)")
        }
    }

    @Test(
        "every expression of the search is graded as its value says",
        arguments: [[4, 4, 6], [1, 2, 3, 4]])
    func enumeration(numbers: [Int]) async throws {
        var found: [(text: String, isHit: Bool)] = []
        try CountdownSolver.forEachExpression(numbers) { text, value in
            found.append((text, value.map { $0 == (24, 1) } ?? false))
        }
        let (hits, all) = try CountdownSolver.count(numbers, target: 24)
        #expect(found.count == all && found.count(where: \.isHit) == hits)
        for (text, isHit) in found {
            #expect(
                try await Self.outcome(text, numbers, 24) == (isHit ? .correct : .wrong), "\(text)")
        }
    }

    @Test(
        "problems can be solved, repeat, and keep to their split", arguments: Split.allCases,
        [2, 3, 4])
    func problems(split: Split, count: Int) async throws {
        let task = try CountdownTask(numbers: count)
        let problems = try task.problems(split, seed: 1, limit: 200)
        #expect(
            problems.map(\.prompt) == (try task.problems(split, seed: 1, limit: 200).map(\.prompt)))
        // Of two numbers there are fewer.
        #expect(problems.count == (count == 2 && split == .heldOut ? 84 : 200))
        for problem in problems {
            let grader = try #require(problem.grader as? CountdownGrader)
            #expect(grader.numbers.count == count && grader.numbers.allSatisfy { 1...20 ~= $0 })
            #expect(1...99 ~= grader.target && problem.answer == "\(grader.target)")
            #expect(CountdownTask.isHeldOut(grader.numbers) == (split == .heldOut))
            #expect(CountdownTask.isHeldOut(grader.numbers.reversed()) == (split == .heldOut))
            let (hits, _) = try CountdownSolver.count(grader.numbers, target: grader.target)
            #expect(hits > 0)
            #expect(
                problem.prompt.text.contains(
                    grader.numbers.map(String.init).joined(separator: ", ")))
        }
    }

    @Test("all sets of numbers come, 15 in a hundred of them held out")
    func space() throws {
        let task = try CountdownTask(numbers: 3, largest: 20)
        var sets: [Split: Set<[Int]>] = [:]
        for split in Split.allCases {
            for problem in try task.problems(split, limit: nil) {
                let grader = try #require(problem.grader as? CountdownGrader)
                sets[split, default: []].insert(grader.numbers.sorted())
            }
        }
        let (train, heldOut) = (sets[.train]?.count ?? 0, sets[.heldOut]?.count ?? 0)
        // C(22, 3) sets, each of which reaches some target.
        #expect(train + heldOut == 1540)
        #expect((0.12...0.18).contains(Double(heldOut) / 1540))
    }

    @Test("numbers out of their range are errors")
    func badNumbers() {
        #expect(evaluationFailure { _ = try CountdownTask(numbers: 7) }.contains("2 to 6"))
        evaluationFailure { _ = try CountdownTask(numbers: 1) }
        evaluationFailure { _ = try CountdownTask(largest: 0) }
        evaluationFailure { _ = try CountdownSolver.count([0], target: 1) }
        evaluationFailure { _ = try CountdownSolver.count([], target: 1) }
        evaluationFailure { try CountdownSolver.forEachExpression([1, 2, 3, 4, 5]) { _, _ in } }
    }
}
