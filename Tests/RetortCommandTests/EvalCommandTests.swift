// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import TestSupport
import Testing

@Suite struct EvalCommandTests {
    private static let short = ["eval", "bundled", "--threads", "1", "--limit", "3"]

    @Test("the bundled model multiplies, and the figures have their fixed names")
    func multiplication() throws {
        let run = try CommandRun(Self.short + ["--task", "multiplication", "--json"])
        #expect(run.status == 0 && run.errors.isEmpty)
        let json = try JSONValue(parsing: run.output)
        #expect(json["task"] == "multiplication-3x3" && json["pass_at_1"]?.doubleValue == 1)
        #expect(json["n"] == 3 && json["samples"] == 1 && json["temperature"]?.doubleValue == 0)
        let interval = (json["confidence_interval"]?.arrayValue ?? []).compactMap(\.doubleValue)
        #expect(interval.count == 2 && interval[0] < 1 && interval[1] == 1)
    }

    @Test("results are written, a second run asks nothing again, and two runs are compared")
    func output() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("out")
        let arguments =
            Self.short + ["--task", "multiplication", "--samples", "2", "--output", path]
        #expect(try CommandRun(arguments).status == 0)
        let samples = path + "/samples.jsonl"
        // An answer that the model would not give shows who gave the second run's.
        var lines = try String(contentsOfFile: samples, encoding: .utf8)
        #expect(lines.split(separator: "\n").count == 6)
        lines = lines.replacing(#/"answer":"[^"]*"/#, with: "\"answer\":\"-1\"")
        try lines.write(toFile: samples, atomically: true, encoding: .utf8)
        let again = try CommandRun(arguments + ["--json"])
        #expect(try JSONValue(parsing: again.output)["pass_at_1"]?.doubleValue == 0)
        let compared = try CommandRun(
            Self.short + ["--task", "multiplication", "--json", "--baseline", path])
        let difference = try JSONValue(parsing: compared.output)["difference_from_baseline"]
        #expect(difference?["mean"]?.doubleValue == 1 && difference?["n"] == 3)
        let other = try CommandRun(arguments + ["--seed", "1"])
        #expect(other.status == 1 && other.errors.contains("another evaluation"))
    }

    @Test("problems of a file are asked, and a wrong line is one line on stderr")
    func file() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("t.jsonl")
        let problem = "{\"prompt\": \"What is 12 * 34?\", \"answer\": 408}\n"
        try problem.write(toFile: path, atomically: true, encoding: .utf8)
        let run = try CommandRun(["eval", "--task", "file:\(path)", "--threads", "1"])
        #expect(run.status == 0)
        #expect(run.output.contains("file:t: 1 problems") && run.output.contains("1 correct"))
        try (problem + "{}").write(toFile: path, atomically: true, encoding: .utf8)
        let wrong = try CommandRun(["eval", "--task", "file:\(path)"])
        #expect(wrong.isOneLineError && wrong.errors.contains("t.jsonl:2: "))
        let none = try CommandRun(["eval", "--task", "no-such-task"])
        #expect(none.isOneLineError && none.errors.contains("there are multiplication"))
        #expect(try CommandRun(["eval", "--task", "gsm8k"]).isOneLineError)
    }

    @Test("samples that fail make the run fail, with what was found on stdout")
    func failures() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("t.jsonl")
        let long = String(repeating: "9 ", count: 40_000)
        let lines =
            "{\"prompt\": \"What is 12 * 34?\", \"answer\": 408}\n{\"prompt\": \"\(long)\", \"answer\": 1}\n"
        try lines.write(toFile: path, atomically: true, encoding: .utf8)
        let run = try CommandRun(["eval", "--task", "file:\(path)", "--threads", "1", "--json"])
        #expect(run.status == 1)
        #expect(run.errors.contains("1 of 2 samples failed"))
        let json = try JSONValue(parsing: run.output)
        #expect(json["n"] == 1 && json["errors"] == 1 && json["unanswered"] == 1)
        #expect(json["pass_at_1"]?.doubleValue == 1)
    }
}
