// SPDX-License-Identifier: Apache-2.0
//
// Bad input is one line on stderr and exit code 1, never a trap.

import Foundation
import TestSupport
import Testing

@Suite struct BadInputTests {
    /// The bytes of the bundled model, to be damaged.
    private static func bundled() throws -> [UInt8] {
        let path = CommandRun.executable.deletingLastPathComponent()
            .appendingPathComponent("retort_RetortEngine.resources/retort-bundled.gguf")
        return [UInt8](try Data(contentsOf: path))
    }

    private func expectError(_ bytes: [UInt8], _ comment: Comment) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("model.gguf")
        _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
        let run = try CommandRun(["chat", path, "-p", "hello"])
        #expect(run.isOneLineError, comment)
        if !run.isOneLineError { Issue.record("\(run.status) \(run.output) \(run.errors)") }
    }

    @Test("a file cut anywhere", arguments: [0, 3, 4, 8, 23, 24, 100, 5000, 40_000, 400_000])
    func truncated(length: Int) throws {
        let bytes = try Self.bundled()
        try expectError(Array(bytes.prefix(length)), "cut after \(length) bytes")
    }

    @Test("wrong magic, wrong version, huge counts")
    func header() throws {
        let bytes = try Self.bundled()
        func damaged(_ offset: Int, _ new: [UInt8]) -> [UInt8] {
            var copy = bytes
            copy.replaceSubrange(offset..<offset + new.count, with: new)
            return copy
        }
        try expectError(damaged(0, [0]), "magic")
        try expectError(damaged(4, [9, 0, 0, 0]), "version")
        try expectError(damaged(8, [UInt8](repeating: 0xFF, count: 8)), "tensors")
        try expectError(damaged(16, [UInt8](repeating: 0xFF, count: 8)), "metadata")
    }

    @Test("weights of NaN")
    func notANumber() throws {
        var bytes = try Self.bundled()
        // The last tensor's data; 0xFF is NaN in every float type and as a q8_0 scale.
        for index in (bytes.count - 60_000)..<bytes.count { bytes[index] = 0xFF }
        try expectError(bytes, "NaN")
    }

    @Test("a model that is not there, and an empty directory")
    func missing() throws {
        #expect(try CommandRun(["chat", "/nowhere/model.gguf", "-p", "hi"]).isOneLineError)
        let folder = try TemporaryFolder()
        #expect(try CommandRun(["chat", folder.url.path, "-p", "hi"]).isOneLineError)
        #expect(try CommandRun(["chat", "someone/no-such-model", "-p", "hi"]).isOneLineError)
    }

    @Test("invalid UTF-8 and nothing at all on stdin")
    func standardInput() throws {
        let invalid = try CommandRun(["chat"], input: [0x68, 0x69, 0xFF, 0x0A])
        #expect(invalid.isOneLineError)
        #expect(invalid.errors.contains("byte 2"))
        #expect(try CommandRun(["chat"]).isOneLineError)
        #expect(
            try CommandRun(["tokenize", "bundled", "--file", "-"], input: [0xC3]).isOneLineError)
    }

    @Test("a prompt longer than the context")
    func longPrompt() throws {
        let text = String(repeating: "What is 12 times 34? ", count: 2000)
        let run = try CommandRun(["chat", "-p", text])
        #expect(run.isOneLineError)
        #expect(run.errors.contains("context"))
        // The prompt itself must not be in the message.
        #expect(!run.errors.contains("12 times"))
    }

    @Test(
        "a template that raises, loops without end or is not one",
        arguments: [
            "{{ raise_exception('no system prompt') }}",
            "{% for i in range(100000000) %}{% for j in range(100000000) %}x{% endfor %}{% endfor %}",
            "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{% if %}", "{{ messages.a.b }}",
        ])
    func templates(text: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("template.jinja")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try CommandRun(["chat", "-p", "hi", "--template", path]).isOneLineError)
        let messages = folder.path("messages.json")
        try "[]".write(toFile: messages, atomically: true, encoding: .utf8)
        #expect(try CommandRun(["render", path, "--messages", messages]).isOneLineError)
    }

    @Test("token ids and texts that do not fit")
    func tokens() throws {
        #expect(try CommandRun(["detokenize", "bundled", "--ids", "1,99999999"]).isOneLineError)
        #expect(try CommandRun(["score", "bundled", "--ids", "99999999"]).isOneLineError)
        #expect(try CommandRun(["score", "bundled", "--text", ""]).isOneLineError)
        let folder = try TemporaryFolder()
        let path = folder.path("messages.json")
        try "{\"messages\": ".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try CommandRun(["render", "bundled", "--messages", path]).isOneLineError)
        #expect(try CommandRun(["bench", "--prompt-tokens", "100000000"]).isOneLineError)
    }

    @Test("an instruction set that this machine lacks")
    func instructionSet() throws {
        let run = try CommandRun(
            ["chat", "-p", "hi"], environment: ["RETORT_ISA": "avx1024"])
        #expect(run.isOneLineError)
        #expect(run.errors.contains("avx1024"))
    }
}
