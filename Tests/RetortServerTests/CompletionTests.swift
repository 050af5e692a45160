// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import HummingbirdTesting
import RetortEngine
import RetortJSON
import RetortServer
import Testing

private func number(_ value: Int) -> JSONValue { .integer(Int64(value)) }

@Suite struct CompletionTests {
    @Test("a scoring request gets the prompt's log-probabilities and one more token's")
    func echoLogprobs() async throws {
        let backend = try ScriptedBackend(saying: ["!"], finish: .length)
        try await withServer(backend) { client in
            // As lm_eval posts it.
            let response = try await client.post(
                "/v1/completions",
                [
                    "model": "test", "prompt": [[72, 105, 33]], "max_tokens": 1, "logprobs": 1,
                    "echo": true, "temperature": 0, "seed": 1234,
                ])
            let choice = try response.json().at("choices", "0")
            #expect(choice.at("text") == "Hi!!")
            let logprobs = choice.at("logprobs")
            #expect(logprobs.at("tokens") == ["H", "i", "!", "!"])
            #expect(logprobs.at("token_logprobs") == [nil, -0.25, -0.25, -0.25])
            #expect(logprobs.at("text_offset") == [0, 1, 2, 3])
            #expect(
                logprobs.at("top_logprobs") == [
                    nil, ["i": -0.25], ["!": -0.25], ["!": -0.25],
                ])
            // The model may not end there: that would be no token.
            #expect(backend.requests.first?.generation.ignoresStopTokens == true)
            #expect(backend.requests.first?.promptTopLogprobs == 1)
        }
    }

    @Test("max_tokens 0 with echo scores the prompt alone")
    func scoreOnly() async throws {
        let backend = try ScriptedBackend(saying: [], finish: .length)
        try await withServer(backend) { client in
            let response = try await client.post(
                "/v1/completions",
                ["prompt": "ab", "max_tokens": 0, "logprobs": 2, "echo": true])
            let logprobs = try response.json().at("choices", "0", "logprobs")
            #expect(logprobs.at("tokens") == ["a", "b"])
            #expect(logprobs.at("top_logprobs", "1") == ["b": -0.25, "c": -1.0])
            #expect(backend.requests.first?.generation.maximumTokens == 0)
        }
    }

    @Test("several prompts make several choices in order, n for each", arguments: [false, true])
    func prompts(streams: Bool) async throws {
        let backend = try ScriptedBackend { request, _ in
            let last = request.generation.prompt.last ?? 0
            return ScriptedBackend.steps(request, [String(UnicodeScalar(UInt8(last))), "!"])
        }
        try await withServer(backend) { client in
            let response = try await client.post(
                "/v1/completions",
                ["prompt": ["xa", "xb"], "n": 2, "echo": true, "stream": .bool(streams)])
            var texts = ["", "", "", ""]
            for json in streams ? try response.chunks() : [try response.json()] {
                for choice in json.at("choices").arrayValue ?? [] {
                    texts[try #require(choice.at("index").intValue)] +=
                        choice.at("text").stringValue ?? ""
                }
            }
            #expect(texts == ["xaa!", "xaa!", "xbb!", "xbb!"])
            if !streams {
                #expect(
                    try response.json().at("usage", "prompt_tokens") == 4)
                #expect(try response.json().at("usage", "completion_tokens") == 8)
            }
        }
    }

    @Test("more prompts than the engine's queue holds are worked off in groups")
    func manyPrompts() async throws {
        let backend = try ScriptedBackend(saying: ["a"])
        try await withServer(backend) { client in
            let prompts = JSONValue.array((0..<40).map { .string("p\($0)") })
            let response = try await client.post("/v1/completions", ["prompt": prompts])
            #expect(try response.json().at("choices").arrayValue?.count == 40)
        }
    }

    @Test("a streamed completion has text chunks, a finish reason, the usage and DONE")
    func streamed() async throws {
        try await withServer(try ScriptedBackend(saying: ["a", "b"], finish: .length)) { client in
            let response = try await client.post(
                "/v1/completions",
                [
                    "prompt": "x", "stream": true, "stream_options": ["include_usage": true],
                    "logprobs": 1,
                ])
            let chunks = try response.chunks()
            #expect(chunks.map { $0.at("choices", "0", "text") } == ["a", "b", "", .null])
            #expect(chunks[2].at("choices", "0", "finish_reason") == "length")
            #expect(chunks[1].at("choices", "0", "logprobs", "text_offset") == [1])
            #expect(chunks[0]["usage"] == .null)
            #expect(chunks[3].at("usage", "completion_tokens") == 2)
            #expect(response.events.last == "[DONE]")
        }
    }

    @Test("a token that is a part of a character is shown as its bytes")
    func partialCharacter() async throws {
        let backend = try ScriptedBackend { request, _ in
            let half = EngineToken(
                token: 0xE2, text: "", isReasoning: false,
                logprobs: ScriptedBackend.logprobs(0xE2, 1))
            return [.event(.token(half)), .event(.finished(.length, GenerationUsage()))]
        }
        try await withServer(backend) { client in
            let response = try await client.post("/v1/completions", ["prompt": "x", "logprobs": 1])
            let logprobs = try response.json().at("choices", "0", "logprobs")
            #expect(logprobs.at("tokens") == ["bytes:\\xe2"])
        }
    }
}

@Suite struct OtherRouteTests {
    @Test("models are listed and found by name, with slashes or without")
    func models() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let list = try await client.get("/v1/models").json()
            #expect(list.at("object") == "list")
            #expect(list.at("data", "0", "id") == "test")
            #expect(list.at("data", "0", "object") == "model")
            #expect(list.at("data", "0", "max_model_len") == 4096)
            #expect(try await client.get("/v1/models/test").json().at("id") == "test")
            let missing = try await client.get("/v1/models/org/other%20name")
            #expect(missing.status == .notFound)
            #expect(try missing.json().at("error", "code") == "model_not_found")
            #expect(missing.text.contains("org/other name"))
        }
    }

    @Test("a text and a conversation are tokenised, and tokens made a text again")
    func tokens() async throws {
        let backend = try ScriptedBackend(saying: ["a"])
        try await withServer(backend) { client in
            let text = try await client.post(
                "/tokenize", ["prompt": "abc", "return_token_strs": true]
            ).json()
            #expect(
                text == [
                    "count": 3, "max_model_len": 4096, "tokens": [97, 98, 99],
                    "token_strs": ["a", "b", "c"],
                ])
            let messages = try await client.post(
                "/tokenize", ["messages": [["role": "user", "content": "x"]]]
            ).json()
            #expect(messages.at("count") == number("<user>x<assistant>".utf8.count))
            let back = try await client.post("/detokenize", ["tokens": [97, 98]]).json()
            #expect(back == ["prompt": "ab"])
        }
    }

    @Test("embeddings have the length one, as numbers or as base64 of 32-bit floats")
    func embeddings() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let response = try await client.post("/v1/embeddings", ["input": ["ab", "c"]]).json()
            #expect(response.at("object") == "list")
            #expect(response.at("data", "1", "index") == 1)
            #expect(response.at("data", "0", "embedding") == [0.6, 0.0, 0.8, 0.0])
            #expect(response.at("usage") == ["prompt_tokens": 3, "total_tokens": 3])
            let coded = try await client.post(
                "/v1/embeddings", ["input": [97, 98], "encoding_format": "base64"]
            ).json()
            let text = try #require(coded.at("data", "0", "embedding").stringValue)
            let data = try #require(Data(base64Encoded: text))
            #expect(data.count == 16)
            #expect(
                Array(data[0..<4])
                    == withUnsafeBytes(of: Float(0.6).bitPattern.littleEndian) { Array($0) })
        }
        let none = try ScriptedBackend(embeddingLength: nil) { request, _ in
            ScriptedBackend.steps(request, [])
        }
        try await withServer(none) { client in
            let response = try await client.post("/v1/embeddings", ["input": "a"])
            #expect(response.status == .badRequest)
        }
    }

    @Test("metrics have vLLM's names and count answers and their times")
    func metrics() async throws {
        try await withServer(try ScriptedBackend(saying: ["a", "b", "c"])) { client in
            _ = try await client.post(
                "/v1/chat/completions", ["messages": [["role": "user", "content": "x"]]])
            let response = try await client.get("/metrics")
            #expect(response.headers[.contentType]?.hasPrefix("text/plain; version=0.0.4") == true)
            for line in [
                "vllm:num_requests_running{model_name=\"test\"} 1.0",
                "vllm:num_requests_waiting{model_name=\"test\"} 2.0",
                "vllm:kv_cache_usage_perc{model_name=\"test\"} 0.25",
                "vllm:prefix_cache_hits_total{model_name=\"test\"} 10.0",
                "vllm:generation_tokens_total{model_name=\"test\"} 40.0",
                "vllm:request_success_total{finished_reason=\"stop\"} 1.0",
                "vllm:time_to_first_token_seconds_count 1.0",
                "vllm:inter_token_latency_seconds_count 2.0",
                "vllm:e2e_request_latency_seconds_bucket{le=\"+Inf\"} 1.0",
                "# TYPE vllm:e2e_request_latency_seconds histogram",
                "retort:http_responses_total{status=\"200\"} 1.0",
            ] { #expect(response.text.contains(line + "\n"), "\(line)") }
        }
    }

    @Test("DeepSeek's paths without a version answer as well")
    func aliases() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let chat = try await client.post(
                "/chat/completions", ["messages": [["role": "user", "content": "x"]]])
            #expect(chat.status == .ok)
            #expect(try await client.get("/models").status == .ok)
        }
    }
}
