// SPDX-License-Identifier: Apache-2.0

import RetortJSON

extension Message {
    private static let roles = ["system", "developer", "user", "assistant", "tool"]

    /// Reads a message as a client of OpenAI's API sends it. Fields that no template reads are
    /// passed over.
    /// - Throws: ``TemplateError`` of kind `.conversation` that names the field.
    public init(json: JSONValue) throws(TemplateError) {
        guard json.objectValue != nil else {
            throw .field("a message", "is \(json.kind), expected an object")
        }
        let fields = Fields(json: json)
        guard let role = try fields.string("role") else {
            throw .field("role", "is missing; give one of \(Self.roles.joined(separator: ", "))")
        }
        guard Self.roles.contains(role) else {
            throw .field("role", "is not one of \(Self.roles.joined(separator: ", "))")
        }
        var calls: [ToolCall] = []
        if let value = fields["tool_calls"] {
            guard let items = value.arrayValue else {
                throw .field("tool_calls", "is \(value.kind), expected an array")
            }
            for item in items { calls.append(try ToolCall(json: item)) }
        }
        self.init(
            role: role,
            content: try fields["content"].map { value throws(TemplateError) in
                try Content(json: value)
            },
            reasoningContent: try fields.string("reasoning_content"), toolCalls: calls,
            toolCallID: try fields.string("tool_call_id"), name: try fields.string("name"),
            prefix: try fields.bool("prefix") ?? false)
        guard content != nil || role == "assistant" else {
            throw .field("content", "is missing; only the assistant may say nothing")
        }
        guard calls.isEmpty || role == "assistant" else {
            throw .field("tool_calls", "stands in a message of role '\(role)', expected assistant")
        }
    }

    /// The message as most templates read it: calls with their arguments as objects. `content` is
    /// always there, null beside calls; the rest where it is set.
    public var json: JSONValue { json(.init()) }

    func json(_ form: MessageForm) -> JSONValue {
        var object = JSONObject([
            ("role", .string(role == "developer" && !form.hasDeveloper ? "system" : role))
        ])
        object["content"] = contentJSON(form)
        if let reasoningContent { object["reasoning_content"] = .string(reasoningContent) }
        if !toolCalls.isEmpty { object["tool_calls"] = .array(toolCalls.map { $0.json(form) }) }
        if let toolCallID { object["tool_call_id"] = .string(toolCallID) }
        if let name { object["name"] = .string(name) }
        if prefix { object["prefix"] = true }
        return .object(object)
    }

    private func contentJSON(_ form: MessageForm) -> JSONValue {
        if case .parts(let parts) = content, parts.count > 1, form.keepsParts {
            return .array(parts.map { ["type": "text", "text": .string($0)] })
        }
        let text = content?.text ?? ""
        return text.isEmpty && !toolCalls.isEmpty && form.hasNullContent ? .null : .string(text)
    }
}

extension Message.Content {
    init(json: JSONValue) throws(TemplateError) {
        switch json {
        case .string(let text): self = .text(text)
        case .array(let items):
            var parts: [String] = []
            for item in items {
                let type = item["type"]?.stringValue ?? ""
                guard type == "text" || type == "refusal" else {
                    throw .field("content", "has a part of type '\(type)', expected 'text'")
                }
                guard let text = item[type]?.stringValue else {
                    throw .field("content", "has a part without '\(type)'")
                }
                parts.append(text)
            }
            self = .parts(parts)
        default: throw .field("content", "is \(json.kind), expected a string or text parts")
        }
    }
}

extension Message.ToolCall {
    /// Reads `{"id": …, "type": "function", "function": {"name": …, "arguments": …}}`.
    init(json: JSONValue) throws(TemplateError) {
        let call = Fields(json: json)
        let type = try call.string("type") ?? "function"
        guard type == "function", let function = call["function"] else {
            throw .field("tool_calls", "has a call of type '\(type)' that is not of a function")
        }
        guard let name = try Fields(json: function).string("name") else {
            throw .field("tool_calls", "has a call without function.name")
        }
        switch function["arguments"] {
        case .string(let text): self.init(id: try call.string("id"), name: name, arguments: text)
        case .object(let object):
            self.init(id: try call.string("id"), name: name, arguments: .object(object))
        case nil, .null: self.init(id: try call.string("id"), name: name, arguments: "{}")
        default:
            throw .field("tool_calls", "has function.arguments that are not the text of an object")
        }
    }

    func json(_ form: MessageForm) -> JSONValue {
        var object = JSONObject([("type", "function")])
        if let id { object["id"] = .string(id) }
        object["function"] = [
            "name": .string(name),
            "arguments": form.argumentsAreText ? .string(arguments) : parsedArguments,
        ]
        return .object(object)
    }
}

/// The fields of an object; null counts as missing.
private struct Fields {
    let json: JSONValue

    subscript(name: String) -> JSONValue? {
        guard let value = json[name], !value.isNull else { return nil }
        return value
    }

    func string(_ name: String) throws(TemplateError) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.stringValue else {
            throw .field(name, "is \(value.kind), expected a string")
        }
        return text
    }

    func bool(_ name: String) throws(TemplateError) -> Bool? {
        guard let value = self[name] else { return nil }
        guard let flag = value.boolValue else {
            throw .field(name, "is \(value.kind), expected true or false")
        }
        return flag
    }
}

extension TemplateError {
    fileprivate static func field(_ name: String, _ problem: String) -> TemplateError {
        TemplateError(.conversation, "\(name) \(problem)")
    }
}
