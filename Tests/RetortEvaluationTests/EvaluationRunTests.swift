// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEvaluation
import RetortJSON
import Synchronization
import TestSupport
import Testing

/// Answers as a function of the request says, and counts how many are asked and under way.
private final class ScriptedSource: ResponseSource {
    private let answer: @Sendable (SampleRequest) throws -> ModelResponse
    private let state = Mutex((asked: 0, running: 0, most: 0))

    init(_ answer: @escaping @Sendable (SampleRequest) throws -> ModelResponse) {
        self.answer = answer
    }

    var asked: Int { state.withLock { $0.asked } }
    var mostRunning: Int { state.withLock { $0.most } }

    func response(to request: SampleRequest) async throws -> ModelResponse {
        state.withLock {
            $0.asked += 1
            $0.running += 1
            $0.most = max($0.most, $0.running)
        }
        defer { state.withLock { $0.running -= 1 } }
        // Later ones first, as far as they are under way together.
        for _ in 0..<(7 - request.sample % 7) { await Task.yield() }
        return try answer(request)
    }
}

private struct Failure: Error, CustomStringConvertible {
    let description = "no <connection>"
}

@Suite struct EvaluationRunTests {
    /// What a small model might do: right on even samples, on odd ones wrong in several ways.
    @Sendable private static func answer(_ request: SampleRequest) throws -> ModelResponse {
        let numbers = request.prompt.text.split { !$0.isNumber }.compactMap { Int($0) }
        let right = "\(numbers[0] * numbers[1])"
        switch request.sample % 8 {
        case 1:
            return ModelResponse(reasoning: right, answer: "I <b>guess</b> 1", completionTokens: 9)
        case 3: return ModelResponse(answer: right, completionTokens: 50, finishReason: .length)
        case 5: throw Failure()
        case 7: return ModelResponse(answer: "\\boxed{", completionTokens: 2)
        default:
            return ModelResponse(
                reasoning: "1 & 2", answer: right, promptTokens: 5, completionTokens: 7)
        }
    }

    private static func options(_ samples: Int, _ output: String? = nil) -> Evaluation.Options {
        var options = Evaluation.Options()
        options.limit = 10
        options.samplesPerProblem = samples
        options.concurrency = 3
        options.model = "m & n"
        options.outputPath = output
        return options
    }

    private static func run(
        _ source: ScriptedSource, _ options: Evaluation.Options
    ) async throws -> EvaluationResult {
        let task = try ArithmeticTask(.multiplication, digits: (2, 2))
        return try await Evaluation(task, source: source, options: options).run()
    }

    @Test("figures and order do not depend on who answers first")
    func figures() async throws {
        let source = ScriptedSource(Self.answer)
        let result = try await Self.run(source, Self.options(8))
        #expect(source.asked == 80 && source.mostRunning <= 3)
        #expect(result.records.map(\.sample) == (0..<80).map { $0 % 8 })
        var wide = Self.options(8)
        wide.concurrency = 50
        let other = try await Self.run(ScriptedSource(Self.answer), wide)
        #expect(other.records == result.records)

        let json = result.summary.json
        #expect(json["task"] == "multiplication-2x2" && json["n"] == 10 && json["samples"] == 8)
        // 4 of the 7 samples that did not fail are right, in every problem.
        #expect(abs((json["pass_at_1"]?.doubleValue ?? 0) - 4.0 / 7) < 1e-12)
        #expect(json["confidence_interval"]?.arrayValue?.count == 2)
        // Each problem has a failed sample, so that there is no pass@8.
        #expect(json["pass_at_k"] == .null && json["pass_at"]?["4"]?.doubleValue == 1)
        #expect(json["cons_at_k"]?.doubleValue == 1)
        #expect(json["truncated"] == 10 && json["errors"] == 10)
        #expect(json["outcomes"]?["malformed"] == 10 && json["outcomes"]?["wrong"] == 10)
        let mean = (4 * 7.0 + 9 + 50 + 2) / 7
        #expect(abs((json["mean_tokens"]?.doubleValue ?? 0) - mean) < 1e-12)
        #expect(json["accuracy_by_difficulty"]?.arrayValue?.first?["difficulty"] == "2x2")
    }

    @Test("one sample of each problem has Wilson's interval")
    func single() async throws {
        let source = ScriptedSource { request in
            let numbers = request.prompt.text.split { !$0.isNumber }.compactMap { Int($0) }
            return ModelResponse(answer: "\(numbers[0] * numbers[1] + numbers[0] % 2)")
        }
        let result = try await Self.run(source, Self.options(1))
        let correct = result.records.count { $0.grade?.outcome == .correct }
        #expect((1..<10).contains(correct))
        let json = result.summary.json
        #expect(json["confidence_method"] == "wilson")
        let interval = try #require(Intervals.wilson(successes: correct, trials: 10))
        #expect(
            json["confidence_interval"] == [
                .double(interval.lowerBound), .double(interval.upperBound),
            ])
        #expect(json["pass_at_k"] == json["pass_at_1"] && json["cons_at_k"] == json["pass_at_1"])
    }

    @Test("where nothing is right the interval is not empty")
    func nothingRight() async throws {
        let source = ScriptedSource { _ in ModelResponse(answer: "0") }
        let result = try await Self.run(source, Self.options(4))
        #expect(result.summary.passAt1 == 0)
        #expect(result.summary.interval == Intervals.wilson(successes: 0, trials: 10))
        #expect(result.summary.json["confidence_method"] == "wilson")
    }

    @Test("several samples have a bootstrap's interval over the problems")
    func clusters() async throws {
        let source = ScriptedSource { request in
            let numbers = request.prompt.text.split { !$0.isNumber }.compactMap { Int($0) }
            let isRight = (numbers[0] + request.sample) % 3 > 0
            return ModelResponse(answer: "\(numbers[0] * numbers[1] + (isRight ? 0 : 1))")
        }
        let result = try await Self.run(source, Self.options(4))
        let shares = stride(from: 0, to: 40, by: 4).map { start in
            Double(
                result.records[start..<start + 4].count { $0.grade?.outcome == .correct }) / 4
        }
        #expect(result.summary.interval == Intervals.bootstrap(shares, seed: 0))
        #expect(result.summary.json["confidence_method"] == "cluster_bootstrap")
    }

    @Test("samples have seeds of their own, the same in every run")
    func seeds() async throws {
        let seen = Mutex<[String: Set<UInt64>]>([:])
        let source = ScriptedSource { request in
            seen.withLock {
                _ = $0["\(request.prompt.text) \(request.sample)", default: []].insert(request.seed)
            }
            return ModelResponse(answer: "1")
        }
        for _ in 0..<2 { _ = try await Self.run(source, Self.options(4)) }
        let seeds = seen.withLock { $0 }
        #expect(seeds.values.allSatisfy { $0.count == 1 })
        #expect(Set(seeds.values.flatMap { $0 }).count == 40)
    }

    @Test("a run leaves its files, and an interrupted one goes on from them")
    func resume() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("out")
        let first = try await Self.run(ScriptedSource(Self.answer), Self.options(8, path))
        let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        #expect(names == ["report.html", "run.json", "samples.jsonl", "summary.json"])
        let samples = "\(path)/samples.jsonl"
        let lines = try String(contentsOfFile: samples, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 80)
        let record = try JSONValue(parsing: String(lines[1]))
        for key in [
            "id", "prompt", "reasoning", "answer", "extracted", "outcome", "tokens",
            "finish_reason",
        ] {
            #expect(record[key] != nil && record[key] != .null, "\(key)")
        }
        #expect(record["sample"] == 1 && record["outcome"] == "wrong")

        // Half of it, in any order, the last line cut: only what is missing or failed is asked for.
        let kept = lines.prefix(40).reversed().joined(separator: "\n") + "\n{\"id\": \"1"
        try kept.write(toFile: samples, atomically: true, encoding: .utf8)
        let source = ScriptedSource(Self.answer)
        let second = try await Self.run(source, Self.options(8, path))
        #expect(source.asked == 45)
        #expect(second.records == first.records)
        let again = try String(contentsOfFile: samples, encoding: .utf8).split(separator: "\n")
        #expect(again == lines)

        // More samples belong to the same run; another seed does not.
        let more = ScriptedSource(Self.answer)
        _ = try await Self.run(more, Self.options(9, path))
        #expect(more.asked == 10 + 10)
        // Fewer do too, and what was found beyond them stays.
        let fewer = ScriptedSource(Self.answer)
        let small = try await Self.run(fewer, Self.options(2, path))
        #expect(fewer.asked == 0 && small.records.count == 20)
        let kept9 = try String(contentsOfFile: samples, encoding: .utf8).split(separator: "\n")
        #expect(kept9.count == 80)
        var other = Self.options(8, path)
        other.seed = 1
        await #expect(throws: EvaluationError.self) { try await Self.run(more, other) }
    }

    @Test("an answer that is kept is graded anew, and one to another question is not kept")
    func regrade() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("out")
        let task = folder.path("t.jsonl")
        func run(_ line: String, _ answer: String) async throws -> EvaluationResult {
            _ = try folder.write(line, to: "t.jsonl")
            var options = Evaluation.Options()
            options.outputPath = path
            return try await Evaluation(
                ProblemFile(path: task),
                source: ScriptedSource { _ in ModelResponse(answer: answer) },
                options: options
            ).run()
        }
        let first = try await run("{\"prompt\": \"a\", \"answer\": 1}", "2")
        #expect(first.summary.passAt1 == 0)
        let second = try await run("{\"prompt\": \"a\", \"answer\": 2}", "3")
        #expect(second.summary.passAt1 == 1 && second.records[0].response?.answer == "2")
        let third = try await run("{\"prompt\": \"b\", \"answer\": 2}", "3")
        #expect(third.summary.passAt1 == 0 && third.records[0].response?.answer == "3")
    }

    @Test("a directory in use is refused")
    func inUse() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("out")
        let refused = Mutex(0)
        let source = ScriptedSource { _ in ModelResponse(answer: "1") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            let inner = Self.options(1, path)
            let outer = ScriptedSource { _ in
                // While the first run holds the directory.
                let descriptor = open("\(path)/samples.jsonl", O_RDWR)
                defer { close(descriptor) }
                if flock(descriptor, LOCK_EX | LOCK_NB) != 0 { refused.withLock { $0 += 1 } }
                return ModelResponse(answer: "1")
            }
            group.addTask { _ = try await Self.run(outer, inner) }
            try await group.waitForAll()
        }
        #expect(refused.withLock { $0 } == 10)
        _ = try await Self.run(source, Self.options(1, path))
    }

    @Test("failed samples are told apart from wrong ones, even if all fail")
    func failures() async throws {
        let folder = try TemporaryFolder()
        let result = try await Self.run(
            ScriptedSource { _ in throw Failure() }, Self.options(2, folder.path("out")))
        let json = result.summary.json
        #expect(json["n"] == 0 && json["unanswered"] == 10 && json["errors"] == 20)
        #expect(json["pass_at_1"] == .null && json["confidence_interval"] == .null)
        #expect(result.records.allSatisfy { $0.error == "no <connection>" })
        let page = try String(contentsOfFile: folder.path("out/report.html"), encoding: .utf8)
        #expect(markupProblems(page, voids: ["meta"]) == [] && !page.contains("NaN"))
        #expect(page.contains("no &lt;connection&gt;"))
    }

    @Test("a grader that fails is an error of the sample, which keeps its answer")
    func graderFails() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "{\"prompt\": \"a\", \"grader\": {\"type\": \"program\", \"command\": [\"no-such-program-xyz\"], \"network\": true}}",
            to: "t.jsonl")
        let task = ProblemFile(path: path, allowsPrograms: true)
        let source = ScriptedSource { _ in ModelResponse(answer: "1") }
        let result = try await Evaluation(task, source: source).run()
        #expect(result.summary.errors == 1 && result.records[0].response?.answer == "1")
        #expect(result.records[0].error?.contains("no-such-program-xyz") ?? false)
    }

    @Test("the report is well-formed, escaped and needs nothing else")
    func report() async throws {
        let folder = try TemporaryFolder()
        _ = try await Self.run(ScriptedSource(Self.answer), Self.options(8, folder.path("out")))
        let page = try String(contentsOfFile: folder.path("out/report.html"), encoding: .utf8)
        #expect(markupProblems(page, voids: ["meta"]) == [])
        #expect(!page.contains("<b>") && page.contains("I &lt;b&gt;guess&lt;/b&gt; 1"))
        #expect(page.contains("m &amp; n") && page.contains("Accuracy by difficulty"))
        #expect(!page.contains("<script") && !page.contains("src=") && !page.contains("url("))
        #expect(page.contains("class=\"error\"") && page.contains("class=\"f2\""))
        #expect(page.contains("prefers-color-scheme:dark"))
    }

    @Test("two runs are compared over the problems that both have")
    func comparison() async throws {
        let folder = try TemporaryFolder()
        let wrong = ScriptedSource { _ in ModelResponse(answer: "0") }
        var options = Self.options(1, folder.path("a"))
        options.limit = 6
        _ = try await Self.run(wrong, options)
        let baseline = try EvaluationResult.accuracies(directory: folder.path("a"))
        #expect(baseline.count == 6 && baseline.values.allSatisfy { $0 == 0 })
        let result = try await Self.run(ScriptedSource(Self.answer), Self.options(1))
        let (difference, problems) = try #require(result.difference(from: baseline))
        #expect(problems == 6 && difference.mean == 1 && difference.interval == 1...1)
        #expect(result.difference(from: [:]) == nil)
        #expect(throws: EvaluationError.self) {
            try EvaluationResult.accuracies(directory: folder.path("none"))
        }
    }

    @Test("progress counts to the end, and a stopped run says so")
    func progress() async throws {
        let seen = Mutex<[Evaluation.Progress]>([])
        let task = try ArithmeticTask(.multiplication, digits: (2, 2))
        let evaluation = try Evaluation(
            task, source: ScriptedSource(Self.answer), options: Self.options(8))
        _ = try await evaluation.run { progress in seen.withLock { $0.append(progress) } }
        let all = seen.withLock { $0 }
        #expect(
            all.map(\.done) == Array(1...80) && all.last?.correct == 40 && all.last?.failed == 10)
        let stopped = Task { try await evaluation.run() }
        stopped.cancel()
        await #expect(throws: CancellationError.self) { try await stopped.value }
    }

    @Test("counts of tokens that no model has do no harm", arguments: [Int.max, Int.min, -1])
    func hostileCounts(tokens: Int) async throws {
        let folder = try TemporaryFolder()
        let source = ScriptedSource { _ in
            ModelResponse(answer: "1", promptTokens: tokens, completionTokens: tokens)
        }
        let result = try await Self.run(source, Self.options(2, folder.path("out")))
        #expect(result.summary.meanTokens == Double(tokens))
        let page = try String(contentsOfFile: folder.path("out/report.html"), encoding: .utf8)
        #expect(markupProblems(page, voids: ["meta"]) == [])
    }

    @Test("options out of their range are errors, and so is a task without problems")
    func badOptions() async throws {
        let source = ScriptedSource(Self.answer)
        for change in [
            { $0.samplesPerProblem = 0 }, { $0.concurrency = 0 }, { $0.limit = 0 },
        ] as [(inout Evaluation.Options) -> Void] {
            var options = Evaluation.Options()
            change(&options)
            #expect(throws: EvaluationError.self) {
                try Evaluation(ProblemFile(path: "x"), source: source, options: options)
            }
        }
        let folder = try TemporaryFolder()
        let empty = try folder.write("\n", to: "t.jsonl")
        await #expect(throws: EvaluationError.self) {
            try await Evaluation(ProblemFile(path: empty), source: source).run()
        }
        var many = Evaluation.Options()
        (many.limit, many.samplesPerProblem) = (2000, 10_000)
        let evaluation = try Evaluation(
            ArithmeticTask(.addition, digits: (5, 5)), source: source, options: many)
        await #expect(throws: EvaluationError.self) { try await evaluation.run() }
    }

    @Test("several samples are drawn, one is taken greedily")
    func usualSampling() {
        #expect(SamplingSettings.usual(samples: 1).temperature == 0)
        let several = SamplingSettings.usual(samples: 4)
        #expect(several.temperature == 0.6 && several.topP == 0.95)
    }
}
