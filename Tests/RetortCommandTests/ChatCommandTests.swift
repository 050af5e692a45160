// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import TestSupport
import Testing

@Suite struct ChatCommandTests {
    @Test("a question gets a thought and the right answer")
    func answers() throws {
        let run = try CommandRun(["chat", "-p", "What is 417 * 386?"])
        #expect(run.status == 0)
        #expect(run.output.contains("160962"))
        #expect(run.output.hasSuffix("\n"))
        // The answer alone is on stdout; thought and speed are on stderr, without colours.
        #expect(!run.output.contains("think"))
        #expect(run.errors.contains("tokens/s"))
        #expect(run.errors.split(separator: "\n").count > 1)
        #expect(!(run.output + run.errors).contains("\u{1B}"))
    }

    @Test("the thought can be left out")
    func hidden() throws {
        let run = try CommandRun(["chat", "--hide-thinking", "-p", "What is 12 + 30?"])
        #expect(run.output.contains("42"))
        #expect(run.errors.split(separator: "\n").count == 1)
    }

    @Test("stdin is the question when there is no other")
    func pipe() throws {
        let run = try CommandRun(["chat"], input: Array("What is 12 * 12?\n".utf8))
        #expect(run.status == 0)
        #expect(run.output.contains("144"))
    }

    @Test("--json prints the contract's names")
    func json() throws {
        let run = try CommandRun(["chat", "--json", "-p", "What is 25 * 4?"])
        let value = try JSONValue(parsing: run.output)
        #expect(value["answer"]?.stringValue?.contains("100") == true)
        #expect(value["reasoning"]?.stringValue?.isEmpty == false)
        #expect(value["finish_reason"]?.stringValue == "stop")
        let usage = try #require(value["usage"])
        let reasoning = try #require(usage["reasoning_tokens"]?.intValue)
        let completion = try #require(usage["completion_tokens"]?.intValue)
        let prompt = try #require(usage["prompt_tokens"]?.intValue)
        #expect(reasoning > 0 && reasoning < completion)
        #expect(usage["total_tokens"]?.intValue == prompt + completion)
    }

    @Test("limits, stop strings and seeds are obeyed")
    func limits() throws {
        func run(_ arguments: [String]) throws -> JSONValue {
            let question = ["chat", "--json", "-p", "What is 417 * 386?"]
            return try JSONValue(parsing: try CommandRun(question + arguments).output)
        }
        let short = try run(["--max-tokens", "5"])
        #expect(short["finish_reason"]?.stringValue == "length")
        #expect(short["usage"]?["completion_tokens"]?.intValue == 5)
        #expect(short["answer"]?.stringValue == "")
        let stopped = try run(["--stop", "</think>"])
        #expect(stopped["finish_reason"]?.stringValue == "stop")
        #expect(stopped["answer"]?.stringValue == "")
        let sampling = ["--temperature", "1.5", "--seed", "4", "--max-tokens", "40"]
        #expect(try run(sampling)["reasoning"] == run(sampling)["reasoning"])
    }

    @Test(
        "every instruction set of this machine gives the same answer",
        arguments: ["scalar", "avx2", "neon"])
    func instructionSets(name: String) throws {
        let arguments = ["chat", "-p", "What is 98 * 76?"]
        let run = try CommandRun(arguments, environment: ["RETORT_ISA": name])
        // Not every machine has each set; the scalar one always runs.
        if name == "scalar" || run.status == 0 { #expect(run.output.contains("7448")) }
    }

    @Test("Ctrl-C ends the answer with exit code 130")
    func interrupt() throws {
        let process = Process()
        process.executableURL = CommandRun.executable
        process.arguments = [
            "chat", "-p", "What is 417 * 386?", "--logit-bias", "\(try endOfTurn())=-1000",
        ]
        let folder = try TemporaryFolder()
        process.environment = CommandRun.environment(home: folder.url.path)
        let pipe = Pipe()
        process.standardOutput = FileHandle.nullDevice
        process.standardError = pipe
        try process.run()
        // The first text of the thought shows that the answer is on its way.
        _ = try pipe.fileHandleForReading.read(upToCount: 1)
        process.interrupt()
        let rest = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        // Either the cancellation was seen, or the context was full before it came.
        let text = String(decoding: rest, as: UTF8.self)
        #expect(process.terminationStatus == 130 || text.contains("limit"))
    }

    /// The token that ends a turn, so that it can be forbidden.
    private func endOfTurn() throws -> Int {
        let run = try CommandRun(["tokenize", "bundled", "--text", "<|im_end|>", "--json"])
        return try #require(JSONValue(parsing: run.output)["ids"]?.arrayValue?.first?.intValue)
    }
}
