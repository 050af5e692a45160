// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import TestSupport
import Testing

@Suite struct SpeculationCommandTests {
    private static let names = [
        "drafted_tokens", "accepted_tokens", "acceptance_rate", "verification_passes",
    ]

    @Test(
        "an answer is the same with speculation, whose statistics are shown only then",
        arguments: [
            ["--speculative", "prompt-lookup", "--draft-tokens", "4"],
            ["--draft-model", "bundled"],
        ])
    func chat(arguments: [String]) throws {
        for sampling in [[], ["--temperature", "1", "--seed", "3", "--max-tokens", "60"]] {
            let question = ["chat", "--json", "-p", "What is 417 * 386?"] + sampling
            let plain = try JSONValue(parsing: try CommandRun(question).output)
            let result = try JSONValue(parsing: try CommandRun(question + arguments).output)
            for name in ["reasoning", "answer", "finish_reason"] {
                #expect(result[name] == plain[name])
            }
            #expect(result["usage"]?["total_tokens"] == plain["usage"]?["total_tokens"])
            for name in Self.names {
                #expect(plain["usage"]?[name] == nil)
                #expect(result["usage"]?[name] != nil)
            }
            let none = try CommandRun(question + ["--speculative", "none"])
            #expect(try JSONValue(parsing: none.output)["usage"]?[Self.names[0]] == nil)
        }
    }

    @Test("a draft model with another vocabulary is refused before the conversation begins")
    func vocabulary() throws {
        let weights = fixture("").deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("RetortModelsTests/Fixtures/llama-mha").path
        let run = try CommandRun(["chat", "-p", "1 + 1", "--draft-model", weights])
        #expect(run.isOneLineError)
        let missing = try CommandRun(["chat", "-p", "1 + 1", "--draft-model", "/no/such.gguf"])
        #expect(missing.isOneLineError)
    }

    @Test("bench replays token ids and reports the speed with and without guesses")
    func bench() throws {
        let ids = (0..<300).map { String($0 % 30 + 5) }.joined(separator: " ")
        let arguments = [
            "bench", "--speculative", "prompt-lookup", "--repetitions", "1", "--json", "--replay",
            "-",
        ]
        let run = try CommandRun(arguments, input: Array(ids.utf8))
        #expect(run.status == 0)
        let result = try JSONValue(parsing: run.output)
        for name in ["plain_tokens_per_second", "speculative_tokens_per_second", "speedup"] {
            #expect((result[name]?.doubleValue ?? 0) > 0)
        }
        #expect(result["gen_tokens"]?.intValue == 128 && result["prompt_tokens"]?.intValue == 172)
        // A text that goes in a circle is guessed.
        let drafted = try #require(result["drafted_tokens"]?.intValue)
        #expect(drafted > 0 && result["accepted_tokens"]?.intValue == drafted)
        #expect(result["pass_costs"]?["1"] != nil && result["pass_costs"]?["16"] != nil)
        for input in ["", "1 2 x", "1 2 3", String(repeating: "9999999 ", count: 200)] {
            #expect(try CommandRun(arguments, input: Array(input.utf8)).isOneLineError)
        }
        let alone = try CommandRun(["bench", "--replay", "-"], input: Array(ids.utf8))
        #expect(alone.isOneLineError)
    }
}
