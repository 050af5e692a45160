// SPDX-License-Identifier: Apache-2.0
//
// Messages of OpenAI's API in every template. Fixtures: Tools/make_template_fixtures.py.

import Foundation
import RetortJSON
import RetortTemplates
import TestSupport
import Testing

@Suite struct MessageTests {
    private static let bos = JSONObject([("bos_token", "<bos>"), ("eos_token", "<eos>")])

    private func template(_ name: String) throws -> ChatTemplate {
        try ChatTemplate(
            try String(contentsOf: fixture("templates/\(name).jinja"), encoding: .utf8))
    }

    private func render(_ request: JSONValue, _ template: ChatTemplate) throws -> String {
        let messages = try #require(request["messages"]?.arrayValue).map { try Message(json: $0) }
        return try template.render(
            messages, tools: request["tools"]?.arrayValue, variables: Self.bos, now: fixtureTime)
    }

    @Test(
        "a request renders as transformers renders it in the shape that the template reads",
        arguments: [
            "call", "call in history", "thoughts and calls", "empty arguments", "developer",
            "parts", "prefix", "prefix with a space at its end", "prefix after a thought",
            "prefix of a thought",
        ])
    func requests(name: String) throws {
        let request = try #require(try fixtureJSON("requests.json")["requests"]?[name])
        let renderings = try #require(request["renderings"]?.objectValue)
        #expect(renderings.count >= (name == "prefix of a thought" ? 1 : 10))
        for rendering in renderings.members {
            let text = try render(request, try template(rendering.key))
            #expect(
                text.utf8.elementsEqual(rendering.value.stringValue?.utf8 ?? "".utf8),
                "\(rendering.key): rendered\n\(text)\nnot\n\(rendering.value.stringValue ?? "")")
        }
    }

    @Test("every request of the fixtures is tested")
    func coverage() throws {
        #expect(try fixtureJSON("requests.json")["requests"]?.objectValue?.count == 10)
    }

    @Test(
        "a thought is gone on with where the template opens one and drops those of the past",
        arguments: [
            ("deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "<｜User｜>?<｜Assistant｜><think>\nI"),
            ("deepseek-ai-DeepSeek-V3.1", "<｜User｜>?<｜Assistant｜><think>I"),
        ])
    func thoughtPrefix(name: String, expected: String) throws {
        let message = Message(role: "assistant", reasoningContent: "I", prefix: true)
        #expect(try template(name).render([.user("?"), message], thinking: true) == expected)
    }

    @Test("what cannot be gone on with is refused")
    func refusedPrefix() throws {
        let qwen = try template("Qwen-Qwen2.5-7B-Instruct")
        let call = Message.ToolCall(name: "f", arguments: "{}")
        for message in [
            Message(role: "user", content: "a", prefix: true),
            Message(role: "assistant", content: "a", toolCalls: [call], prefix: true),
            Message(role: "assistant", reasoningContent: "a", prefix: true),
        ] {
            #expect {
                try qwen.render([.user("?"), message])
            } throws: { ($0 as? TemplateError)?.kind == .conversation }
        }
        let dropping = try ChatTemplate("{{ messages[0].content }}")
        #expect(throws: TemplateError.self) {
            try dropping.render([
                .user("?"), Message(role: "assistant", content: "a", prefix: true),
            ])
        }
    }

    @Test("a prefix that is not last is an ordinary message")
    func earlyPrefix() throws {
        let template = try ChatTemplate("{% for m in messages %}{{ m.content }};{% endfor %}")
        let messages = [Message(role: "assistant", content: "a", prefix: true), .user("b")]
        #expect(try template.render(messages) == "a;b;")
    }

    @Test("parts reach a template that tells them apart, and the role developer one that knows it")
    func richTemplate() throws {
        let template = try ChatTemplate(
            """
            {% for m in messages %}<{{ m.role }}>{% if m.content is string %}{{ m.content }}\
            {% else %}{% for p in m.content %}[{{ p.text }}]{% endfor %}{% endif %}{% endfor %}\
            {# developer #}
            """)
        let text = try template.render([
            Message(role: "developer", content: "x"),
            Message(role: "user", content: .parts(["a", "b"])),
            Message(role: "user", content: .parts(["c"])),
        ])
        #expect(text == "<developer>x<user>[a][b]<user>c")
    }

    @Test("members of arguments and tools keep their order")
    func order() throws {
        let message = try Message(
            json: JSONValue(
                parsing: """
                    {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function",
                    "function": {"name": "f", "arguments": "{\\"z\\": 1, \\"a\\": {\\"y\\": 2, \\"b\\": 3}}"}}]}
                    """))
        let tool = try JSONValue(parsing: "{\"z\": 1, \"function\": {\"y\": 1, \"a\": 2}}")
        let template = try ChatTemplate(
            "{{ tools | tojson }}{{ messages[0].tool_calls[0].function.arguments | tojson }}")
        #expect(
            try template.render([message], tools: [tool])
                == "[{\"z\": 1, \"function\": {\"y\": 1, \"a\": 2}}]{\"z\": 1, \"a\": {\"y\": 2, \"b\": 3}}"
        )
    }

    @Test("arguments that are no object stay text, and none are an empty object")
    func oddArguments() {
        #expect(Message.ToolCall(name: "f", arguments: "{\"x\"").parsedArguments == "{\"x\"")
        #expect(Message.ToolCall(name: "f", arguments: "[1]").parsedArguments == "[1]")
        #expect(
            Message.ToolCall(name: "f", arguments: " ").parsedArguments == .object(JSONObject()))
    }

    @Test("fields of a client's message are read")
    func fields() throws {
        let message = try Message(json: [
            "role": "assistant", "content": [["type": "text", "text": "a"]],
            "reasoning_content": "r", "name": "n", "prefix": true, "refusal": nil, "audio": 1,
            "tool_calls": [["id": "c", "function": ["name": "f", "arguments": ["x": 1]]]],
        ])
        #expect(
            message
                == Message(
                    role: "assistant", content: .parts(["a"]), reasoningContent: "r",
                    toolCalls: [.init(id: "c", name: "f", arguments: "{\"x\": 1}")], name: "n",
                    prefix: true))
        #expect(
            try Message(json: ["role": "tool", "content": "1", "tool_call_id": "c"])
                == .tool("1", callID: "c"))
        #expect(
            try Message(json: ["role": "assistant", "content": nil, "tool_calls": nil])
                == Message(role: "assistant"))
    }

    @Test(
        "what is no message is refused by the field's name",
        arguments: [
            ([], "a message"), (["content": "a"], "role"), (["role": "critic"], "role"),
            (["role": 1], "role"), (["role": "user"], "content"),
            (["role": "user", "content": 1], "content"),
            (["role": "user", "content": ["a"]], "content"),
            (["role": "user", "content": [["type": "image_url"]]], "content"),
            (["role": "user", "content": [["type": "text"]]], "content"),
            (["role": "user", "content": "a", "name": 1], "name"),
            (["role": "user", "content": "a", "prefix": "yes"], "prefix"),
            (["role": "assistant", "tool_calls": "a"], "tool_calls"),
            (["role": "assistant", "tool_calls": [["type": "custom"]]], "tool_calls"),
            (["role": "assistant", "tool_calls": [["function": ["x": 1]]]], "tool_calls"),
            (
                [
                    "role": "assistant",
                    "tool_calls": [["function": ["name": "f", "arguments": 1]]],
                ],
                "tool_calls"
            ),
            (
                ["role": "user", "content": "a", "tool_calls": [["function": ["name": "f"]]]],
                "tool_calls"
            ),
        ] as [(JSONValue, String)])
    func refused(json: JSONValue, field: String) {
        #expect {
            try Message(json: json)
        } throws: { error in
            let error = error as? TemplateError
            return error?.kind == .conversation && error?.message.hasPrefix(field) == true
        }
    }
}
