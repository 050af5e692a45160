// SPDX-License-Identifier: Apache-2.0
//
// The server with the real engine and the model that ships with the package.

import Foundation
import HTTPTypes
import HummingbirdTesting
import RetortEngine
import RetortJSON
import RetortServer
import Testing

@Suite(.serialized) struct EngineBackendTests {
    private static func backend() throws -> EngineBackend {
        var options = InferenceEngine.Options()
        options.contextLength = 512
        return EngineBackend(
            try InferenceEngine(try ReasoningModel(path: try BundledModel.path()), options: options)
        )
    }

    private func question(_ members: [(String, JSONValue)]) -> JSONValue {
        var object = JSONObject([
            ("messages", [["role": "user", "content": "What is 12 + 7?"]]), ("temperature", 0),
            ("max_tokens", 64),
        ])
        for (name, value) in members { object[name] = value }
        return .object(object)
    }

    @Test("a streamed answer is the whole one in parts, and the second time the prompt is cached")
    func chat() async throws {
        try await withServer(try Self.backend()) { client in
            let whole = try await client.post("/v1/chat/completions", question([])).json()
            let message = whole.at("choices", "0", "message")
            let reasoning = try #require(message.at("reasoning_content").stringValue)
            #expect(!reasoning.isEmpty)
            let chunks = try await client.post(
                "/v1/chat/completions",
                question([("stream", true), ("stream_options", ["include_usage": true])])
            ).chunks()
            func joined(_ field: String) -> String {
                chunks.compactMap { $0.at("choices", "0", "delta", field).stringValue }.joined()
            }
            #expect(joined("reasoning_content") == reasoning)
            #expect(joined("content") == message.at("content").stringValue)
            let usage = try #require(chunks.last?["usage"])
            #expect(usage.at("prompt_tokens") == whole.at("usage", "prompt_tokens"))
            #expect(usage.at("completion_tokens") == whole.at("usage", "completion_tokens"))
            #expect(usage.at("completion_tokens_details", "reasoning_tokens").intValue ?? 0 > 0)
        }
    }

    @Test("with a small limit the thought is closed and an answer still comes")
    func budget() async throws {
        try await withServer(try Self.backend()) { client in
            let json = try await client.post(
                "/v1/chat/completions", question([("max_tokens", 20)])
            ).json()
            let reasoning = json.at("usage", "completion_tokens_details", "reasoning_tokens")
            #expect(reasoning.intValue ?? 99 <= 17)
            #expect(json.at("choices", "0", "message", "content").stringValue?.isEmpty == false)
        }
    }

    @Test("an answer is JSON of the schema that is asked for, after a thought")
    func responseFormat() async throws {
        let schema: JSONValue = [
            "type": "object", "additionalProperties": false, "required": ["sum", "sure"],
            "properties": ["sum": ["type": "integer"], "sure": ["type": "boolean"]],
        ]
        let format: JSONValue = [
            "type": "json_schema", "json_schema": ["name": "answer", "schema": schema],
        ]
        try await withServer(try Self.backend()) { client in
            for budget in [4, 60] {
                let json = try await client.post(
                    "/v1/chat/completions",
                    question([
                        ("response_format", format), ("max_tokens", 300),
                        ("thinking_budget", .integer(Int64(budget))),
                    ])
                ).json()
                let message = json.at("choices", "0", "message")
                #expect(message.at("reasoning_content").stringValue?.isEmpty == false)
                let answer = try JSONValue(
                    parsing: Data((message.at("content").stringValue ?? "").utf8))
                #expect(answer.at("sum").doubleValue != nil)
                #expect(answer.at("sure").boolValue != nil)
            }
            let bad: JSONValue = [
                "type": "json_schema",
                "json_schema": ["name": "answer", "schema": ["not": ["type": "null"]]],
            ]
            let refused = try await client.post(
                "/v1/chat/completions", question([("response_format", bad)]))
            #expect(refused.status == .badRequest)
            #expect(try refused.json().at("error", "param").stringValue == "response_format")
        }
    }

    @Test("a response of the Responses API is kept to a schema too", arguments: [true, false])
    func responsesFormat(isStreamed: Bool) async throws {
        let schema: JSONValue = [
            "type": "object", "additionalProperties": false, "required": ["sum"],
            "properties": ["sum": ["type": "integer"]],
        ]
        try await withServer(try Self.backend()) { client in
            let response = try await client.post(
                "/v1/responses",
                [
                    "input": "What is 12 + 7?", "temperature": 0, "max_output_tokens": 300,
                    "stream": .bool(isStreamed),
                    "text": ["format": ["type": "json_schema", "name": "a", "schema": schema]],
                ])
            let json =
                isStreamed
                ? try #require(try response.chunks().last?["response"]) : try response.json()
            let message = json["output"]?.arrayValue?.last { $0["type"] == "message" }
            let text = message?.at("content", "0", "text").stringValue ?? ""
            #expect(try JSONValue(parsing: text).at("sum").doubleValue != nil)
            #expect(json.at("text", "format", "type") == "json_schema")
        }
    }

    @Test("the tokens that have log-probabilities make up the answer to the letter")
    func logprobs() async throws {
        try await withServer(try Self.backend()) { client in
            let asked = question([("logprobs", true), ("top_logprobs", 2)])
            let whole = try await client.post("/v1/chat/completions", asked).json()
            let choice = whole.at("choices", "0")
            func text(_ logprobs: JSONValue) -> String {
                (logprobs["content"]?.arrayValue ?? []).compactMap { $0["token"]?.stringValue }
                    .joined()
            }
            let content = try #require(choice.at("message", "content").stringValue)
            #expect(!content.isEmpty)
            #expect(text(choice.at("logprobs")) == content)
            let chunks = try await client.post(
                "/v1/chat/completions",
                question([("logprobs", true), ("top_logprobs", 2), ("stream", true)])
            ).chunks()
            let parts = chunks.map { text($0.at("choices", "0", "logprobs")) }
            #expect(parts.joined() == content)
        }
    }

    @Test("tokens, scores and embeddings come from the model")
    func others() async throws {
        try await withServer(try Self.backend()) { client in
            let tokens = try await client.post("/tokenize", ["prompt": "What is 3 + 4?"]).json()
            let back = try await client.post("/detokenize", ["tokens": tokens.at("tokens")]).json()
            #expect(back.at("prompt").stringValue?.hasSuffix("What is 3 + 4?") == true)
            let scored = try await client.post(
                "/v1/completions",
                [
                    "prompt": [tokens.at("tokens")], "max_tokens": 1, "echo": true, "logprobs": 1,
                    "temperature": 0,
                ]
            ).json().at("choices", "0", "logprobs")
            let values = try #require(scored.at("token_logprobs").arrayValue)
            #expect(values.count == (tokens.at("count").intValue ?? 0) + 1)
            #expect(values.first == .null)
            #expect(values.dropFirst().allSatisfy { $0.doubleValue ?? 1 <= 0 })
            let embedding = try await client.post("/v1/embeddings", ["input": "three"]).json()
            let vector = (embedding.at("data", "0", "embedding").arrayValue ?? [])
                .compactMap(\.doubleValue)
            #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
        }
    }
}
