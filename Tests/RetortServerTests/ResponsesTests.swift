// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HummingbirdTesting
import RetortEngine
import RetortJSON
import RetortServer
import Testing

private let tools: JSONValue = [
    [
        "type": "function", "name": "weather",
        "parameters": ["type": "object", "properties": ["city": ["type": "string"]]],
    ]
]
private let thought = ["Hm", "</think>", "\n\n"]
private let call = [
    "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call>"
]

@Suite struct ResponsesTests {
    private func thinking(_ texts: [String], _ finish: FinishReason = .stop) throws
        -> ScriptedBackend
    {
        try ScriptedBackend(
            template: ScriptedBackend.thinkingTemplate, saying: texts, finish: finish)
    }

    @Test("a response has its thought, message and calls as items, and what was asked")
    func items() async throws {
        try await withServer(try thinking(thought + ["Look", ".\n"] + call)) { client in
            let json = try await client.post(
                "/v1/responses",
                [
                    "model": "test", "input": "x", "instructions": "Be kind", "tools": tools,
                    "temperature": 0.5, "metadata": ["a": "b"],
                ]
            ).json()
            #expect(json.at("object") == "response")
            #expect(json.at("status") == "completed")
            #expect(json.at("instructions") == "Be kind")
            #expect(json.at("temperature") == 0.5)
            #expect(json.at("metadata") == ["a": "b"])
            #expect(json.at("tools") == tools)
            let output = json.at("output")
            #expect(
                (output.arrayValue ?? []).map { $0.at("type") } == [
                    "reasoning", "message", "function_call",
                ])
            #expect(output.at("0", "content", "0") == ["type": "reasoning_text", "text": "Hm"])
            #expect(output.at("1", "content", "0", "text").stringValue?.hasPrefix("Look.") == true)
            #expect(output.at("2", "name") == "weather")
            #expect(output.at("2", "call_id").stringValue?.hasPrefix("call_") == true)
            let arguments = try #require(output.at("2", "arguments").stringValue)
            #expect(try JSONValue(parsing: arguments) == ["city": "Rome"])
            #expect(json.at("usage", "output_tokens_details", "reasoning_tokens") == 2)
            #expect(json.at("usage", "input_tokens_details", "cached_tokens") == 3)
        }
    }

    @Test("an answer that was cut off is incomplete and says why")
    func incomplete() async throws {
        let backend = try thinking(["Hm"], .length)
        try await withServer(backend) { client in
            let json = try await client.post(
                "/v1/responses", ["input": "x", "max_output_tokens": 40]
            ).json()
            #expect(json.at("status") == "incomplete")
            #expect(json.at("incomplete_details", "reason") == "max_output_tokens")
            #expect(backend.requests.first?.generation.maximumTokens == 40)
            #expect(backend.requests.first?.thinkingBudget == 30)
        }
    }

    @Test("a streamed response tells of each item's beginning, growth and end")
    func streamed() async throws {
        try await withServer(try thinking(thought + ["A", "B"] + call)) { client in
            let response = try await client.post(
                "/v1/responses", ["input": "x", "stream": true, "tools": tools])
            let events = try response.chunks()
            let types = events.compactMap { $0.at("type").stringValue }
            // Every event's line names its type.
            let lines = response.text.split(separator: "\n").filter { $0.hasPrefix("event: ") }
            #expect(lines.map { String($0.dropFirst(7)) } == types)
            #expect(
                types == [
                    "response.created", "response.in_progress", "response.output_item.added",
                    "response.reasoning_text.delta", "response.reasoning_text.done",
                    "response.output_item.done", "response.output_item.added",
                    "response.content_part.added", "response.output_text.delta",
                    "response.output_text.delta", "response.output_text.done",
                    "response.content_part.done", "response.output_item.done",
                    "response.output_item.added", "response.function_call_arguments.delta",
                    "response.function_call_arguments.done", "response.output_item.done",
                    "response.completed",
                ])
            #expect(
                events.map { $0.at("sequence_number").intValue } == Array(0..<events.count))
            #expect(events.map { $0["output_index"]?.intValue }.compactMap { $0 }.max() == 2)
            let last = try #require(events.last?["response"])
            #expect(last.at("output").arrayValue?.count == 3)
            #expect(last.at("output", "1", "content", "0", "text") == "AB")
        }
    }

    @Test("a later request goes on from an earlier response, with its calls' results")
    func previous() async throws {
        let backend = try ScriptedBackend { request, index in
            ScriptedBackend.steps(request, index == 0 ? call : ["Sunny"])
        }
        try await withServer(backend) { client in
            let first = try await client.post(
                "/v1/responses", ["input": "weather?", "tools": tools]
            ).json()
            let id = try #require(first.at("id").stringValue)
            let callID = first.at("output", "0", "call_id")
            #expect(try await client.get("/v1/responses/\(id)").json() == first)
            let second = try await client.post(
                "/v1/responses",
                [
                    "previous_response_id": .string(id), "tools": tools,
                    "input": [
                        ["type": "function_call_output", "call_id": callID, "output": "hot"]
                    ],
                ]
            ).json()
            #expect(second.at("previous_response_id") == .string(id))
            let prompt = backend.decode(try #require(backend.requests.last).generation.prompt)
            #expect(prompt.hasPrefix("<user>weather?<assistant>"))
            #expect(prompt.contains("<tool>hot"))
            let gone = try await client.send("/v1/responses/\(id)", "", method: .delete)
            #expect(try gone.json().at("deleted") == true)
            #expect(try await client.get("/v1/responses/\(id)").status == .notFound)
        }
    }

    @Test("store false keeps nothing")
    func notStored() async throws {
        try await withServer(try thinking(["a"])) { client in
            let json = try await client.post(
                "/v1/responses", ["input": "x", "store": false]
            ).json()
            let id = try #require(json.at("id").stringValue)
            #expect(try await client.get("/v1/responses/\(id)").status == .notFound)
        }
    }

    @Test("an engine that fails ends a stream with response.failed")
    func failure() async throws {
        let backend = try ScriptedBackend { request, _ in
            [.event(.failed(EngineError("no memory")))]
        }
        try await withServer(backend) { client in
            let events = try await client.post("/v1/responses", ["input": "x", "stream": true])
                .chunks()
            #expect(events.last?.at("type") == "response.failed")
            #expect(events.last?.at("response", "error", "message") == "no memory")
            #expect(try await client.post("/v1/responses", ["input": "x"]).status.code == 500)
        }
    }
}

@Suite struct MessagesTests {
    private let question: JSONValue = [
        "model": "test", "max_tokens": 50, "messages": [["role": "user", "content": "x"]],
    ]
    private let anthropicTools: JSONValue = [
        [
            "name": "weather", "description": "d",
            "input_schema": ["type": "object", "properties": ["city": ["type": "string"]]],
        ]
    ]

    private func with(_ members: [(String, JSONValue)]) -> JSONValue {
        var object = question.objectValue ?? JSONObject()
        for (name, value) in members { object[name] = value }
        return .object(object)
    }

    private func thinking(_ texts: [String], _ finish: FinishReason = .stop) throws
        -> ScriptedBackend
    {
        try ScriptedBackend(
            template: ScriptedBackend.thinkingTemplate, saying: texts, finish: finish)
    }

    @Test("an answer has thinking, text and tool_use blocks, and input without what was cached")
    func whole() async throws {
        let backend = try thinking(thought + ["Look.\n"] + call)
        try await withServer(backend) { client in
            let json = try await client.post("/v1/messages", with([("tools", anthropicTools)]))
                .json()
            #expect(json.at("type") == "message")
            #expect(json.at("role") == "assistant")
            #expect(json.at("content", "0", "type") == "thinking")
            #expect(json.at("content", "0", "thinking") == "Hm")
            #expect(json.at("content", "1", "text").stringValue?.hasPrefix("Look.") == true)
            #expect(json.at("content", "2", "type") == "tool_use")
            #expect(json.at("content", "2", "input") == ["city": "Rome"])
            #expect(json.at("stop_reason") == "tool_use")
            let prompt = try #require(backend.requests.first).generation.prompt.count
            #expect(json.at("usage", "input_tokens").intValue == prompt - 3)
            #expect(json.at("usage", "cache_read_input_tokens") == 3)
        }
    }

    @Test("a streamed answer starts, fills and stops its blocks in order")
    func streamed() async throws {
        try await withServer(try thinking(thought + ["A", "B"] + call)) { client in
            let response = try await client.post(
                "/v1/messages", with([("stream", true), ("tools", anthropicTools)]))
            let events = try response.chunks()
            #expect(
                events.compactMap { $0.at("type").stringValue } == [
                    "message_start", "ping", "content_block_start", "content_block_delta",
                    "content_block_delta", "content_block_stop", "content_block_start",
                    "content_block_delta", "content_block_delta", "content_block_stop",
                    "content_block_start", "content_block_delta", "content_block_stop",
                    "message_delta", "message_stop",
                ])
            #expect(events[0].at("message", "usage", "cache_read_input_tokens") == 3)
            let deltas = events.map { $0.at("delta", "type") }.filter { $0 != .null }
            #expect(
                deltas == [
                    "thinking_delta", "signature_delta", "text_delta", "text_delta",
                    "input_json_delta",
                ])
            #expect(
                events.compactMap { $0["index"]?.intValue } == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
            #expect(events[13].at("delta", "stop_reason") == "tool_use")
            #expect(events[13].at("usage", "output_tokens") == 6)
        }
    }

    @Test("an answer at its limit stops for max_tokens; the thought gets no more than its budget")
    func limits() async throws {
        let backend = try thinking(thought + ["A"], .length)
        try await withServer(backend) { client in
            let json = try await client.post(
                "/v1/messages",
                with([("thinking", ["type": "enabled", "budget_tokens": 20])])
            ).json()
            #expect(json.at("stop_reason") == "max_tokens")
            #expect(backend.requests.first?.thinkingBudget == 20)
            _ = try await client.post(
                "/v1/messages", with([("thinking", ["type": "disabled"])]))
            #expect(backend.requests.last?.thinkingBudget == 0)
        }
    }

    @Test("an answer that a stop string ended says so, and with which", arguments: [true, false])
    func stopSequence(isStreamed: Bool) async throws {
        let backend = try ScriptedBackend { request, _ in
            ScriptedBackend.steps(request, ["A"], stopString: "END")
        }
        try await withServer(backend) { client in
            let response = try await client.post(
                "/v1/messages",
                with([("stop_sequences", ["END"]), ("stream", .bool(isStreamed))]))
            let end: JSONValue
            if isStreamed {
                let events = try response.chunks()
                end = try #require(events.compactMap { $0["delta"] }.last)
            } else {
                end = try response.json()
            }
            #expect(end.at("stop_reason") == "stop_sequence")
            #expect(end.at("stop_sequence") == "END")
            #expect(backend.requests.first?.generation.stopStrings == ["END"])
        }
    }

    @Test("system, tool results and the start of the answer become messages")
    func conversation() async throws {
        let backend = try ScriptedBackend(saying: ["a"])
        try await withServer(backend) { client in
            _ = try await client.post(
                "/v1/messages",
                [
                    "max_tokens": 5, "system": [["type": "text", "text": "S"]],
                    "messages": [
                        ["role": "user", "content": "q"],
                        [
                            "role": "assistant",
                            "content": [
                                ["type": "thinking", "thinking": "t", "signature": "s"],
                                [
                                    "type": "tool_use", "id": "toolu_1", "name": "f",
                                    "input": ["a": 1],
                                ],
                            ],
                        ],
                        [
                            "role": "user",
                            "content": [
                                [
                                    "type": "tool_result", "tool_use_id": "toolu_1",
                                    "content": [["type": "text", "text": "r"]],
                                ], ["type": "text", "text": "and?"],
                            ],
                        ],
                        ["role": "assistant", "content": "So"],
                    ],
                ])
            let prompt = backend.decode(try #require(backend.requests.first).generation.prompt)
            #expect(prompt.hasPrefix("<system>S<user>q<assistant>"))
            #expect(prompt.hasSuffix("<tool>r<user>and?<assistant>So"))
        }
    }

    @Test("tokens are counted without an answer and without a limit")
    func count() async throws {
        let backend = try ScriptedBackend(saying: ["a"])
        try await withServer(backend) { client in
            let json = try await client.post(
                "/v1/messages/count_tokens", ["messages": [["role": "user", "content": "x"]]]
            ).json()
            #expect(json.at("input_tokens").intValue == "<user>x<assistant>".utf8.count)
            #expect(backend.requests.isEmpty)
        }
    }

    @Test(
        "errors have Anthropic's shape",
        arguments: [
            ("{", 400, "invalid_request_error"),
            (
                "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", 400,
                "invalid_request_error"
            ),
            (
                "{\"max_tokens\":5,\"messages\":[{\"role\":\"system\",\"content\":\"x\"}]}", 400,
                "invalid_request_error"
            ),
            (
                "{\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\"}]}]}",
                400, "invalid_request_error"
            ),
            (
                "{\"max_tokens\":5,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":5},\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}",
                400, "invalid_request_error"
            ),
            (
                "{\"model\":\"claude\",\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}",
                404, "not_found_error"
            ),
        ])
    func errors(body: String, status: Int, type: String) async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let response = try await client.send("/v1/messages", body)
            #expect(response.status.code == status)
            let json = try response.json()
            #expect(json.at("type") == "error")
            #expect(json.at("error", "type").stringValue == type)
            #expect(json.at("request_id").stringValue?.hasPrefix("req_") == true)
        }
    }

    @Test("an engine that fails ends a stream with an error event")
    func failure() async throws {
        let backend = try ScriptedBackend { request, _ in
            [.event(.failed(EngineError("no memory")))]
        }
        try await withServer(backend) { client in
            let events = try await client.post("/v1/messages", with([("stream", true)])).chunks()
            #expect(events.last?.at("type") == "error")
            #expect(events.last?.at("error", "message") == "no memory")
        }
    }
}
