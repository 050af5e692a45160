// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTemplates

extension [Message] {
    /// Reads a conversation.
    /// - Throws: ``APIError`` with the path of the field that is wrong.
    init(wire items: [JSONValue], at path: String) throws(APIError) {
        guard !items.isEmpty else {
            throw .invalid(path, "is empty, expected at least one message", code: "empty_array")
        }
        self = []
        reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            let message = try Message(wire: try Fields(item, at: "\(path)[\(index)]"))
            guard !message.prefix || index == items.count - 1 else {
                throw .invalid(
                    "\(path)[\(index)].prefix", "is set in a message that is not the last one")
            }
            append(message)
        }
    }
}

extension Message {
    private static let roles = ["system", "developer", "user", "assistant", "tool", "function"]

    init(wire fields: Fields) throws(APIError) {
        let role = try fields.require("role", try fields.word("role", of: Self.roles))
        let calls = try Self.calls(fields)
        let content = try Self.content(fields)
        // Two names are in use for the same thing.
        let reasoning = try fields.string("reasoning_content") ?? fields["reasoning"]?.stringValue
        let callID = try fields.string("tool_call_id")
        let prefix = try fields.bool("prefix") ?? false
        guard content != nil || role == "assistant" else {
            throw .invalid(
                fields.name("content"), "is missing; only the assistant may say nothing",
                code: "missing_required_parameter")
        }
        guard calls.isEmpty || role == "assistant" else {
            throw .invalid(
                fields.name("tool_calls"), "stands in a message of role '\(role)', not assistant")
        }
        guard !prefix || role == "assistant" else {
            throw .invalid(
                fields.name("prefix"), "is set in a message of role '\(role)', not assistant")
        }
        guard role != "tool" || callID != nil else {
            throw .invalid(
                fields.name("tool_call_id"), "is missing", code: "missing_required_parameter")
        }
        self.init(
            role: role == "function" ? "tool" : role, content: content, reasoningContent: reasoning,
            toolCalls: calls, toolCallID: callID, name: try fields.string("name"), prefix: prefix)
    }

    private static func content(_ fields: Fields) throws(APIError) -> Content? {
        guard let value = fields["content"] else { return nil }
        if let text = value.stringValue { return .text(text) }
        guard let items = value.arrayValue else {
            throw .invalid(
                fields.name("content"), "is \(value.kind), expected a string or an array of parts",
                code: "invalid_type")
        }
        var parts: [String] = []
        for (index, item) in items.enumerated() {
            let part = try Fields(item, at: fields.name("content[\(index)]"))
            let type = try part.require("type", try part.string("type"))
            switch type {
            case "text", "input_text", "output_text":
                parts.append(try part.require("text", try part.string("text")))
            case "refusal":
                parts.append(try part.require("refusal", try part.string("refusal")))
            default:
                throw .invalid(
                    part.name("type"), "is '\(type)', but the model reads text only",
                    code: "unsupported_content")
            }
        }
        return .parts(parts)
    }

    private static func calls(_ fields: Fields) throws(APIError) -> [ToolCall] {
        var calls: [ToolCall] = []
        for (index, item) in (try fields.array("tool_calls") ?? []).enumerated() {
            let call = try Fields(item, at: fields.name("tool_calls[\(index)]"))
            let function = try call.require("function", try call.object("function"))
            let name = try function.require("name", try function.string("name"))
            let id = try call.string("id")
            switch function["arguments"] {
            case .string(let text): calls.append(ToolCall(id: id, name: name, arguments: text))
            case .object(let object):
                calls.append(ToolCall(id: id, name: name, arguments: .object(object)))
            case nil: calls.append(ToolCall(id: id, name: name, arguments: "{}"))
            case .some(let value):
                throw .invalid(
                    function.name("arguments"), "is \(value.kind), expected the text of an object",
                    code: "invalid_type")
            }
        }
        return calls
    }
}
