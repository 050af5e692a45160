// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// The literal text around a call, for a decoder that must make the model write one: `sectionBegin`,
/// then for each call `begin`, the name, `afterName`, the arguments and `end`, with `separator`
/// between calls, then `sectionEnd`.
public struct ToolCallSyntax: Sendable, Equatable {
    /// How the arguments of a call are written.
    public enum Arguments: Sendable, Equatable {
        /// One JSON object.
        case json
        /// For each argument `begin`, the key, `afterKey`, the value and `end`. A string stands as
        /// it is, any other value as JSON.
        case parameters(begin: String, afterKey: String, end: String)
    }

    /// Before the first call.
    public let sectionBegin: String
    /// Before a call's name.
    public let begin: String
    /// Whether the name stands within quotes of JSON, so that it is escaped as such.
    public let nameIsJSONString: Bool
    /// Between name and arguments.
    public let afterName: String
    public let arguments: Arguments
    /// Behind the arguments.
    public let end: String
    /// Between two calls; nil if the model was taught to make one at a time.
    public let separator: String?
    /// Behind the last call.
    public let sectionEnd: String

    /// The text of calls as the model would write it.
    /// - Throws: ``TemplateError`` if a call's arguments are not a JSON object, or there are several
    ///   where the model makes one at a time.
    public func render(_ calls: [Message.ToolCall]) throws(TemplateError) -> String {
        guard calls.count < 2 || separator != nil else {
            throw TemplateError(
                .conversation, "found \(calls.count) calls where the model makes one at a time")
        }
        var text = sectionBegin
        for (index, call) in calls.enumerated() {
            if index > 0 { text += separator ?? "" }
            text += begin
            if nameIsJSONString {
                // Without the quotes, which are parts of the text around.
                let quoted = JSONValue.string(call.name).text().unicodeScalars
                text.unicodeScalars += quoted.dropFirst().dropLast()
            } else {
                text += call.name
            }
            text += afterName + (try render(arguments: call)) + end
        }
        return text + sectionEnd
    }

    private func render(arguments call: Message.ToolCall) throws(TemplateError) -> String {
        guard let object = call.parsedArguments.objectValue else {
            throw TemplateError(
                .conversation, "the arguments of a call of '\(call.name)' are not a JSON object")
        }
        guard case .parameters(let begin, let afterKey, let end) = arguments else {
            return call.arguments
        }
        return object.members.map { member in
            begin + member.key + afterKey + (member.value.stringValue ?? member.value.text(.python))
                + end
        }.joined()
    }
}

extension ToolCallFormat {
    /// The text around this format's calls; nil for `.none`.
    public var syntax: ToolCallSyntax? {
        switch self {
        case .none: return nil
        case .hermes:
            return ToolCallSyntax(
                sectionBegin: "", begin: "<tool_call>\n{\"name\": \"", nameIsJSONString: true,
                afterName: "\", \"arguments\": ", arguments: .json, end: "}\n</tool_call>",
                separator: "\n", sectionEnd: "")
        case .deepSeekR1:
            return ToolCallSyntax(
                sectionBegin: "<｜tool▁calls▁begin｜>",
                begin: "<｜tool▁call▁begin｜>function<｜tool▁sep｜>", nameIsJSONString: false,
                afterName: "\n```json\n", arguments: .json, end: "\n```<｜tool▁call▁end｜>",
                separator: "\n", sectionEnd: "<｜tool▁calls▁end｜>")
        case .deepSeekV31:
            return ToolCallSyntax(
                sectionBegin: "<｜tool▁calls▁begin｜>", begin: "<｜tool▁call▁begin｜>",
                nameIsJSONString: false, afterName: "<｜tool▁sep｜>", arguments: .json,
                end: "<｜tool▁call▁end｜>", separator: "", sectionEnd: "<｜tool▁calls▁end｜>")
        case .qwen3Coder:
            return ToolCallSyntax(
                sectionBegin: "", begin: "<tool_call>\n<function=", nameIsJSONString: false,
                afterName: ">\n",
                arguments: .parameters(
                    begin: "<parameter=", afterKey: ">\n", end: "\n</parameter>\n"),
                end: "</function>\n</tool_call>", separator: "\n", sectionEnd: "")
        case .llama3:
            return ToolCallSyntax(
                sectionBegin: "", begin: "{\"name\": \"", nameIsJSONString: true,
                afterName: "\", \"parameters\": ", arguments: .json, end: "}", separator: nil,
                sectionEnd: "")
        }
    }
}
