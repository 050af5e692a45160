// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortTemplates
import TestSupport
import Testing

@Suite struct ToolCallFormatTests {
    @Test(
        "each model's template tells how it writes calls",
        arguments: [
            ("HuggingFaceTB-SmolLM3-3B", .none),
            ("NousResearch-Hermes-3-Llama-3.1-8B-tool_use", .hermes), ("Qwen-QwQ-32B", .hermes),
            ("Qwen-Qwen2.5-7B-Instruct", .hermes), ("Qwen-Qwen3-0.6B", .hermes),
            ("deepseek-ai-DeepSeek-R1-Distill-Llama-8B", .deepSeekR1),
            ("deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", .deepSeekR1),
            ("deepseek-ai-DeepSeek-V3.1", .deepSeekV31), ("google-gemma-2-2b-it", .none),
            ("meta-llama-Llama-3.1-8B-Instruct", .llama3),
            ("meta-llama-Llama-3.2-3B-Instruct", .llama3),
            ("microsoft-Phi-3.5-mini-instruct", .none),
            ("mistralai-Mistral-Nemo-Instruct-2407", .none),
        ] as [(String, ToolCallFormat)])
    func detection(name: String, format: ToolCallFormat) throws {
        let source = try String(contentsOf: fixture("templates/\(name).jinja"), encoding: .utf8)
        #expect(ToolCallFormat.detect(template: source) == format)
    }

    @Test("tags for each argument are Qwen3-Coder's; GLM's are not known")
    func tags() {
        let coder = "<tool_call>\n<function=example>\n<parameter=x>\n1\n</parameter>"
        #expect(ToolCallFormat.detect(template: coder) == .qwen3Coder)
        let glm = "<tool_call>{name}\n<arg_key>k</arg_key><arg_value>v</arg_value></tool_call>"
        #expect(ToolCallFormat.detect(template: glm) == .none)
    }

    static let formats = ToolCallFormat.allCases.filter { $0 != .none }

    @Test("what a format's syntax writes, its parser reads", arguments: formats)
    func roundTrip(format: ToolCallFormat) throws {
        let syntax = try #require(format.syntax)
        var random = SeededRandom(seed: 11)
        let names = ["f", "get_time", "get_weather"]
        let words = [
            "Bern", "a\nb", "\"q\" \\", "日本 é\u{301}", "</tool_call>", "<｜tool▁sep｜>", "{", "<",
        ]
        for round in 0..<300 {
            var calls: [Message.ToolCall] = []
            for _ in 0..<Int.random(in: 1...(syntax.separator == nil ? 1 : 3), using: &random) {
                var object = JSONObject()
                if Bool.random(using: &random) {
                    object["city"] = .string(words.randomElement(using: &random, or: ""))
                }
                if Bool.random(using: &random) {
                    object["days"] = .integer(Int64.random(in: -9...99, using: &random))
                    object["tags"] = ["x", "y"]
                    object["place"] = ["k": .string(words.randomElement(using: &random, or: ""))]
                }
                let name =
                    object.isEmpty ? names.randomElement(using: &random, or: "") : "get_weather"
                calls.append(.init(name: name, arguments: .object(object)))
            }
            let text = try syntax.render(calls)
            let response = ParsedResponse(text, Transcript.parser(format, .closed))
            #expect(response.content.isEmpty)
            #expect(response.toolCalls.map(\.name) == calls.map(\.name), "round \(round): \(text)")
            #expect(
                response.toolCalls.map(\.parsedArguments) == calls.map(\.parsedArguments),
                "round \(round): \(text)")
        }
    }

    @Test(
        "a template writes calls as the syntax does",
        arguments: [
            ("Qwen-Qwen2.5-7B-Instruct", 2), ("Qwen-Qwen3-0.6B", 2), ("Qwen-QwQ-32B", 2),
            ("deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", 2),
            // Writes the frame's end once for each call but the first.
            ("deepseek-ai-DeepSeek-R1-Distill-Llama-8B", 2), ("deepseek-ai-DeepSeek-V3.1", 2),
            ("NousResearch-Hermes-3-Llama-3.1-8B-tool_use", 2),
            ("meta-llama-Llama-3.1-8B-Instruct", 1),
            ("meta-llama-Llama-3.2-3B-Instruct", 1),
        ])
    func templates(name: String, count: Int) throws {
        let source = try String(contentsOf: fixture("templates/\(name).jinja"), encoding: .utf8)
        let calls = [
            Message.ToolCall(id: "a", name: "f", arguments: ["x": 1.5, "y": ["é"]]),
            Message.ToolCall(id: "b", name: "g", arguments: JSONValue.object(JSONObject())),
        ].prefix(count)
        let prompt = try ChatTemplate(source).render(
            [.user("?"), Message(role: "assistant", toolCalls: Array(calls))],
            tools: Array(Transcript.tools.suffix(2)), addGenerationPrompt: false, now: fixtureTime)
        let syntax = try #require(ToolCallFormat.detect(template: source).syntax)
        let text = try syntax.render(Array(calls))
        #expect(prompt.contains(text), "\(prompt)\nlacks\n\(text)")
    }

    @Test("what cannot be written as a call is refused")
    func refusals() throws {
        let call = Message.ToolCall(name: "f", arguments: "[1]")
        #expect(throws: TemplateError.self) { try ToolCallFormat.hermes.syntax?.render([call]) }
        let calls = [Message.ToolCall](repeating: .init(name: "f", arguments: "{}"), count: 2)
        #expect(throws: TemplateError.self) { try ToolCallFormat.llama3.syntax?.render(calls) }
    }
}
