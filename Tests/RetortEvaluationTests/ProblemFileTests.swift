// SPDX-License-Identifier: Apache-2.0
//
// Files of problems: GSM8K's and users' own.

import Foundation
import RetortEvaluation
import RetortJSON
import TestSupport
import Testing

@Suite struct ProblemFileTests {
    private static func problems(_ text: String, programs: Bool = false, limit: Int? = nil)
        throws -> [Problem]
    {
        let folder = try TemporaryFolder()
        let path = try folder.write(text, to: "my-task.jsonl")
        return try ProblemFile(path: path, allowsPrograms: programs).problems(limit: limit)
    }

    /// Made up for this test in the published form.
    private static let excerpt = """
        {"question": "Ann picks 12 apples a day for 3 days. How many is that?", "answer": "Each day brings 12.\\n12*3=<<12*3=36>>36 apples.\\n#### 36"}
        {"question": "A van costs $1,200 and is sold at a loss of 50%. For how much?", "answer": "The loss is 1200*0.5=$<<1200*0.5=600>>600.\\nIt sells for 1200-600=$<<1200-600=600>>600, or 1,200/2.\\n#### 1,600"}

        {"question": "It is 4 degrees and falls by 9. How cold is it?", "answer": "4-9=<<4-9=-5>>-5\\n#### -5"}
        """

    @Test("GSM8K's lines become problems, and published solutions pass their own grader")
    func gsm8k() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Self.excerpt, to: "test.jsonl")
        let problems = try GSM8KTask(path: path).problems(limit: nil)
        #expect(problems.map(\.answer) == ["36", "1,600", "-5"])
        #expect(problems.map(\.difficulty) == ["1 step", "2 steps", "1 step"])
        #expect(problems.map(\.id) == ["gsm8k-1", "gsm8k-2", "gsm8k-4"])
        #expect(problems[0].prompt.text.hasPrefix("Ann picks"))
        for (problem, solution) in zip(problems, ["x\n#### 36", "x 3\n#### 1600", "#### -5.0"]) {
            #expect(
                try await problem.grader.grade(answer: solution, of: problem).outcome == .correct)
            let wrong = try await problem.grader.grade(answer: solution + "1", of: problem)
            #expect(wrong.outcome == .wrong)
        }
    }

    @Test(
        "a damaged GSM8K line is named",
        arguments: [
            ("{\"question\": \"a\"}", ":1: expected"), ("\n[1]", ":2: expected a JSON object"),
            ("{\"question\": \"a\", \"answer\": \"5\"}", ":1: the answer has no number"),
            ("{\"question\": \"a\", \"answer\": \"#### five\"}", "no number"),
            ("{\"question\": ", ":1: not valid JSON"),
        ])
    func badGSM8K(text: String, expected: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(text, to: "x.jsonl")
        let message = evaluationFailure { _ = try GSM8KTask(path: path).problems(limit: nil) }
        #expect(message.contains(expected), "\(message)")
    }

    @Test("every field and every grader of a user's file is read")
    func fields() async throws {
        let problems = try Self.problems(
            """
            {"prompt": "2 + 2?", "answer": 4}
            {"id": "b", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}], "answer": "x", "difficulty": 3}
            {"prompt": "p", "answer": "Yes", "grader": {"type": "exact", "ignore_case": true, "extraction": "marked"}}
            {"prompt": "p", "answer": 1.5, "grader": {"type": "numeric", "tolerance": 0.1, "strict": true}}
            {"prompt": "p", "answer": "C", "grader": {"type": "choice", "choices": ["A", "B", "C"]}}
            {"prompt": "p", "grader": {"type": "regex", "pattern": "a+", "search": true}}
            {"prompt": "p", "grader": {"type": "json_schema", "schema": {"type": "array"}}, "metadata": {"k": 1}}
            {"prompt": "p", "grader": {"type": "program", "command": ["true"], "network": true}}
            """, programs: true)
        #expect(problems.map(\.id) == ["line-1", "b"] + (3...8).map { "line-\($0)" })
        #expect(problems[1].prompt.messages.map(\.role) == ["system", "user"])
        #expect(problems[1].difficulty == "3" && problems[0].difficulty == "all")
        #expect(problems[6].metadata == ["k": 1])
        let answers = [
            ("it is 4", "5"), ("x", "y"), ("\\boxed{yes}", "yes"), ("\\boxed{1.6}", "1.6"),
            ("C", "A"), ("baab", "b"), ("[1]", "{}"),
        ]
        for (problem, (right, wrong)) in zip(problems, answers) {
            #expect(try await problem.grader.grade(answer: right, of: problem).outcome == .correct)
            #expect(try await problem.grader.grade(answer: wrong, of: problem).outcome != .correct)
        }
    }

    @Test(
        "what is wrong in a line is named with its number",
        arguments: [
            ("{\"answer\": 1}", "'prompt'"),
            ("{\"prompt\": \"a\", \"messages\": [], \"answer\": 1}", "'prompt'"),
            ("{\"prompt\": 3, \"answer\": 1}", "'prompt'"),
            ("{\"prompt\": \"a\"}", "'answer' is missing"),
            (
                "{\"prompt\": \"a\", \"answer\": 1, \"dificulty\": \"x\"}",
                "'dificulty' is not known"
            ),
            ("{\"prompt\": \"a\", \"answer\": [1]}", "'answer' is an array"),
            (
                "{\"prompt\": \"a\", \"answer\": 1, \"grader\": \"exact\"}",
                "'type' is one of choice, exact"
            ),
            (
                "{\"prompt\": \"a\", \"answer\": 1, \"grader\": {\"type\": \"exact\", \"case\": 1}}",
                "'grader.case'"
            ),
            (
                "{\"prompt\": \"a\", \"answer\": \"x\", \"grader\": {\"type\": \"numeric\"}}",
                "no number"
            ),
            (
                "{\"prompt\": \"a\", \"answer\": \"x\", \"grader\": {\"type\": \"choice\"}}",
                "no choice"
            ),
            ("{\"prompt\": \"a\", \"grader\": {\"type\": \"regex\"}}", "'grader.pattern'"),
            (
                "{\"prompt\": \"a\", \"grader\": {\"type\": \"regex\", \"pattern\": \"(\"}}",
                "regular expression"
            ),
            ("{\"prompt\": \"a\", \"grader\": {\"type\": \"json_schema\"}}", "'grader.schema'"),
            (
                "{\"prompt\": \"a\", \"grader\": {\"type\": \"program\", \"command\": [\"a\"]}}",
                "--allow-programs"
            ),
            (
                "{\"prompt\": \"a\", \"answer\": 1, \"grader\": {\"type\": \"numeric\", \"tolerance\": -1}}",
                "tolerance"
            ),
            (
                "{\"prompt\": \"a\", \"answer\": 1, \"grader\": {\"type\": \"numeric\", \"extraction\": \"x\"}}",
                "marked, last_number"
            ),
            ("{\"messages\": [{\"role\": \"tool\", \"content\": \"a\"}], \"answer\": 1}", "'role'"),
            (
                "{\"messages\": [{\"role\": \"assistant\", \"content\": \"a\"}], \"answer\": 1}",
                "user's"
            ),
            ("{\"id\": {}, \"prompt\": \"a\", \"answer\": 1}", "'id' is an object"),
            ("nonsense", "not valid JSON"),
            ("{\"prompt\": \"\u{FFFD}\", \"answer\": }", "not valid JSON"),
        ])
    func wrong(line: String, expected: String) {
        let text = "{\"prompt\": \"fine\", \"answer\": 1}\n" + line + "\n"
        let message = evaluationFailure { _ = try Self.problems(text) }
        #expect(message.contains("my-task.jsonl:2: ") && message.contains(expected), "\(message)")
    }

    @Test("two problems with one id are an error, and a limit reads no further")
    func ids() throws {
        let line = "{\"id\": 7, \"prompt\": \"a\", \"answer\": 1}\n"
        #expect(evaluationFailure { _ = try Self.problems(line + line) }.contains("'7'"))
        #expect(try Self.problems(line + "nonsense", limit: 1).count == 1)
        #expect(try Self.problems("\u{FEFF}" + line).count == 1)
        #expect(try Self.problems(line.replacing("\n", with: "\r\n")).count == 1)
    }

    @Test("lines longer than a buffer are read whole")
    func longLines() throws {
        let prompts = [300_000, 5, 262_144, 262_143, 1].map { String(repeating: "a", count: $0) }
        let text = prompts.map { "{\"prompt\": \"\($0)\", \"answer\": 1}" }.joined(separator: "\n")
        #expect(try Self.problems(text).map(\.prompt.text) == prompts)
    }

    @Test("a file that is none is told so")
    func noFile() throws {
        let folder = try TemporaryFolder()
        for path in [folder.path("none"), folder.url.path] {
            let text = evaluationFailure { _ = try ProblemFile(path: path).problems(limit: nil) }
            #expect(text.contains("cannot read \(path)"))
        }
    }

    @Test("tasks go by their names")
    func catalog() throws {
        var options = TaskCatalog.Options()
        options.digits = (4, 2)
        #expect(try TaskCatalog.task("multiplication", options).name == "multiplication-4x2")
        #expect(try TaskCatalog.task("countdown").name == "countdown-3")
        #expect(try TaskCatalog.task("file:/x/mine.jsonl").name == "file:mine")
        #expect(evaluationFailure { _ = try TaskCatalog.task("gsm8k") }.contains("--data"))
        #expect(evaluationFailure { _ = try TaskCatalog.task("gsm9k") }.contains("multiplication"))
        evaluationFailure { _ = try TaskCatalog.task("file:") }
    }
}
