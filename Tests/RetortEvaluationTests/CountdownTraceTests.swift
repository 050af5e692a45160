// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEvaluation
import RetortJSON
import RetortTensor
import Testing

@Suite("Traces of Countdown") struct CountdownTraceTests {
    @Test("ways are all there is, and their expressions mean what their steps do")
    func ways() async throws {
        for numbers in [[3, 4, 5], [7, 7, 2], [1, 2, 3, 4], [20, 19]] {
            let ways = try CountdownSearch.ways(numbers)
            #expect(Set(ways.map { "\($0.steps) \($0.expression)" }).count == ways.count)
            let values = Set(ways.map(\.value))
            let reachable = CountdownSolver.reachable(numbers, limit: 200)
            #expect(values == reachable)
            for way in ways {
                let grader = CountdownGrader(numbers: numbers, target: way.value)
                let problem = Problem(
                    id: "", prompt: .text(""), answer: "", difficulty: "", grader: grader)
                let grade = try await grader.grade(answer: way.expression, of: problem)
                #expect(grade.outcome == .correct, "\(way)")
                #expect(way.steps.hasSuffix("=\(way.value)"))
                #expect(way.steps.split(separator: ",").count == numbers.count - 1)
            }
        }
    }

    @Test("the chance of a try is what trying finds") func chances() throws {
        let once = CountdownSearch.chance(hits: 3, ways: 30, tries: 1, forgets: false)
        #expect(abs(once - 0.1) < 1e-12)
        #expect(CountdownSearch.chance(hits: 1, ways: 4, tries: 4, forgets: false) == 1)
        #expect(CountdownSearch.chance(hits: 1, ways: 4, tries: 9, forgets: false) == 1)
        #expect(CountdownSearch.chance(hits: 0, ways: 4, tries: 9, forgets: true) == 0)
        let twice = CountdownSearch.chance(hits: 1, ways: 4, tries: 2, forgets: true)
        #expect(abs(twice - (1 - 0.75 * 0.75)) < 1e-12)
        let apart = CountdownSearch.chance(hits: 1, ways: 4, tries: 2, forgets: false)
        #expect(abs(apart - 0.5) < 1e-12)
        var random = SplitMix64(seed: 5)
        let numbers = [6, 7, 9]
        let ways = try CountdownSearch.ways(numbers)
        let target = ways[3].value
        let hits = ways.count { $0.value == target }
        let traces = try (0..<4000).map { _ in
            try CountdownTrace(numbers, target: target, patience: 1e12, &random)
        }
        #expect(traces.allSatisfy { $0.isSolved })
        for tries in [1, 3, 8] {
            let found = Double(traces.count { $0.tries <= tries }) / 4000
            let expected = CountdownSearch.chance(
                hits: hits, ways: ways.count, tries: tries, forgets: false)
            #expect(abs(found - expected) < 0.03)
        }
    }

    @Test("patience ends a search, and the last try is the answer") func patience() throws {
        var random = SplitMix64(seed: 6)
        let traces = try (0..<2000).map { _ in
            try CountdownTrace([13, 17, 19], target: 1, patience: 2, &random)
        }
        let unsolved = traces.filter { !$0.isSolved }
        let mean = Double(unsolved.reduce(0) { $0 + $1.tries }) / Double(unsolved.count)
        #expect(unsolved.count > 500 && mean > 1.5 && mean < 2.3)
        #expect(traces.allSatisfy { $0.thought.split(separator: ";").count == $0.tries })
    }

    @Test("a mix has Countdown in it, none of it held out") func mix() throws {
        let json: JSONValue = [
            ["task": "countdown", "numbers": 3, "share": 1, "thinking": 0.5, "patience": 3]
        ]
        var thoughts = 0
        try TraceMix(json).forEachRecord(count: 300, seed: 3) { record in
            let messages = record["messages"]?.arrayValue ?? []
            let question = messages[0]["content"]?.stringValue ?? ""
            let numbers = question.split { !$0.isNumber }.compactMap { Int($0) }
            #expect(numbers.count == 4)
            #expect(!CountdownTask.isHeldOut(Array(numbers.dropFirst())))
            thoughts += messages[1]["reasoning_content"] == nil ? 0 : 1
        }
        #expect(abs(thoughts - 150) < 40)
        for text in [
            #"[{"task": "countdown", "numbers": 5}]"#, #"[{"task": "countdown", "slips": 0.1}]"#,
            #"[{"task": "countdown", "patience": 0}]"#,
        ] {
            let json = try JSONValue(parsing: Array(text.utf8))
            #expect(throws: EvaluationError.self) { _ = try TraceMix(json) }
        }
    }

    @Test("the ceiling rises to 1, and is that of the enumeration") func ceiling() throws {
        let scaling = try CountdownScaling(CountdownTask(numbers: 3), limit: 200, tries: 60)
        #expect(scaling.problems == 200)
        let chances = scaling.rows.map(\.withoutRepetition)
        #expect(zip(chances, chances.dropFirst()).allSatisfy { $0 <= $1 + 1e-12 })
        #expect(chances[0] > 0.03 && chances[0] < 0.2 && abs(chances[59] - 1) < 1e-9)
        #expect(
            scaling.rows.allSatisfy { $0.memoryless <= $0.withoutRepetition + 1e-12 })
    }
}
