// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HummingbirdTesting
import RetortEngine
import RetortJSON
import RetortServer
import RetortTemplates
import Testing

private let hello: JSONValue = ["messages": [["role": "user", "content": "hi"]]]

private func chat(_ members: [(String, JSONValue)]) -> JSONValue {
    var object = JSONObject([("messages", [["role": "user", "content": "hi"]])])
    for (name, value) in members { object[name] = value }
    return .object(object)
}

@Suite struct ChatTests {
    @Test("an answer has thought and content apart, under both names, and the whole usage")
    func wholeAnswer() async throws {
        let backend = try ScriptedBackend(
            template: ScriptedBackend.thinkingTemplate,
            saying: ["Let", " me", "</think>", "\n\n", "Four", "."])
        try await withServer(backend) { client in
            let response = try await client.post("/v1/chat/completions", hello)
            #expect(response.status == .ok)
            #expect(response.headers[.contentType] == "application/json")
            let json = try response.json()
            #expect(json.at("object") == "chat.completion")
            #expect(json.at("id").stringValue?.hasPrefix("chatcmpl-") == true)
            #expect(json.at("model") == "test")
            let choice = json.at("choices", "0")
            #expect(choice.at("message", "content") == "Four.")
            #expect(choice.at("message", "reasoning_content") == "Let me")
            #expect(choice.at("message", "reasoning") == "Let me")
            #expect(choice["message"]?["refusal"] == .null)
            #expect(choice["logprobs"] == .null)
            #expect(choice.at("finish_reason") == "stop")
            let prompt = "<user>hi<assistant><think>\n".utf8.count
            #expect(
                json.at("usage") == [
                    "prompt_tokens": .integer(Int64(prompt)), "completion_tokens": 6,
                    "total_tokens": .integer(Int64(prompt + 6)),
                    "prompt_tokens_details": ["cached_tokens": 3],
                    "completion_tokens_details": ["reasoning_tokens": 3],
                    "prompt_cache_hit_tokens": 3,
                    "prompt_cache_miss_tokens": .integer(Int64(prompt - 3)),
                ])
        }
    }

    @Test("a stream sends the role, deltas, the finish reason, the usage and DONE in that order")
    func streamOrder() async throws {
        let backend = try ScriptedBackend(
            template: ScriptedBackend.thinkingTemplate,
            saying: ["Hm", "</think>", "\n\n", "Fo", "ur \"x\"\n"])
        try await withServer(backend) { client in
            let response = try await client.post(
                "/v1/chat/completions",
                chat([("stream", true), ("stream_options", ["include_usage": true])]))
            #expect(response.headers[.contentType]?.hasPrefix("text/event-stream") == true)
            #expect(response.headers[.cacheControl] == "no-cache")
            #expect(response.events.last == "[DONE]")
            let chunks = try response.chunks()
            let deltas = chunks.dropLast().map { $0.at("choices", "0", "delta") }
            #expect(
                Array(deltas) == [
                    ["role": "assistant", "content": ""],
                    ["reasoning_content": "Hm", "reasoning": "Hm"],
                    ["content": "Fo"], ["content": "ur \"x\"\n"], [:],
                ])
            let reasons = chunks.dropLast().map { $0.at("choices", "0")["finish_reason"] }
            #expect(Array(reasons) == [.null, .null, .null, .null, "stop"])
            #expect(Set(chunks.map { $0.at("id").stringValue }).count == 1)
            #expect(chunks.allSatisfy { $0.at("object") == "chat.completion.chunk" })
            // Null in all chunks but the last, which has no choices.
            #expect(chunks.dropLast().allSatisfy { $0["usage"] == .null })
            #expect(chunks.last?["choices"] == [])
            #expect(chunks.last?.at("usage", "completion_tokens") == 5)
            #expect(chunks.last?.at("usage", "completion_tokens_details", "reasoning_tokens") == 2)
        }
    }

    @Test("text of every kind comes out of a stream as it went in")
    func escapes() async throws {
        let controls = String(
            String.UnicodeScalarView((0..<0x20).compactMap { UnicodeScalar(UInt8($0)) }))
        let texts = [
            "x" + controls, "\"quoted\" \\ / \u{7F}", "Zoë 数学 👩‍👩‍👧 \u{2028}", "\r\n\ndata: [DONE]\n\n",
        ]
        try await withServer(try ScriptedBackend(saying: texts)) { client in
            let response = try await client.post("/v1/chat/completions", chat([("stream", true)]))
            let content = try response.chunks().compactMap {
                $0.at("choices", "0", "delta", "content").stringValue
            }
            #expect(content == [""] + texts)
        }
    }

    @Test("without include_usage no chunk mentions usage")
    func noUsage() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let response = try await client.post("/v1/chat/completions", chat([("stream", true)]))
            #expect(try response.chunks().allSatisfy { $0["usage"] == nil })
            #expect(try response.chunks().count == 3)
        }
    }

    @Test(
        "n answers have their own indices, seeds and finish reasons, whole or streamed",
        arguments: [false, true])
    func several(streams: Bool) async throws {
        let backend = try ScriptedBackend { request, index in
            ScriptedBackend.steps(request, ["answer", " \(index)"], index == 1 ? .length : .stop)
        }
        try await withServer(backend) { client in
            let response = try await client.post(
                "/v1/chat/completions", chat([("n", 3), ("seed", 7), ("stream", .bool(streams))]))
            var texts = ["", "", ""]
            var reasons = [JSONValue?](repeating: nil, count: 3)
            for json in try response.chunks() + (streams ? [] : [response.json()]) {
                for choice in json.at("choices").arrayValue ?? [] {
                    let index = try #require(choice.at("index").intValue)
                    let part = streams ? choice.at("delta") : choice.at("message")
                    texts[index] += part.at("content").stringValue ?? ""
                    if let reason = choice["finish_reason"], reason != .null {
                        reasons[index] = reason
                    }
                }
            }
            #expect(texts == ["answer 0", "answer 1", "answer 2"])
            #expect(reasons == ["stop", "length", "stop"])
            #expect(backend.requests.map(\.generation.sampling.seed) == [7, 8, 9])
            if !streams {
                #expect(try response.json().at("usage", "completion_tokens") == 6)
            }
        }
    }

    @Test(
        "sampling, stop strings and limits reach the engine; what is left out is the checkpoint's")
    func sampling() async throws {
        var recommended = SamplingParameters()
        recommended.temperature = 0.6
        recommended.topP = 0.95
        let expected = recommended
        let backend = try ScriptedBackend(recommended: recommended) { request, _ in
            ScriptedBackend.steps(request, ["a"])
        }
        try await withServer(backend) { client in
            _ = try await client.post("/v1/chat/completions", hello)
            _ = try await client.post(
                "/v1/chat/completions",
                chat([
                    ("temperature", 0.25), ("top_p", 0.5), ("top_k", -1), ("min_p", 0.125),
                    ("repetition_penalty", 1.5), ("presence_penalty", -1),
                    ("frequency_penalty", 0.5), ("seed", -1),
                    ("logit_bias", ["65": -100, "66": 2]),
                    ("stop", ["x", "yz"]), ("max_tokens", 9), ("max_completion_tokens", 12),
                    ("ignore_eos", true),
                ]))
            let defaults = backend.requests[0].generation
            #expect(defaults.sampling == expected)
            #expect(defaults.maximumTokens == nil)
            let generation = backend.requests[1].generation
            #expect(generation.sampling.temperature == 0.25)
            #expect(generation.sampling.topP == 0.5)
            #expect(generation.sampling.topK == 0)
            #expect(generation.sampling.minP == 0.125)
            #expect(generation.sampling.repetitionPenalty == 1.5)
            #expect(generation.sampling.presencePenalty == -1)
            #expect(generation.sampling.frequencyPenalty == 0.5)
            #expect(generation.sampling.seed == UInt64.max)
            #expect(generation.sampling.logitBias == [65: -100, 66: 2])
            #expect(generation.stopStrings == ["x", "yz"])
            #expect(generation.maximumTokens == 12)
            #expect(generation.ignoresStopTokens)
        }
    }

    @Test(
        "logprobs have token, bytes and as many candidates as asked for", arguments: [false, true])
    func logprobs(streams: Bool) async throws {
        let backend = try ScriptedBackend(
            template: ScriptedBackend.thinkingTemplate, saying: ["t", "</think>", "A", "B"])
        try await withServer(backend) { client in
            let response = try await client.post(
                "/v1/chat/completions",
                chat([("logprobs", true), ("top_logprobs", 2), ("stream", .bool(streams))]))
            let choices =
                try streams
                ? response.chunks().map { $0.at("choices", "0") }
                : [response.json().at("choices", "0")]
            let content = choices.flatMap { $0.at("logprobs", "content").arrayValue ?? [] }
            // The thought's tokens are not the content's.
            #expect(content.map { $0.at("token") } == ["A", "B"])
            #expect(
                content.first == [
                    "token": "A", "logprob": -0.25, "bytes": [65],
                    "top_logprobs": [
                        ["token": "A", "logprob": -0.25, "bytes": [65]],
                        ["token": "B", "logprob": -1.0, "bytes": [66]],
                    ],
                ])
        }
    }

    @Test("an engine that fails before the first byte is a 500, and in a stream an error event")
    func failures() async throws {
        let backend = try ScriptedBackend { request, _ in
            var steps = ScriptedBackend.steps(request, ["a", "b"])
            steps[steps.count - 1] = .event(.failed(EngineError("the machine is on fire")))
            return steps
        }
        try await withServer(backend) { client in
            let whole = try await client.post("/v1/chat/completions", hello)
            #expect(whole.status == .internalServerError)
            #expect(try whole.json().at("error", "message") == "the machine is on fire")
            let stream = try await client.post("/v1/chat/completions", chat([("stream", true)]))
            #expect(stream.status == .ok)
            let last = try #require(try stream.chunks().last)
            #expect(last.at("error", "message") == "the machine is on fire")
            #expect(!stream.events.contains("[DONE]"))
        }
    }
}

/// A thinking setting and what becomes of it.
struct ThinkingCase: Sendable, CustomTestStringConvertible {
    let members: String
    let budget: Int?
    var isOff = false

    var testDescription: String { members }

    static let all: [ThinkingCase] = [
        ThinkingCase(members: "\"seed\":1", budget: nil),
        // Three quarters of what there is, so that an answer always comes.
        ThinkingCase(members: "\"max_tokens\":100", budget: 75),
        ThinkingCase(members: "\"max_tokens\":100,\"thinking_budget\":90", budget: 90),
        ThinkingCase(members: "\"thinking_budget_tokens\":64", budget: 64),
        ThinkingCase(members: "\"thinking_budget_tokens\":-1", budget: nil),
        ThinkingCase(
            members: "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":32}", budget: 32),
        ThinkingCase(members: "\"thinking\":{\"type\":\"disabled\"}", budget: 0, isOff: true),
        ThinkingCase(members: "\"enable_thinking\":false", budget: 0, isOff: true),
        ThinkingCase(members: "\"reasoning_effort\":\"none\"", budget: 0, isOff: true),
        ThinkingCase(members: "\"reasoning_effort\":\"minimal\"", budget: 256),
        ThinkingCase(members: "\"reasoning_effort\":\"low\"", budget: 1024),
        ThinkingCase(members: "\"reasoning_effort\":\"medium\"", budget: 4096),
        ThinkingCase(members: "\"reasoning_effort\":\"high\"", budget: nil),
        ThinkingCase(members: "\"reasoning_effort\":\"low\",\"max_tokens\":100", budget: 75),
        ThinkingCase(members: "\"reasoning_effort\":\"low\",\"thinking_budget\":5", budget: 5),
    ]
}

@Suite struct ThinkingTests {
    @Test(
        "efforts and budgets of all clients become tokens of the thought",
        arguments: ThinkingCase.all)
    func budgets(_ item: ThinkingCase) async throws {
        let template =
            "{{ messages[0].content }}{% if enable_thinking %}<think>{% else %}<think></think>{% endif %}"
        let backend = try ScriptedBackend(template: template, saying: ["a"])
        try await withServer(backend) { client in
            let response = try await client.send(
                "/v1/chat/completions",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\(item.members)}")
            #expect(response.status == .ok)
            let request = try #require(backend.requests.first)
            #expect(request.thinkingBudget == item.budget)
            let prompt = backend.decode(request.generation.prompt)
            #expect(prompt == (item.isOff ? "x<think></think>" : "x<think>"))
        }
    }

    @Test("a model that always thinks closes the thought at once where thinking is off")
    func alwaysThinks() async throws {
        let backend = try ScriptedBackend(
            template: ScriptedBackend.thinkingTemplate, saying: ["</think>", "yes"])
        try await withServer(backend) { client in
            _ = try await client.post(
                "/v1/chat/completions", chat([("reasoning_effort", "none")]))
            #expect(backend.requests.first?.thinkingBudget == 0)
            #expect(backend.requests.first?.reasoning.start == .inside)
        }
    }

    @Test("template variables of the client win over the setting")
    func templateVariables() async throws {
        let backend = try ScriptedBackend(
            template: "{{ enable_thinking }} {{ mood }}", saying: ["a"])
        try await withServer(backend) { client in
            _ = try await client.post(
                "/v1/chat/completions",
                chat([("chat_template_kwargs", ["enable_thinking": "so", "mood": "blue"])]))
            let prompt = try #require(backend.requests.first).generation.prompt
            #expect(backend.decode(prompt) == "so blue")
        }
    }

    @Test("an answer that begins with a prefix goes on behind it and is no thought")
    func prefix() async throws {
        let backend = try ScriptedBackend(
            template: ScriptedBackend.thinkingTemplate, saying: ["\n", "b"])
        try await withServer(backend) { client in
            let response = try await client.post(
                "/v1/chat/completions",
                [
                    "messages": [
                        ["role": "user", "content": "x"],
                        ["role": "assistant", "content": "The answer: a", "prefix": true],
                    ]
                ])
            let request = try #require(backend.requests.first)
            #expect(backend.decode(request.generation.prompt) == "<user>x<assistant>The answer: a")
            #expect(try response.json().at("choices", "0", "message", "content") == "\nb")
        }
    }
}

@Suite struct ToolTests {
    private static let tools: JSONValue = [
        [
            "type": "function",
            "function": [
                "name": "weather",
                "parameters": ["type": "object", "properties": ["city": ["type": "string"]]],
            ],
        ]
    ]
    private static let texts = [
        "Sure.", "\n<tool_call>\n{\"name\": \"weather\", ", "\"arguments\": {\"city\": ",
        "\"Rome\"}}",
        "\n</tool_call>",
    ]

    @Test("a call is an object with the arguments as text, and the reason to end")
    func whole() async throws {
        let backend = try ScriptedBackend(saying: Self.texts)
        try await withServer(backend) { client in
            let response = try await client.post(
                "/v1/chat/completions", chat([("tools", Self.tools)]))
            let choice = try response.json().at("choices", "0")
            #expect(choice.at("finish_reason") == "tool_calls")
            let call = choice.at("message", "tool_calls", "0")
            #expect(call.at("type") == "function")
            #expect(call.at("id").stringValue?.hasPrefix("call_") == true)
            #expect(call.at("function", "name") == "weather")
            let arguments = try #require(call.at("function", "arguments").stringValue)
            #expect(try JSONValue(parsing: arguments) == ["city": "Rome"])
        }
    }

    @Test("a streamed call tells id and name once and then the arguments in parts")
    func streamed() async throws {
        let backend = try ScriptedBackend(saying: Self.texts)
        try await withServer(backend) { client in
            let response = try await client.post(
                "/v1/chat/completions", chat([("tools", Self.tools), ("stream", true)]))
            let chunks = try response.chunks()
            let calls = chunks.map { $0.at("choices", "0", "delta", "tool_calls", "0") }
                .filter { $0 != .null }
            let first = try #require(calls.first)
            #expect(first.at("index") == 0)
            #expect(first.at("function") == ["name": "weather", "arguments": ""])
            #expect(
                calls.dropFirst().allSatisfy { $0["id"] == nil && $0.at("function")["name"] == nil }
            )
            let arguments = calls.compactMap { $0.at("function", "arguments").stringValue }.joined()
            #expect(try JSONValue(parsing: arguments) == ["city": "Rome"])
            #expect(chunks.last?.at("choices", "0", "finish_reason") == "tool_calls")
        }
    }

    @Test("tool_choice none offers no tool, a named one that tool alone")
    func choices() async throws {
        let backend = try ScriptedBackend(saying: ["a"])
        let two: JSONValue = [
            ["type": "function", "function": ["name": "one"]],
            ["type": "function", "function": ["name": "two"]],
        ]
        try await withServer(backend) { client in
            for choice: JSONValue in [
                "none", "required", ["type": "function", "function": ["name": "two"]],
                [
                    "type": "allowed_tools",
                    "allowed_tools": [
                        "mode": "auto",
                        "tools": [["type": "function", "function": ["name": "one"]]],
                    ],
                ],
            ] {
                let response = try await client.post(
                    "/v1/chat/completions", chat([("tools", two), ("tool_choice", choice)]))
                #expect(response.status == .ok)
            }
            let prompts = backend.requests.map { backend.decode($0.generation.prompt) }
            #expect(prompts.map { $0.contains("one") } == [false, true, false, true])
            #expect(prompts.map { $0.contains("two") } == [false, true, true, false])
            let unknown = try await client.post(
                "/v1/chat/completions",
                chat([
                    ("tools", two),
                    ("tool_choice", ["type": "function", "function": ["name": "three"]]),
                ]))
            #expect(unknown.status == .badRequest)
            #expect(try unknown.json().at("error", "param") == "tool_choice")
        }
    }
}
