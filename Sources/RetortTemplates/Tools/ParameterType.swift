// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What a schema lets an argument be that is written as text.
enum ParameterType: Sendable, Equatable {
    /// A string and nothing else: it can be told while it comes.
    case string
    /// Values of these JSON schema types, or of any if empty.
    case values([String])

    init(schema: JSONValue?) {
        guard let schema else {
            self = .string
            return
        }
        var types: [String] = []
        Self.collect(schema, into: &types, depth: 0)
        self = types == ["string"] ? .string : .values(types)
    }

    private static func collect(_ schema: JSONValue, into types: inout [String], depth: Int) {
        guard depth < 8 else { return }
        if let type = schema["type"]?.stringValue { types.append(type) }
        for type in schema["type"]?.arrayValue ?? [] {
            if let type = type.stringValue { types.append(type) }
        }
        if schema["type"] == nil {
            for value in schema["enum"]?.arrayValue ?? [] { types.append(name(of: value)) }
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            for part in schema[key]?.arrayValue ?? [] {
                collect(part, into: &types, depth: depth + 1)
            }
        }
        types = types.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    private static func name(of value: JSONValue) -> String {
        switch value {
        case .null: return "null"
        case .bool: return "boolean"
        case .integer: return "integer"
        case .double: return "number"
        case .string: return "string"
        case .array: return "array"
        case .object: return "object"
        }
    }

    /// The text as JSON: as it is where it is JSON of a type that is allowed, otherwise a string.
    func json(of text: String) -> String {
        let trimmed = text.stripped()
        // Python's words, which the model's training data has.
        let words = ["True": "true", "False": "false", "None": "null"]
        let candidate = words[trimmed] ?? trimmed
        if let value = try? JSONValue(parsing: candidate), allows(value) { return candidate }
        return JSONValue.string(text).text()
    }

    private func allows(_ value: JSONValue) -> Bool {
        guard case .values(let types) = self else { return false }
        if types.isEmpty { return true }
        let name = Self.name(of: value)
        if name == "integer" || name == "number", types.contains("number") { return true }
        if value.intValue != nil, types.contains("integer") { return true }
        // A text in quotes is a text with quotes where strings are allowed.
        return name != "string" && types.contains(name)
    }
}
