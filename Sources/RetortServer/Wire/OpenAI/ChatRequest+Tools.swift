// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTemplates

extension ConversationRequest {
    /// Reads `tools`, `tool_choice` and `parallel_tool_calls`.
    mutating func readTools(_ fields: Fields) throws(APIError) {
        for old in ["functions", "function_call"] where fields.isSet(unsupported: old) {
            throw .invalid(
                old, "is no longer supported; use tools and tool_choice",
                code: "unsupported_parameter")
        }
        if let tools = try fields.array("tools") {
            guard tools.count <= 128 else {
                throw .invalid("tools", "has \(tools.count) functions, expected at most 128")
            }
            for (index, tool) in tools.enumerated() {
                try Self.check(Fields(tool, at: "tools[\(index)]"))
            }
            conversation.tools = tools
        }
        try readToolChoice(fields)
    }

    /// Reads `tool_choice` and `parallel_tool_calls`, once the tools are there.
    mutating func readToolChoice(_ fields: Fields) throws(APIError) {
        allowsParallelCalls = try fields.bool("parallel_tool_calls") ?? true
        guard let choice = fields["tool_choice"] else { return }
        toolChoice = try readChoice(choice)
        if conversation.tools.isEmpty, toolChoice != .none {
            throw .invalid("tool_choice", "is set, but there are no tools")
        }
    }

    private static func check(_ tool: Fields) throws(APIError) {
        let type = try tool.require("type", try tool.string("type"))
        guard type == "function" else {
            throw .invalid(tool.name("type"), "is '\(type)', expected 'function'")
        }
        try check(function: try tool.require("function", try tool.object("function")))
    }

    /// A name that models can write and clients can match.
    static func check(function: Fields) throws(APIError) {
        let name = try function.require("name", try function.string("name"))
        let letters = name.utf8.allSatisfy {
            $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
        }
        guard letters, (1...128).contains(name.utf8.count) else {
            throw .invalid(
                function.name("name"), "must be 1 to 128 letters, digits, '_', '-' or '.'")
        }
        _ = try function.string("description")
        _ = try function.object("parameters")
    }

    private mutating func readChoice(_ value: JSONValue) throws(APIError) -> ToolChoice {
        if let word = value.stringValue {
            switch word {
            case "none": return .none
            case "auto": return .auto
            case "required": return .required
            default: throw .invalid("tool_choice", "is '\(word)', expected none, auto or required")
            }
        }
        let choice = try Fields(value, at: "tool_choice")
        switch try choice.string("type") {
        case "function":
            // The Responses API has the name without the object around it.
            let function = try choice.object("function") ?? choice
            return .function(try function.require("name", try function.string("name")))
        case "allowed_tools":
            let allowed = try choice.object("allowed_tools") ?? choice
            let tools = try allowed.require("tools", try allowed.array("tools"))
            let names = tools.compactMap {
                $0["function"]?["name"]?.stringValue ?? $0["name"]?.stringValue
            }
            conversation.tools.removeAll {
                !names.contains($0["function"]?["name"]?.stringValue ?? "")
            }
            return try allowed.word("mode", of: ["auto", "required"]) == "required"
                ? .required : .auto
        case let type:
            throw .invalid(
                "tool_choice.type", "is '\(type ?? "")', expected function or allowed_tools")
        }
    }
}
