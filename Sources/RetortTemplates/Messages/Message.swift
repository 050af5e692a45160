// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// One message of a conversation, with the fields of OpenAI's API and those that reasoning models
/// add to it.
public struct Message: Sendable, Equatable {
    /// What a message says.
    public enum Content: Sendable, Equatable, ExpressibleByStringLiteral {
        case text(String)
        /// Several texts, for templates that tell them apart. Elsewhere each begins a new line.
        case parts([String])

        public init(stringLiteral value: String) { self = .text(value) }

        /// All of it.
        public var text: String {
            switch self {
            case .text(let text): return text
            case .parts(let parts): return parts.joined(separator: "\n")
            }
        }
    }

    /// A call of a function that the assistant asks for.
    public struct ToolCall: Sendable, Equatable {
        public var id: String?
        public var name: String
        /// The text of a JSON object, as OpenAI's API has it. Templates get the object or the text,
        /// whichever they write out as the model was trained.
        public var arguments: String

        public init(id: String? = nil, name: String, arguments: String) {
            self.id = id
            self.name = name
            self.arguments = arguments
        }

        public init(id: String? = nil, name: String, arguments: JSONValue) {
            self.init(id: id, name: name, arguments: arguments.text(.python))
        }

        /// The arguments as an object, empty for an empty text; the text itself if it is none.
        public var parsedArguments: JSONValue {
            if arguments.utf8.allSatisfy(ResponseParser.isSpace) { return .object(JSONObject()) }
            guard let value = try? JSONValue(parsing: arguments), value.objectValue != nil else {
                return .string(arguments)
            }
            return value
        }
    }

    /// `system`, `developer`, `user`, `assistant` or `tool`
    public var role: String
    public var content: Content?
    /// What the assistant thought before the answer, without its markers.
    public var reasoningContent: String?
    public var toolCalls: [ToolCall]
    /// The call that a `tool` message answers.
    public var toolCallID: String?
    public var name: String?
    /// Whether this is the start of the assistant's answer, which the model goes on with. For the
    /// last message only.
    public var prefix: Bool

    public init(
        role: String, content: Content? = nil, reasoningContent: String? = nil,
        toolCalls: [ToolCall] = [], toolCallID: String? = nil, name: String? = nil,
        prefix: Bool = false
    ) {
        self.role = role
        self.content = content
        self.reasoningContent = reasoningContent
        self.toolCalls = toolCalls
        self.toolCallID = toolCallID
        self.name = name
        self.prefix = prefix
    }

    public static func system(_ content: String) -> Message {
        Message(role: "system", content: .text(content))
    }

    public static func user(_ content: String) -> Message {
        Message(role: "user", content: .text(content))
    }

    public static func assistant(_ content: String, reasoning: String? = nil) -> Message {
        Message(role: "assistant", content: .text(content), reasoningContent: reasoning)
    }

    /// The result of a call.
    public static func tool(_ content: String, callID: String? = nil) -> Message {
        Message(role: "tool", content: .text(content), toolCallID: callID)
    }
}
