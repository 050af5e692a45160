// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortTemplates
import TestSupport
import Testing

@Suite struct ChatTemplateTests {
    private func template(_ name: String) throws -> ChatTemplate {
        try ChatTemplate(
            try String(contentsOf: fixture("templates/\(name).jinja"), encoding: .utf8))
    }

    @Test("messages become the objects that templates read")
    func messages() {
        let call = Message.ToolCall(id: "c1", name: "f", arguments: ["x": 1])
        #expect(Message.system("a").json == ["role": "system", "content": "a"])
        #expect(
            Message.assistant("b", reasoning: "r").json
                == ["role": "assistant", "content": "b", "reasoning_content": "r"])
        #expect(
            Message(role: "assistant", toolCalls: [call]).json
                == [
                    "role": "assistant", "content": nil,
                    "tool_calls": [
                        [
                            "type": "function", "id": "c1",
                            "function": ["name": "f", "arguments": ["x": 1]],
                        ]
                    ],
                ])
        #expect(
            Message(role: "tool", content: "1", toolCallID: "c1", name: "f").json
                == ["role": "tool", "content": "1", "tool_call_id": "c1", "name": "f"])
    }

    @Test("a Swift conversation renders")
    func conversation() throws {
        let text = try template("Qwen-Qwen3-0.6B").render(
            [.system("Be terse."), .user("Hi")], thinking: false)
        #expect(
            text == "<|im_start|>system\nBe terse.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
                + "<|im_start|>assistant\n<think>\n\n</think>\n\n")
    }

    @Test("variables reach the template and may overrule the others")
    func variables() throws {
        let template = try ChatTemplate("{{ bos_token }}{{ tools }}{{ add_generation_prompt }}")
        let text = try template.render(
            [], variables: JSONObject([("bos_token", "<s>"), ("tools", [1])]))
        #expect(text == "<s>[1]True")
    }

    @Test("a template renders the same from many threads at once")
    func threads() async throws {
        let template = try template("meta-llama-Llama-3.2-3B-Instruct")
        let expected = try template.render([.user("Hi")], now: fixtureTime)
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<32 {
                group.addTask { try template.render([.user("Hi")], now: fixtureTime) }
            }
            for try await text in group { #expect(text == expected) }
        }
    }

    @Test("strings that look the same in Unicode stay apart, as names, keys and text")
    func canonicalEquivalence() throws {
        let context = JSONObject([("d", ["\u{212B}": 1, "\u{C5}": 2]), ("\u{E9}", 3)])
        let template = try ChatTemplate(
            "{{ d['\u{212B}'] }}{{ d['\u{C5}'] }}{{ '\u{212B}' == '\u{C5}' }}{{ \u{E9} }}"
                + "{{ 'e\u{301}' | length }}{{ 'e\u{301}'[0] }}{{ d | length }}")
        #expect(try template.render(context) == "12False32e2")
    }
}
