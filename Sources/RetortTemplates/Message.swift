// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// One message of a conversation, with the field names that chat templates read.
public struct Message: Sendable, Equatable {
    /// A call of a function that the assistant asks for.
    public struct ToolCall: Sendable, Equatable {
        public var id: String?
        public var name: String
        /// An object. Servers receive it as a string of JSON; templates want the object.
        public var arguments: JSONValue

        public init(id: String? = nil, name: String, arguments: JSONValue) {
            self.id = id
            self.name = name
            self.arguments = arguments
        }

        /// `{"type": "function", "id": …, "function": {"name": …, "arguments": …}}`
        public var json: JSONValue {
            var object = JSONObject([("type", "function")])
            if let id { object["id"] = .string(id) }
            object["function"] = ["name": .string(name), "arguments": arguments]
            return .object(object)
        }
    }

    /// `system`, `user`, `assistant` or `tool`
    public var role: String
    public var content: String?
    /// What the assistant thought before the answer, without its markers.
    public var reasoningContent: String?
    public var toolCalls: [ToolCall]
    /// The call that a `tool` message answers.
    public var toolCallID: String?
    public var name: String?

    public init(
        role: String, content: String? = nil, reasoningContent: String? = nil,
        toolCalls: [ToolCall] = [], toolCallID: String? = nil, name: String? = nil
    ) {
        self.role = role
        self.content = content
        self.reasoningContent = reasoningContent
        self.toolCalls = toolCalls
        self.toolCallID = toolCallID
        self.name = name
    }

    public static func system(_ content: String) -> Message {
        Message(role: "system", content: content)
    }

    public static func user(_ content: String) -> Message {
        Message(role: "user", content: content)
    }

    public static func assistant(_ content: String, reasoning: String? = nil) -> Message {
        Message(role: "assistant", content: content, reasoningContent: reasoning)
    }

    /// The message as a template reads it. `content` is always there, the rest where it is set.
    public var json: JSONValue {
        var object = JSONObject([("role", .string(role))])
        object["content"] = content.map { .string($0) } ?? (toolCalls.isEmpty ? .string("") : .null)
        if let reasoningContent { object["reasoning_content"] = .string(reasoningContent) }
        if !toolCalls.isEmpty { object["tool_calls"] = .array(toolCalls.map(\.json)) }
        if let toolCallID { object["tool_call_id"] = .string(toolCallID) }
        if let name { object["name"] = .string(name) }
        return .object(object)
    }
}
