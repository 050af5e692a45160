// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct UsageTests {
    private static let commands = [
        "chat", "pull", "list", "show", "rm", "tokenize", "detokenize", "render", "score",
        "convert", "bench", "bench-tokenizer", "train-tokenizer", "doctor", "serve", "keys", "eval",
        "rl", "traces", "guard",
    ]

    @Test("every command explains itself on stdout", arguments: commands)
    func help(command: String) throws {
        let run = try CommandRun([command, "--help"])
        #expect(run.status == 0)
        #expect(run.output.contains("USAGE: retort \(command)"))
        #expect(run.errors.isEmpty)
    }

    @Test("help lists every command, and --version prints a version")
    func overview() throws {
        let help = try CommandRun(["--help"])
        #expect(help.status == 0)
        for command in Self.commands { #expect(help.output.contains("  \(command) ")) }
        let version = try CommandRun(["--version"])
        #expect(version.output.split(separator: ".").count == 3)
    }

    @Test(
        "a wrong command line exits with 2 and says why on stderr",
        arguments: [
            ["frobnicate"], ["chat", "--temperature", "hot"], ["chat", "--max-tokens", "0"],
            ["tokenize"], ["tokenize", "bundled"],
            ["tokenize", "bundled", "--text", "a", "--file", "b"],
            ["detokenize", "bundled", "--ids", "1,x"], ["score", "bundled"],
            ["train-tokenizer", "a.txt", "-o", "b"],
            ["train-tokenizer", "a.txt", "-o", "b", "--vocab-size", "0"],
            ["train-tokenizer", "a.txt", "-o", "b", "--vocab-size", "300", "--eos", "<s>"],
            ["bench", "--prompt-tokens", "0"], ["bench", "--threads", "0"],
            ["convert", "a", "b.gguf", "--type", "q3_k"], ["convert", "a", "b", "--type", "q8_0"],
            ["chat", "--cache-type", "q4_0"], ["chat", "--top-p", "2"],
            ["chat", "--logit-bias", "7"],
            ["eval"], ["eval", "--task", "addition", "--digits", "3y"],
            ["eval", "--task", "addition", "--digits", "19"],
            ["eval", "--task", "addition", "--samples", "2", "--temperature", "0"],
            ["eval", "--task", "addition", "--split", "test"],
            ["guard", "monitor"], ["guard", "monitor", "--log", "a", "--window", "5"],
            ["guard", "monitor", "--log", "a", "--release", "soon"],
            ["guard", "monitor", "--log", "-", "--show-text"],
            ["guard", "appeal", "--key", "a", "--reason", "b", "--audit", "c"],
            ["guard", "appeal", "--key", "a", "--reason", "b", "--audit", "c", "--grant"],
            ["guard", "audit", "verify", "a", "--count", "1"],
            ["guard", "calibrate", "--tuning", "1", "--held-out", "1"],
            ["guard", "simulate", "--seed", "1", "-o", "a", "--shares", "2"],
            ["provenance", "takedown", "a", "--part", "1e-20"],
            ["provenance", "takedown", "a", "--similarity", "0.009"],
            ["provenance", "takedown", "a", "--similarity", "nan"],
            ["provenance", "trace", "a", "--file", "b", "--rarest", "0"],
            ["provenance", "trace", "a", "--file", "b", "--rarest", "inf"],
            ["provenance", "trace", "a", "--file", "b", "--rarest", "1e300"],
            ["provenance", "trace", "a", "--file", "b", "--rarest", "nan"],
            ["chat", "--speculative", "guess"], ["chat", "--speculative", "draft-model"],
            ["chat", "--speculative", "prompt-lookup", "--draft-tokens", "16"],
            ["chat", "--speculative", "prompt-lookup", "--draft-model", "bundled"],
        ])
    func wrongUsage(arguments: [String]) throws {
        let run = try CommandRun(arguments)
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("Error:"))
    }

    @Test("completion scripts are made for each shell", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) throws {
        let run = try CommandRun(["--generate-completion-script", shell])
        #expect(run.status == 0)
        #expect(run.output.contains("tokenize"))
    }
}
