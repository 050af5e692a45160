// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTemplates

/// A request to `/v1/messages` or `/v1/messages/count_tokens`.
struct MessagesRequest: Sendable {
    var conversation: ConversationRequest
    var isStreamed: Bool

    /// - Parameter needsLimit: Whether `max_tokens` must be there: not for counting.
    init(_ fields: Fields, needsLimit: Bool = true) throws(APIError) {
        let model = try fields.string("model")
        let items = try fields.require("messages", try fields.array("messages"))
        var messages = try Self.system(fields)
        messages += try Self.messages(items)
        var request = ConversationRequest(Conversation(messages))
        request.model = model
        let limit = try fields.integer("max_tokens", in: 1...Int(Int32.max))
        request.maximumTokens = needsLimit ? try fields.require("max_tokens", limit) : limit
        request.stop = try fields.stopStrings("stop_sequences")
        request.sampling.temperature = try fields.number("temperature", in: 0...2)
        request.sampling.topP = try fields.number("top_p", in: 0...1)
        request.sampling.topK = try fields.integer("top_k")
        if let config = try fields.object("output_config"),
            let effort = try config.word("effort", of: ThinkingChoice.efforts.map(\.name))
        {
            request.thinking.setEffort(effort)
        }
        try request.readThinking(fields, limit: limit)
        try request.readMessagesTools(fields)
        conversation = request
        isStreamed = try fields.bool("stream") ?? false
    }

    private static func system(_ fields: Fields) throws(APIError) -> [Message] {
        guard let value = fields["system"] else { return [] }
        if let text = value.stringValue { return [.system(text)] }
        guard let blocks = value.arrayValue else {
            throw .invalid(
                "system", "is \(value.kind), expected a string or an array of blocks",
                code: "invalid_type")
        }
        var texts: [String] = []
        for (index, item) in blocks.enumerated() {
            let block = try Fields(item, at: "system[\(index)]")
            texts.append(try block.require("text", try block.string("text")))
        }
        return texts.isEmpty ? [] : [Message(role: "system", content: .parts(texts))]
    }

    private static func messages(_ items: [JSONValue]) throws(APIError) -> [Message] {
        guard !items.isEmpty else {
            throw .invalid("messages", "is empty, expected at least one message")
        }
        var messages: [Message] = []
        for (index, item) in items.enumerated() {
            let fields = try Fields(item, at: "messages[\(index)]")
            let role = try fields.require(
                "role", try fields.word("role", of: ["user", "assistant"]))
            guard let content = fields["content"] else {
                throw .invalid(fields.name("content"), "is missing")
            }
            var reader = BlockReader(role: role)
            if let text = content.stringValue {
                reader.texts = [text]
            } else {
                for (place, block) in (try fields.array("content") ?? []).enumerated() {
                    try reader.read(try Fields(block, at: fields.name("content[\(place)]")))
                }
            }
            messages += reader.messages(isLast: index == items.count - 1)
        }
        return messages
    }
}

/// Makes messages of one message's blocks.
private struct BlockReader {
    let role: String
    var texts: [String] = []
    private var thinking = ""
    private var calls: [Message.ToolCall] = []
    private var results: [Message] = []

    init(role: String) { self.role = role }

    mutating func read(_ block: Fields) throws(APIError) {
        let type = try block.require("type", try block.string("type"))
        switch type {
        case "text": texts.append(try block.require("text", try block.string("text")))
        case "thinking": thinking += try block.require("thinking", try block.string("thinking"))
        // Made by another server; nobody here can read it.
        case "redacted_thinking": break
        case "tool_use":
            let name = try block.require("name", try block.string("name"))
            let input = try block.object("input")?.object ?? JSONObject()
            calls.append(
                Message.ToolCall(
                    id: try block.string("id"), name: name, arguments: .object(input)))
        case "tool_result":
            let id = try block.require("tool_use_id", try block.string("tool_use_id"))
            results.append(.tool(try Self.text(block), callID: id))
        default:
            throw .invalid(
                block.name("type"), "is '\(type)', but the model reads text only",
                code: "unsupported_content")
        }
    }

    private static func text(_ block: Fields) throws(APIError) -> String {
        guard let value = block["content"] else { return "" }
        if let text = value.stringValue { return text }
        var texts: [String] = []
        for (index, item) in (try block.array("content") ?? []).enumerated() {
            let part = try Fields(item, at: block.name("content[\(index)]"))
            texts.append(try part.require("text", try part.string("text")))
        }
        return texts.joined(separator: "\n")
    }

    /// The model goes on with an answer that ends the conversation.
    func messages(isLast: Bool) -> [Message] {
        let content: Message.Content? =
            texts.count == 1 ? .text(texts[0]) : texts.isEmpty ? nil : .parts(texts)
        guard role == "assistant" else {
            return results
                + (content != nil || results.isEmpty
                    ? [Message(role: role, content: content ?? .text(""))] : [])
        }
        return [
            Message(
                role: role, content: content, reasoningContent: thinking.isEmpty ? nil : thinking,
                toolCalls: calls, prefix: isLast && calls.isEmpty)
        ]
    }
}

extension ConversationRequest {
    fileprivate mutating func readThinking(_ fields: Fields, limit: Int?) throws(APIError) {
        guard let choice = try fields.object("thinking") else { return }
        let types = ["enabled", "disabled", "adaptive"]
        switch try choice.require("type", try choice.word("type", of: types)) {
        case "enabled":
            thinking.isEnabled = true
            let budget = try choice.integer("budget_tokens", in: 1...Int(Int32.max))
            if let budget, let limit, budget >= limit {
                throw .invalid(
                    choice.name("budget_tokens"),
                    "is \(budget), expected less than max_tokens, which is \(limit)")
            }
            thinking.budget = budget
        case "disabled": thinking.isEnabled = false
        default: break
        }
    }

    fileprivate mutating func readMessagesTools(_ fields: Fields) throws(APIError) {
        for (index, item) in (try fields.array("tools") ?? []).enumerated() {
            let tool = try Fields(item, at: "tools[\(index)]")
            if let type = try tool.string("type"), type != "custom" {
                throw .invalid(tool.name("type"), "is '\(type)', expected a function of your own")
            }
            try Self.check(function: tool)
            var function = JSONObject([("name", tool["name"] ?? .null)])
            if let description = tool["description"] { function["description"] = description }
            let schema = try tool.require("input_schema", try tool.object("input_schema"))
            function["parameters"] = .object(schema.object)
            conversation.tools.append(["type": "function", "function": .object(function)])
        }
        guard let choice = try fields.object("tool_choice") else { return }
        allowsParallelCalls = !(try choice.bool("disable_parallel_tool_use") ?? false)
        let types = ["auto", "any", "tool", "none"]
        switch try choice.require("type", try choice.word("type", of: types)) {
        case "any": toolChoice = .required
        case "none": toolChoice = .none
        case "tool": toolChoice = .function(try choice.require("name", try choice.string("name")))
        default: break
        }
        if conversation.tools.isEmpty, toolChoice != .none {
            throw .invalid("tool_choice", "is set, but there are no tools")
        }
    }
}
