// SPDX-License-Identifier: Apache-2.0

import RetortClient
import RetortJSON
import TestSupport
import Testing

@Suite("Reading answers")
struct AnswerTests {
    private static let good = #"""
        {"id":"chatcmpl-1","object":"chat.completion","model":"deepseek-reasoner","choices":[{"index":0,
        "message":{"role":"assistant","content":"42","reasoning_content":"6 * 7"},"finish_reason":"stop",
        "logprobs":{"content":[{"token":"42","logprob":-0.01,"bytes":[52,50],"top_logprobs":
        [{"token":"42","logprob":-0.01},{"token":"43","logprob":-5}]}]}}],
        "usage":{"prompt_tokens":11,"completion_tokens":9,"total_tokens":20,
        "prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":6}}}
        """#

    @Test("A whole answer gives all that it has")
    func whole() throws {
        let body = Array(Self.good.utf8)
        let answer = try ChatCompletion(parsing: body)
        #expect(answer.id == "chatcmpl-1")
        #expect(answer.model == "deepseek-reasoner")
        #expect(answer.body == body)
        let choice = try #require(answer.choices.first)
        #expect(choice.content == "42")
        #expect(choice.reasoning == "6 * 7")
        #expect(choice.finishReason == "stop")
        #expect(choice.logprobs.map(\.token) == ["42"])
        #expect(choice.logprobs[0].alternatives.map(\.logprob) == [-0.01, -5])
        #expect(
            answer.usage
                == TokenUsage(
                    promptTokens: 11, cachedTokens: 8, completionTokens: 9, reasoningTokens: 6))
    }

    @Test(
        "Thoughts are found under each name",
        arguments: [
            (#""reasoning":"r""#, "r"), (#""reasoning_content":"c","reasoning":"r""#, "c"),
            (#""reasoning_content":null,"reasoning":"r""#, "r"), (#""other":1"#, ""),
        ])
    func reasoning(member: String, expected: String) throws {
        let body = #"{"choices":[{"message":{"content":null,\#(member)}}]}"#
        let choice = try ChatCompletion(parsing: Array(body.utf8)).choices[0]
        #expect(choice.reasoning == expected)
        #expect(choice.content == "")
        #expect(choice.finishReason == nil)
    }

    @Test("Tool calls, refusals and contents in parts are noticed")
    func parts() throws {
        let body =
            #"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"x"},{"type":"text","text":"b"}],"tool_calls":[{"id":"1"}],"refusal":"no"},"finish_reason":"tool_calls"}]}"#
        let choice = try ChatCompletion(parsing: Array(body.utf8)).choices[0]
        #expect(choice.content == "ab")
        #expect(choice.toolCallCount == 1)
        #expect(choice.refusal == "no")
    }

    @Test(
        "Counts that make no sense are no counts",
        arguments: [
            #"{"prompt_tokens":-1,"completion_tokens":2}"#,
            #"{"prompt_tokens":9223372036854775807,"completion_tokens":2}"#,
            #"{"prompt_tokens":1.5,"completion_tokens":2}"#, #"{"prompt_tokens":1}"#, "[]", "3",
        ])
    func absurdUsage(usage: String) throws {
        let body = #"{"choices":[{"message":{"content":"x"}}],"usage":\#(usage)}"#
        #expect(try ChatCompletion(parsing: Array(body.utf8)).usage == nil)
    }

    @Test(
        "Broken answers are errors that quote nothing", arguments: try lines("broken-answers.jsonl")
    )
    func broken(line: String) throws {
        let body = try #require(try JSONValue(parsing: line).stringValue)
        let error = #expect(throws: ClientError.self) {
            _ = try ChatCompletion(parsing: Array(body.utf8))
        }
        #expect(error?.kind == .badAnswer)
        #expect(error?.description.contains("SECRET") == false)
    }

    @Test("Damaged answers never trap", arguments: 1...20)
    func damaged(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            var bytes = Array(Self.good.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: position)
                default: bytes.removeSubrange(position...)
                }
                if bytes.isEmpty { break }
            }
            _ = try? ChatCompletion(parsing: bytes)
        }
    }
}
