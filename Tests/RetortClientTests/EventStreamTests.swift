// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortClient
import RetortJSON
import TestSupport
import Testing

@Suite("Reading event streams")
struct EventStreamTests {
    private func events(_ text: String, pieces: Int = .max) -> [String] {
        var parser = EventStreamParser()
        let bytes = Array(text.utf8)
        var events: [[UInt8]] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + min(pieces, bytes.count))
            events += parser.take(bytes[start..<end])
            start = end
        }
        if let rest = parser.finish() { events.append(rest) }
        return events.map { String(decoding: $0, as: UTF8.self) }
    }

    private static let mixed =
        "\u{FEFF}data: one\r\n\r\n: a comment\r\ndata:two\r\ndata: more\n\nevent: x\nid: 7\ndata: é€𝄞\r\r"
        + "data\n\nretry: 5\n\ndatabase: no\n\ndata:  spaced \n\n"

    @Test("However the bytes are cut, the events are the same", arguments: [1, 2, 3, 5, 17, 4096])
    func pieces(size: Int) {
        #expect(
            events(Self.mixed, pieces: size) == ["one", "two\nmore", "é€𝄞", "", " spaced "])
    }

    @Test("An event without an empty line at the end is given at the end")
    func unfinished() {
        #expect(events("data: [DONE]") == ["[DONE]"])
        #expect(events("data: [DONE]\n") == ["[DONE]"])
        #expect(events("data: a\n\n\n\n") == ["a"])
        #expect(events("") == [])
        #expect(events(": comment\n") == [])
    }

    @Test("A stream becomes the answer that would have come without it")
    func assembling() throws {
        var assembler = ChatStreamAssembler()
        for chunk in [
            #"{"id":"x","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":null}}]}"#,
            #"{"choices":[{"index":0,"delta":{"reasoning_content":"Let me "}}]}"#,
            #"{"choices":[{"index":0,"delta":{"reasoning":"think"}}]}"#,
            #"{"choices":[{"index":1,"delta":{"content":"other"}}]}"#,
            #"{"choices":[{"index":0,"delta":{"content":"4"},"logprobs":{"content":[{"token":"4","logprob":-0.5,"top_logprobs":[{"token":"5","logprob":-1}]}]}}]}"#,
            #"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0},{"index":1}]}}]}"#,
            #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        ] { try assembler.take(Array(chunk.utf8)) }
        #expect(!assembler.isComplete)
        try assembler.take(
            Array(#"{"choices":[{"index":1,"delta":{},"finish_reason":"length"}]}"#.utf8))
        #expect(assembler.isComplete)
        try assembler.take(
            Array(
                #"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5,"prompt_cache_hit_tokens":2}}"#
                    .utf8))
        try assembler.take(Array("[DONE]".utf8))
        let answer = try ChatCompletion(parsing: Array(assembler.json.text().utf8))
        #expect(answer.id == "x")
        #expect(answer.model == "m-1")
        #expect(answer.choices.map(\.content) == ["4", "other"])
        #expect(answer.choices[0].reasoning == "Let me think")
        #expect(answer.choices.map(\.finishReason) == ["stop", "length"])
        #expect(answer.choices[0].toolCallCount == 2)
        #expect(answer.choices[0].logprobs.first?.alternatives.first?.token == "5")
        #expect(
            answer.usage == TokenUsage(promptTokens: 3, cachedTokens: 2, completionTokens: 5))
    }

    @Test(
        "Broken chunks are errors that quote nothing", arguments: try lines("broken-chunks.jsonl"))
    func brokenChunks(line: String) throws {
        let chunk = try #require(try JSONValue(parsing: line).stringValue)
        var assembler = ChatStreamAssembler()
        let error = #expect(throws: ClientError.self) {
            try assembler.take(Array(chunk.utf8))
        }
        #expect(error?.kind == .badAnswer)
        #expect(error?.description.contains("SECRET") == false)
    }

    @Test("Damaged streams never trap", arguments: 1...20)
    func damaged(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let good =
            #"data: {"choices":[{"index":0,"delta":{"content":"x","tool_calls":[{"index":1}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#
            + "\n\ndata: [DONE]\n\n"
        for _ in 0..<200 {
            var bytes = Array(good.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                bytes[position] = UInt8.random(in: 0...255, using: &random)
            }
            var parser = EventStreamParser()
            var assembler = ChatStreamAssembler()
            for event in parser.take(bytes) { try? assembler.take(event) }
            _ = try? ChatCompletion(parsing: Array(assembler.json.text().utf8))
        }
    }
}

/// The lines of a fixture.
func lines(_ name: String) throws -> [String] {
    try String(contentsOf: fixture(name), encoding: .utf8)
        .split(separator: "\n").map { String($0) }
}
