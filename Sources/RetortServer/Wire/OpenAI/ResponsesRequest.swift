// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTemplates

/// A request to `/v1/responses`.
struct ResponsesRequest: Sendable {
    /// The new messages. Those of an earlier response are put before them.
    var conversation: ConversationRequest
    var instructions: String?
    var previousID: String?
    var isStored: Bool
    var isStreamed: Bool
    /// What the answer repeats, as it was given.
    var echoes: [(name: String, value: JSONValue)]

    /// Fields that the response object repeats, with what they are if they are not given.
    private static let repeated: [(name: String, value: JSONValue)] = [
        ("instructions", nil), ("max_output_tokens", nil), ("metadata", [:]),
        ("parallel_tool_calls", true), ("previous_response_id", nil), ("reasoning", nil),
        ("store", true), ("temperature", nil), ("text", ["format": ["type": "text"]]),
        ("tool_choice", "auto"), ("tools", []), ("top_p", nil), ("truncation", "disabled"),
        ("user", nil),
    ]

    init(_ fields: Fields) throws(APIError) {
        let model = try fields.string("model")
        instructions = try fields.string("instructions")
        previousID = try fields.string("previous_response_id")
        let input = try fields.require("input", fields["input"])
        var request = ConversationRequest(
            Conversation(try ResponsesInput.messages(input)))
        request.source = "input"
        request.model = model
        request.maximumTokens = try fields.integer("max_output_tokens", in: 1...Int(Int32.max))
        request.sampling.temperature = try fields.number("temperature", in: 0...2)
        request.sampling.topP = try fields.number("top_p", in: 0...1)
        if let reasoning = try fields.object("reasoning") {
            let efforts = ThinkingChoice.efforts.map(\.name)
            if let effort = try reasoning.word("effort", of: efforts) {
                request.thinking.setEffort(effort)
            }
        }
        if let tools = try fields.array("tools") {
            for (index, tool) in tools.enumerated() {
                request.conversation.tools.append(
                    try Self.tool(try Fields(tool, at: "tools[\(index)]")))
            }
        }
        try request.readToolChoice(fields)
        if let format = try fields.object("text")?.object("format") {
            request.form = try format.answerForm(schemaIn: format)
            request.formField = "text.format"
        }
        for name in ["conversation", "prompt"] where !(fields[name]?.isNull ?? true) {
            throw .invalid(
                name, "is kept by OpenAI's own service; send the messages, or previous_response_id",
                code: "unsupported_parameter")
        }
        if try fields.integer("top_logprobs", in: 0...20) ?? 0 > 0 {
            throw .invalid(
                "top_logprobs", "is not supported here, but in chat completions",
                code: "unsupported_parameter")
        }
        if try fields.bool("background") ?? false {
            throw .invalid(
                "background", "is true, but answers are made while the client waits",
                code: "unsupported_parameter")
        }
        _ = try fields.object("metadata")
        _ = try fields.word("truncation", of: ["auto", "disabled"])
        _ = try fields.string("user")
        isStored = try fields.bool("store") ?? true
        isStreamed = try fields.bool("stream") ?? false
        conversation = request
        echoes = Self.repeated.map { field in
            let value = fields.object[field.name]
            return (field.name, value.flatMap { $0.isNull ? nil : $0 } ?? field.value)
        }
    }

    /// A function in the shape of the chat API.
    private static func tool(_ tool: Fields) throws(APIError) -> JSONValue {
        let type = try tool.require("type", try tool.string("type"))
        guard type == "function" else {
            throw .invalid(tool.name("type"), "is '\(type)', expected 'function'")
        }
        try ConversationRequest.check(function: tool)
        var function = JSONObject()
        for name in ["name", "description", "parameters", "strict"] {
            if let value = tool[name] { function[name] = value }
        }
        return ["type": "function", "function": .object(function)]
    }
}

/// Reads `input`: a text, or items of which some belong to one message.
enum ResponsesInput {
    static func messages(_ input: JSONValue) throws(APIError) -> [Message] {
        if let text = input.stringValue { return [.user(text)] }
        guard let items = input.arrayValue else {
            throw .invalid(
                "input", "is \(input.kind), expected a string or an array of items",
                code: "invalid_type")
        }
        guard !items.isEmpty else { throw .invalid("input", "is empty", code: "empty_array") }
        var messages: [Message] = []
        var thought: String?
        for (index, value) in items.enumerated() {
            let item = try Fields(value, at: "input[\(index)]")
            switch try item.string("type") ?? "message" {
            case "message":
                var message = try Message(wire: item)
                if message.role == "assistant" {
                    message.reasoningContent = message.reasoningContent ?? thought
                    thought = nil
                }
                messages.append(message)
            case "reasoning": thought = try text(of: item)
            case "function_call":
                let name = try item.require("name", try item.string("name"))
                let call = Message.ToolCall(
                    id: try item.require("call_id", try item.string("call_id")), name: name,
                    arguments: try item.string("arguments") ?? "{}")
                if let last = messages.last, last.role == "assistant" {
                    messages[messages.count - 1].toolCalls.append(call)
                } else {
                    messages.append(
                        Message(role: "assistant", reasoningContent: thought, toolCalls: [call]))
                    thought = nil
                }
            case "function_call_output":
                let id = try item.require("call_id", try item.string("call_id"))
                messages.append(.tool(try output(of: item), callID: id))
            case let type:
                throw .invalid(
                    item.name("type"),
                    "is '\(type)', expected message, reasoning, function_call or function_call_output",
                    code: "unsupported_content")
            }
        }
        return messages
    }

    private static func text(of reasoning: Fields) throws(APIError) -> String? {
        let content = try reasoning.array("content") ?? []
        let parts = content.isEmpty ? try reasoning.array("summary") ?? [] : content
        let texts = parts.compactMap { $0["text"]?.stringValue }
        return texts.isEmpty ? nil : texts.joined(separator: "\n")
    }

    private static func output(of item: Fields) throws(APIError) -> String {
        let value = try item.require("output", item["output"])
        if let text = value.stringValue { return text }
        let parts = try item.array("output") ?? []
        return parts.compactMap { $0["text"]?.stringValue }.joined(separator: "\n")
    }
}
