// SPDX-License-Identifier: Apache-2.0
//
// Programs that grade, in the sandbox if the machine has one.

import Foundation
import RetortEvaluation
import RetortJSON
import TestSupport
import Testing

/// Whether programs can be run in the sandbox here.
private func hasSandbox() async -> Bool {
    guard let program = try? SandboxedProgram(command: ["true"]) else { return false }
    return (try? await grade("x", by: ProgramGrader(program)))?.outcome == .correct
}

@Suite(.serialized) struct ProgramGraderTests {
    private static func grader(
        _ script: String, seconds: Double = 10, memory: Int = 1 << 29, output: Int = 1 << 16
    ) throws -> ProgramGrader {
        ProgramGrader(
            try SandboxedProgram(
                command: ["/bin/sh", "-c", script], timeLimit: .milliseconds(Int(seconds * 1000)),
                memoryBytes: memory, outputBytes: output))
    }

    @Test("without a sandbox a program runs only where the task trusts it")
    func refusal() async throws {
        let network = try SandboxedProgram(command: ["true"], allowsNetwork: true)
        #expect(try await grade("x", by: ProgramGrader(network)).outcome == .correct)
        guard await !hasSandbox() else { return }
        do {
            _ = try await grade("x", by: Self.grader("true"))
            Issue.record("an error was expected")
        } catch { #expect("\(error)".contains("\"network\": true")) }
    }

    @Test("the status or the printed score decides")
    func statuses() async throws {
        guard await hasSandbox() else { return }
        func outcome(_ script: String) async throws -> Grade {
            try await grade("x", by: Self.grader(script))
        }
        #expect(try await outcome("true").outcome == .correct)
        #expect(try await outcome("exit 1").outcome == .wrong)
        #expect(try await outcome("echo '{\"score\": 1}'").outcome == .correct)
        let half = try await outcome("echo '{\"score\": 0.5}'")
        #expect(half.outcome == .wrong && half.score == 0.5)
        for script in ["exit 3", "echo yes", "echo '{\"score\": 2}'", "no-such-program-xyz"] {
            await #expect(throws: EvaluationError.self) { try await outcome(script) }
        }
    }

    @Test("the program gets problem and answer as JSON")
    func input() async throws {
        guard await hasSandbox() else { return }
        let problem = Problem(
            id: "i", prompt: .messages([.init(role: "user", content: "q \"x\"")]), answer: "r",
            difficulty: "", grader: ExactGrader(), metadata: ["tests": [1]])
        // It fails unless every part stands there as it should.
        let expected = """
            {"id":"i","prompt":"user: q \\"x\\"","messages":[{"role":"user","content":"q \\"x\\""}],"reference":"r","answer":"a\\nb","metadata":{"tests":[1]}}
            """
        let grader = ProgramGrader(
            try SandboxedProgram(
                command: ["/bin/sh", "-c", "read -r line; test \"$line\" = \"$0\"", expected]))
        #expect(try await grader.grade(answer: "a\nb", of: problem).outcome == .correct)
    }

    @Test("time, memory, output and crashes count against the answer")
    func limits() async throws {
        guard await hasSandbox() else { return }
        let clock = ContinuousClock()
        let time = try await clock.measure {
            // A child that leaves the group and holds the pipe open goes too.
            let slow = try Self.grader("setsid sleep 300 & sleep 300", seconds: 0.5)
            #expect(try await grade("x", by: slow).outcome == .wrong)
            let left = try Self.grader("setsid sleep 300 & exit 0")
            #expect(try await grade("x", by: left).outcome == .correct)
        }
        #expect(time < .seconds(60))
        let loud = try Self.grader("yes", output: 1000)
        #expect(try await grade("x", by: loud).outcome == .wrong)
        let crash = try Self.grader("kill -SEGV $$")
        #expect(try await grade("x", by: crash).outcome == .wrong)
        let large = try Self.grader(
            "x=a; while true; do x=\"$x$x$x$x\"; done", seconds: 20, memory: 64 << 20)
        #expect(try await grade("x", by: large).outcome != .correct)
    }

    @Test("there is no network and none of this process's environment")
    func isolation() async throws {
        guard await hasSandbox() else { return }
        setenv("RETORT_TEST_SECRET", "1", 1)
        let script = """
            test -z "$RETORT_TEST_SECRET" || exit 1
            test "$(grep -c : /proc/net/dev)" -le 1 || exit 1
            """
        #expect(try await grade("x", by: Self.grader(script)).outcome == .correct)
    }

    @Test("limits out of their range are errors")
    func badLimits() {
        for text in [
            evaluationFailure { _ = try SandboxedProgram(command: []) },
            evaluationFailure { _ = try SandboxedProgram(command: [""]) },
            evaluationFailure { _ = try SandboxedProgram(command: ["a"], timeLimit: .zero) },
            evaluationFailure { _ = try SandboxedProgram(command: ["a"], memoryBytes: 1) },
            evaluationFailure { _ = try SandboxedProgram(command: ["a"], outputBytes: 0) },
        ] {
            #expect(!text.isEmpty)
        }
    }
}
