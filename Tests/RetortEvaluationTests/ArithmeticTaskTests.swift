// SPDX-License-Identifier: Apache-2.0

import RetortEvaluation
import RetortJSON
import Testing

@Suite struct ArithmeticTaskTests {
    private static func operands(_ problem: Problem) -> [UInt64] {
        problem.id.split { "*+".contains($0) }.compactMap { UInt64($0) }
    }

    @Test("hashes and held-out problems are those of another implementation")
    func hashes() throws {
        for item in try evaluationFixture("hashes").arrayValue ?? [] {
            let text = try #require(item["text"]?.stringValue)
            #expect(String(StableHash.hash(text)) == item["hash"]?.stringValue)
            #expect(StableHash.isHeldOut(text, percent: 10) == item["held_out"]?.boolValue)
        }
        let isHeldOut = StableHash.isHeldOut("multiplication 417 862", percent: 10)
        #expect(ArithmeticTask.isHeldOut(.multiplication, 862, 417) == isHeldOut)
        #expect(ArithmeticTask.isHeldOut(.multiplication, 417, 862) == isHeldOut)
    }

    @Test(
        "a set repeats, has no problem twice, and keeps to its split",
        arguments: Split.allCases, ArithmeticTask.Operation.allCases)
    func sets(split: Split, operation: ArithmeticTask.Operation) throws {
        let task = try ArithmeticTask(operation, digits: (3, 2))
        let problems = try task.problems(split, seed: 5, limit: 2000)
        #expect(problems.count == 2000)
        #expect(Set(problems.map(\.id)).count == 2000)
        let again = try task.problems(split, seed: 5, limit: 2000)
        #expect(problems.map(\.id) == again.map(\.id))
        #expect(try task.problems(split, seed: 6, limit: 2000).map(\.id) != again.map(\.id))
        // The beginning of a larger set is the smaller one.
        #expect(
            try task.problems(split, seed: 5, limit: 10).map(\.id) == again.prefix(10).map(\.id))
        for problem in problems {
            let numbers = Self.operands(problem)
            #expect((100...999).contains(numbers[0]) && (10...99).contains(numbers[1]))
            #expect(
                ArithmeticTask.isHeldOut(operation, numbers[0], numbers[1]) == (split == .heldOut))
            let result =
                operation == .multiplication ? numbers[0] * numbers[1] : numbers[0] + numbers[1]
            #expect(problem.answer == "\(result)")
        }
    }

    @Test("the two splits are the whole space, a tenth of it held out")
    func space() throws {
        for (digits, count) in [((1, 1), 100), ((2, 1), 900), ((2, 2), 8100)] {
            let task = try ArithmeticTask(.multiplication, digits: digits)
            let train = try task.problems(.train, limit: nil).map(\.id)
            let heldOut = try task.problems(.heldOut, limit: nil).map(\.id)
            #expect(train.count + heldOut.count == count)
            #expect(Set(train + heldOut).count == count)
            if count > 1000 {
                #expect((0.07...0.13).contains(Double(heldOut.count) / Double(count)))
            }
        }
    }

    @Test("the prompt is a question")
    func prompt() throws {
        let problem = try #require(
            try ArithmeticTask(.multiplication, digits: (3, 3)).problems(limit: 1).first)
        let numbers = Self.operands(problem)
        #expect(problem.prompt == .text("What is \(numbers[0]) * \(numbers[1])?"))
        #expect(problem.difficulty == "3x3")
    }

    @Test("operands are spread over all first digits")
    func spread() throws {
        let problems = try ArithmeticTask(.addition, digits: (18, 18)).problems(limit: 2000)
        for place in 0..<2 {
            let first = problems.map { String(Self.operands($0)[place]).prefix(1) }
            let counts = Dictionary(grouping: first) { $0 }.mapValues(\.count)
            #expect(counts.count == 9)
            #expect(counts.values.allSatisfy { (140...310).contains($0) }, "\(counts)")
        }
    }

    @Test("products of 18 by 18 digits are exact")
    func large() throws {
        let task = try ArithmeticTask(.multiplication, digits: (18, 18))
        for problem in try task.problems(limit: 100) {
            let numbers = Self.operands(problem)
            #expect(numbers.allSatisfy { String($0).utf8.count == 18 })
            let product = numbers[0].multipliedFullWidth(by: numbers[1])
            #expect(problem.answer == "\(UInt128(product.high) << 64 | UInt128(product.low))")
        }
    }

    @Test("answers to large problems are graded to the last digit")
    func largeAnswers() async throws {
        for item in try evaluationFixture("products").arrayValue ?? [] {
            for key in ["product", "sum"] {
                let result = try #require(item[key]?.stringValue)
                let right = try await grade(result, by: NumericGrader(), reference: result)
                #expect(right.outcome == .correct)
                let last = result.last == "0" ? "1" : "0"
                let wrong = try await grade(
                    result.dropLast() + last, by: NumericGrader(), reference: result)
                #expect(wrong.outcome == .wrong)
            }
            let (a, b) = (item["a"]?.stringValue ?? "", item["b"]?.stringValue ?? "")
            let x = try #require(UInt128(a))
            #expect("\(x * (UInt128(b) ?? 0))" == item["product"]?.stringValue)
        }
    }

    @Test("a set that does not fit into memory is an error")
    func tooMany() throws {
        let task = try ArithmeticTask(.multiplication, digits: (18, 18))
        #expect(evaluationFailure { _ = try task.problems(limit: nil) }.contains("give a limit"))
    }

    @Test("counts of digits out of their range are errors", arguments: [0, -1, 19, 1000])
    func badDigits(digits: Int) {
        let text = evaluationFailure {
            _ = try ArithmeticTask(.addition, digits: (digits, 3))
        }
        #expect(text.contains("expected 1 to 18"))
    }
}
