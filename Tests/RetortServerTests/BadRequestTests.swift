// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HummingbirdTesting
import NIOCore
import RetortEngine
import RetortJSON
import RetortServer
import Testing

/// A request that is the client's fault, and what it gets.
struct BadRequest: Sendable, CustomTestStringConvertible {
    var path = "/v1/chat/completions"
    var body: String
    var status = 400
    var param: String?
    var code: String

    var testDescription: String { "\(path) \(body.prefix(120))" }

    /// A chat with these members beside its messages.
    static func chat(_ members: String, _ param: String?, _ code: String = "invalid_value")
        -> BadRequest
    {
        BadRequest(
            body:
                "{\"model\":\"test\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\(members)}",
            param: param, code: code)
    }

    static func messages(_ messages: String, _ param: String, _ code: String = "invalid_value")
        -> BadRequest
    {
        BadRequest(body: "{\"messages\":\(messages)}", param: param, code: code)
    }

    static func completion(_ members: String, _ param: String, _ code: String = "invalid_value")
        -> BadRequest
    {
        BadRequest(path: "/v1/completions", body: "{\(members)}", param: param, code: code)
    }

    static let chats: [BadRequest] = [
        BadRequest(body: "{\"messages\": [", param: nil, code: "invalid_json"),
        BadRequest(body: "", param: nil, code: "invalid_json"),
        BadRequest(body: "[]", param: nil, code: "invalid_json"),
        BadRequest(body: "{}", param: "messages", code: "missing_required_parameter"),
        BadRequest(
            body: "{\"messages\":null}", param: "messages", code: "missing_required_parameter"),
        messages("[]", "messages", "empty_array"),
        messages("\"hi\"", "messages", "invalid_type"),
        messages("[1]", "messages[0]", "invalid_type"),
        messages("[{\"content\":\"x\"}]", "messages[0].role", "missing_required_parameter"),
        messages("[{\"role\":\"robot\",\"content\":\"x\"}]", "messages[0].role"),
        messages("[{\"role\":\"user\"}]", "messages[0].content", "missing_required_parameter"),
        messages("[{\"role\":\"user\",\"content\":5}]", "messages[0].content", "invalid_type"),
        messages(
            "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{}}]}]",
            "messages[0].content[0].type", "unsupported_content"),
        messages(
            "[{\"role\":\"tool\",\"content\":\"x\"}]", "messages[0].tool_call_id",
            "missing_required_parameter"),
        messages(
            "[{\"role\":\"assistant\",\"content\":\"x\",\"prefix\":true},{\"role\":\"user\",\"content\":\"y\"}]",
            "messages[0].prefix"),
        messages(
            "[{\"role\":\"user\",\"content\":\"x\",\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}]",
            "messages[0].tool_calls"),
        chat("\"temperature\":\"hot\"", "temperature", "invalid_type"),
        chat("\"temperature\":2.5", "temperature"),
        chat("\"temperature\":-1", "temperature"),
        chat("\"top_p\":1.5", "top_p"),
        chat("\"top_k\":1.5", "top_k", "invalid_type"),
        chat("\"min_p\":-0.1", "min_p"),
        chat("\"repetition_penalty\":0", "repetition_penalty"),
        chat("\"presence_penalty\":3", "presence_penalty"),
        chat("\"frequency_penalty\":-3", "frequency_penalty"),
        chat("\"max_tokens\":0", "max_tokens"),
        chat("\"max_tokens\":1e30", "max_tokens"),
        chat("\"max_completion_tokens\":-5", "max_completion_tokens"),
        chat("\"n\":0", "n"),
        chat("\"n\":1000", "n"),
        chat("\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]", "stop"),
        chat("\"stop\":[1]", "stop[0]", "invalid_type"),
        chat("\"stop\":\"\"", "stop"),
        chat("\"seed\":\"x\"", "seed", "invalid_type"),
        chat("\"stream\":1", "stream", "invalid_type"),
        chat("\"stream_options\":{\"include_usage\":true}", "stream_options"),
        chat("\"top_logprobs\":3", "top_logprobs"),
        chat("\"logprobs\":true,\"top_logprobs\":21", "top_logprobs"),
        chat("\"logprobs\":5", "logprobs", "invalid_type"),
        chat("\"logit_bias\":{\"a\":1}", "logit_bias"),
        chat("\"logit_bias\":{\"1\":101}", "logit_bias.1"),
        chat("\"logit_bias\":{\"256\":1}", "logit_bias"),
        chat("\"reasoning_effort\":\"extreme\"", "reasoning_effort"),
        chat("\"thinking\":{\"type\":\"maybe\"}", "thinking.type"),
        chat("\"thinking\":{\"budget_tokens\":-1}", "thinking.budget_tokens"),
        chat("\"thinking_budget\":-1", "thinking_budget"),
        chat("\"chat_template_kwargs\":[]", "chat_template_kwargs", "invalid_type"),
        chat("\"tools\":[{\"type\":\"web\"}]", "tools[0].type"),
        chat(
            "\"tools\":[{\"type\":\"function\",\"function\":{}}]", "tools[0].function.name",
            "missing_required_parameter"),
        chat(
            "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a b\"}}]",
            "tools[0].function.name"),
        chat("\"tool_choice\":\"auto\"", "tool_choice"),
        chat("\"functions\":[]", "functions", "unsupported_parameter"),
        chat(
            "\"response_format\":{\"type\":\"xml\"}", "response_format.type",
            "invalid_value"),
    ]

    static let others: [BadRequest] = [
        BadRequest(
            path: "/v1/completions", body: "{}", param: "prompt", code: "missing_required_parameter"
        ),
        completion("\"prompt\":5", "prompt", "invalid_type"),
        completion("\"prompt\":[]", "prompt", "invalid_type"),
        completion("\"prompt\":[\"a\",1]", "prompt", "invalid_type"),
        completion("\"prompt\":[1,300]", "prompt[1]"),
        completion("\"prompt\":[1,\"a\"]", "prompt[1]", "invalid_type"),
        completion("\"prompt\":\"\"", "prompt"),
        completion("\"prompt\":\"a\",\"suffix\":\"b\"", "suffix", "unsupported_parameter"),
        completion("\"prompt\":\"a\",\"best_of\":3", "best_of", "unsupported_parameter"),
        completion("\"prompt\":\"a\",\"max_tokens\":0", "max_tokens"),
        completion("\"prompt\":\"a\",\"logprobs\":true", "logprobs", "invalid_type"),
        BadRequest(
            path: "/v1/embeddings", body: "{}", param: "input", code: "missing_required_parameter"),
        BadRequest(
            path: "/v1/embeddings", body: "{\"input\":\"a\",\"dimensions\":3}", param: "dimensions",
            code: "invalid_value"),
        BadRequest(
            path: "/v1/embeddings", body: "{\"input\":\"a\",\"encoding_format\":\"hex\"}",
            param: "encoding_format", code: "invalid_value"),
        BadRequest(
            path: "/tokenize", body: "{}", param: "prompt", code: "missing_required_parameter"),
        BadRequest(
            path: "/detokenize", body: "{}", param: "tokens", code: "missing_required_parameter"),
        BadRequest(
            path: "/detokenize", body: "{\"tokens\":[-1]}", param: "tokens[0]",
            code: "invalid_value"),
        BadRequest(
            path: "/v1/responses", body: "{}", param: "input", code: "missing_required_parameter"),
        BadRequest(
            path: "/v1/responses", body: "{\"input\":[{\"type\":\"item_reference\"}]}",
            param: "input[0].type", code: "unsupported_content"),
        BadRequest(
            path: "/v1/responses", body: "{\"input\":\"x\",\"background\":true}",
            param: "background",
            code: "unsupported_parameter"),
        BadRequest(
            path: "/v1/responses",
            body: "{\"input\":\"x\",\"conversation\":\"conv_1\"}",
            param: "conversation", code: "unsupported_parameter"),
        BadRequest(
            path: "/v1/responses",
            body: "{\"input\":\"x\",\"top_logprobs\":2}",
            param: "top_logprobs", code: "unsupported_parameter"),
        BadRequest(
            path: "/v1/responses",
            body: "{\"input\":\"x\",\"text\":{\"format\":{\"type\":\"xml\"}}}",
            param: "text.format.type", code: "invalid_value"),
        BadRequest(
            path: "/v1/responses",
            body: "{\"input\":\"x\",\"text\":{\"format\":{\"type\":\"json_schema\"}}}",
            param: "text.format.schema", code: "missing_required_parameter"),
        BadRequest(
            path: "/v1/responses", body: "{\"input\":\"x\",\"previous_response_id\":\"resp_x\"}",
            status: 404, param: "previous_response_id", code: "not_found"),
        BadRequest(
            body: "{\"model\":\"gpt\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}",
            status: 404, param: "model", code: "model_not_found"),
        BadRequest(
            body:
                "{\"messages\":[{\"role\":\"user\",\"content\":\"\(String(repeating: "x", count: 5000))\"}]}",
            param: "messages", code: "context_length_exceeded"),
        BadRequest(
            path: "/v1/completions",
            body: "{\"prompt\":\"\(String(repeating: "x", count: 5000))\"}",
            param: "prompt", code: "context_length_exceeded"),
    ]
}

@Suite struct BadRequestTests {
    @Test(
        "a request that is the client's fault gets its status and names the field",
        arguments: BadRequest.chats + BadRequest.others)
    func table(_ bad: BadRequest) async throws {
        let backend = try ScriptedBackend(saying: ["a"])
        try await withServer(backend) { client in
            let response = try await client.send(bad.path, bad.body)
            let error = try response.json().at("error")
            #expect(response.status.code == bad.status)
            #expect(error.at("param").stringValue == bad.param)
            #expect(error.at("code").stringValue == bad.code)
            #expect(error.at("message").stringValue?.isEmpty == false)
            #expect(error.at("type").stringValue?.isEmpty == false)
            #expect(backend.requests.isEmpty)
        }
    }

    @Test("a conversation that the template refuses is the client's fault")
    func templateRefusal() async throws {
        let backend = try ScriptedBackend(
            template: "{{ raise_exception('roles must alternate') }}", saying: ["a"])
        try await withServer(backend) { client in
            let response = try await client.post(
                "/v1/chat/completions", ["messages": [["role": "user", "content": "x"]]])
            #expect(response.status == .badRequest)
            #expect(response.text.contains("roles must alternate"))
            #expect(try response.json().at("error", "code") == "invalid_conversation")
        }
    }

    @Test("unknown fields are passed over and null is the same as missing")
    func tolerance() async throws {
        let backend = try ScriptedBackend(saying: ["a"])
        try await withServer(backend) { client in
            let response = try await client.post(
                "/v1/chat/completions",
                [
                    "model": nil, "messages": [["role": "user", "content": "x", "extra": 1]],
                    "temperature": nil, "stop": nil, "n": nil, "tools": nil, "tool_choice": nil,
                    "stream": nil, "stream_options": nil, "logit_bias": nil, "seed": nil,
                    "service_tier": "auto", "user": "me", "store": false,
                ])
            #expect(response.status == .ok)
        }
    }

    @Test(
        "another content type is 415, a full queue 429 and a stopping engine 503, each with when to try again"
    )
    func refusals() async throws {
        let backend = try ScriptedBackend(saying: ["a"])
        try await withServer(backend) { client in
            let chat: JSONValue = ["messages": [["role": "user", "content": "x"]]]
            let form = try await client.send(
                "/v1/chat/completions", chat.text(),
                headers: [.contentType: "application/x-www-form-urlencoded"])
            #expect(form.status == .unsupportedMediaType)
            backend.refuse(.queueIsFull(waiting: 64, retryAfter: 7))
            let busy = try await client.post("/v1/chat/completions", chat)
            #expect(busy.status == .tooManyRequests)
            #expect(busy.headers[.retryAfter] == "7")
            backend.refuse(.stopping)
            let stopping = try await client.post("/v1/chat/completions", chat)
            #expect(stopping.status == .serviceUnavailable)
            #expect(stopping.headers[.retryAfter] != nil)
        }
    }

    @Test("while the model is loaded, health and requests are 503 with when to try again")
    func loading() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"]), ready: false) { client in
            #expect(try await client.get("/health").status == .serviceUnavailable)
            let chat = try await client.post(
                "/v1/chat/completions", ["messages": [["role": "user", "content": "x"]]])
            #expect(chat.status == .serviceUnavailable)
            #expect(chat.headers[.retryAfter] == "3")
        }
    }
}
