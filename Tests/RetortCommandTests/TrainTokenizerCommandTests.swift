// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import TestSupport
import Testing

@Suite struct TrainTokenizerCommandTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func file(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: folder.url.appendingPathComponent(name))
        return folder.path(name)
    }

    private func read(_ name: String) throws -> JSONValue {
        try JSONValue(parsing: [UInt8](Data(contentsOf: folder.url.appendingPathComponent(name))))
    }

    @Test("a tokenizer is learnt from text files and records, and written with its settings")
    func train() throws {
        let text = try file("a.txt", "low lower\nlowest low\n\nlow")
        let records = try file(
            "b.jsonl",
            "{\"question\": \"low?\", \"answer\": \"low\"}\n\n{\"question\": \"\", \"answer\": \"x\"}\n"
        )
        let template = try file("chat.jinja", "{{ messages }}")
        let output = folder.path("out")
        let arguments = [
            "train-tokenizer", text, records, "-o", output, "--vocab-size", "262",
            "--json-field", "question", "--json-field", "answer", "--special", "<|im_end|>",
            "--added", "<think>", "--eos", "<|im_end|>", "--chat-template", template, "--json",
        ]
        let run = try CommandRun(arguments)
        #expect(run.status == 0, "\(run.errors)")
        let summary = try JSONValue(parsing: run.output)
        #expect(summary["tokens"] == 262)
        #expect(summary["merges"] == 4)
        #expect(summary["texts"] == 8)
        #expect(summary["bytes"] == 33)
        let tokenizer = try read("out/tokenizer.json")
        #expect(tokenizer["model"]?["merges"]?.arrayValue?.first == ["l", "o"])
        #expect(tokenizer["added_tokens"]?.arrayValue?.map { $0["special"] } == [true, false])
        let config = try read("out/tokenizer_config.json")
        #expect(config["eos_token"] == "<|im_end|>")
        #expect(config["chat_template"] == "{{ messages }}")

        let again = try CommandRun(arguments)
        #expect(again.isOneLineError)
        #expect(again.errors.contains("--force"))
        #expect(try CommandRun(arguments + ["--force"]).status == 0)
        #expect(try read("out/tokenizer.json") == tokenizer)
    }

    @Test("lines may be longer than what is read at once, and cross its ends")
    func longLines() throws {
        let lines = [700_000, 900_000, 1, 2_500_000, 5].map {
            String(repeating: "ab ", count: $0 / 3) + "\n"
        }
        let path = try file("long.txt", lines.joined() + "end")
        let run = try CommandRun([
            "train-tokenizer", path, "-o", folder.path("out"), "--vocab-size", "256", "--json",
        ])
        let summary = try JSONValue(parsing: run.output)
        #expect(summary["texts"] == 6)
        #expect(summary["bytes"] == .integer(Int64(lines.joined().utf8.count + 3)))
        // "ab", " ab", " \n", "\n" and "end".
        #expect(summary["words"] == 5)
    }

    @Test("bad input is one line that says where")
    func bad() throws {
        func failure(_ arguments: [String]) throws -> String {
            let output = folder.path("none")
            let run = try CommandRun(["train-tokenizer", "-o", output] + arguments)
            #expect(run.isOneLineError, "\(run.errors)")
            #expect(!FileManager.default.fileExists(atPath: output))
            return run.errors
        }
        let records = try file("a.jsonl", "{\"text\": \"a\"}\n{\"text\": 3}\n")
        #expect(try failure([records, "--vocab-size", "300"]).contains("line 2"))
        let broken = try file("b.jsonl", "{\"text\": \"a\"")
        #expect(try failure([broken, "--vocab-size", "300"]).contains("line 1"))
        let text = folder.path("c.txt")
        try Data([0x61, 0x0A, 0xFF, 0x0A]).write(to: URL(fileURLWithPath: text))
        #expect(try failure([text, "--vocab-size", "300"]).contains("line 2"))
        #expect(try failure([folder.path("d"), "--vocab-size", "300"]).contains("No such file"))
        #expect(try failure([text, "--vocab-size", "255"]).contains("at least 256"))
    }
}
