// SPDX-License-Identifier: Apache-2.0
//
// Qwen3-Coder writes arguments as text between tags. They are told as JSON: the tool's schema says
// of which type; an argument that the schema does not know is a string, as the model's own parser
// has it.

import RetortJSON

/// Reads `<function=NAME>`, `<parameter=KEY>` … `</parameter>`, `</function>`.
struct XMLCallReader: Sendable {
    private enum Phase { case section, name, between, key, value }

    private let functions: [JSONValue]
    private var phase = Phase.section
    private var function = LiteralMatch("<function=")
    private var parameter = LiteralMatch("<parameter=")
    private var functionEnd = LiteralMatch("</function>")
    private var parameterEnd = LiteralMatch("</parameter>")
    /// The bytes that may be the start of a tag, within a value also the line break before it.
    private var held: [UInt8] = []
    /// A name, a key or a value that is not told before its end.
    private var text: [UInt8] = []
    private var properties: JSONValue?
    private var type = ParameterType.string
    private var hasParameters = false
    /// Whether a line break is still to be dropped: the value just began.
    private var dropsLineBreak = false

    init(functions: [JSONValue]) { self.functions = functions }

    /// How many of the last bytes are the start of a marker.
    var matched: Int {
        switch phase {
        case .section: return function.matched
        case .between: return max(parameter.matched, functionEnd.matched)
        case .name, .key, .value: return 0
        }
    }

    mutating func begin(_ entry: ToolCallMarkers.Entry) {
        phase = .section
        if case .header = entry { phase = .name }
        function.reset()
        parameter.reset()
        functionEnd.reset()
        text.removeAll(keepingCapacity: true)
        hasParameters = false
    }

    mutating func step(_ byte: UInt8, _ output: inout ResponseEvents) -> ToolCallReader.Outcome {
        switch phase {
        case .section:
            if function.matched == 0, ResponseParser.isSpace(byte) { return .more }
            guard function.accepts(byte) else { return .malformed }
            if function.isComplete { phase = .name }
        case .name:
            guard let name = stepTagName(byte) else { return .malformed }
            guard byte == UInt8(ascii: ">") else { break }
            output.startCall(name)
            let schema = functions.last {
                $0["name"]?.stringValue.map { JSONObject.sameBytes($0, name) } ?? false
            }
            properties = schema?["parameters"]?["properties"]
            output.append(UInt8(ascii: "{"), to: .arguments)
            phase = .between
        case .between: return stepBetween(byte, &output)
        case .key:
            guard let key = stepTagName(byte) else { return .malformed }
            guard byte == UInt8(ascii: ">") else { break }
            beginValue(key, &output)
        case .value: stepValue(byte, &output)
        }
        return .more
    }

    /// Reads up to `>`: the name so far, nil if it can be none.
    private mutating func stepTagName(_ byte: UInt8) -> String? {
        if byte == UInt8(ascii: ">") {
            defer { text.removeAll(keepingCapacity: true) }
            let name = String(decoding: text, as: UTF8.self)
            return name.isEmpty ? nil : name
        }
        if byte == UInt8(ascii: "<") || ResponseParser.isLineBreak(byte) { return nil }
        text.append(byte)
        return ""
    }

    private mutating func stepBetween(_ byte: UInt8, _ output: inout ResponseEvents)
        -> ToolCallReader.Outcome
    {
        if matched == 0, ResponseParser.isSpace(byte) { return .more }
        // The two tags part at their second byte.
        let isParameter = parameter.matched >= functionEnd.matched && parameter.accepts(byte)
        let isEnd = !(parameter.matched > 1) && functionEnd.accepts(byte)
        guard isParameter || isEnd else { return .malformed }
        if parameter.isComplete {
            parameter.reset()
            functionEnd.reset()
            phase = .key
        } else if functionEnd.isComplete {
            output.append(UInt8(ascii: "}"), to: .arguments)
            return .ended
        }
        return .more
    }

    // MARK: - Values

    private mutating func beginValue(_ key: String, _ output: inout ResponseEvents) {
        if hasParameters { output.append(", ".utf8, to: .arguments) }
        hasParameters = true
        output.append(JSONValue.string(key).text().utf8, to: .arguments)
        output.append(": ".utf8, to: .arguments)
        type = ParameterType(schema: properties?[key])
        if type == .string { output.append(UInt8(ascii: "\""), to: .arguments) }
        held.removeAll(keepingCapacity: true)
        parameterEnd.reset()
        dropsLineBreak = true
        phase = .value
    }

    private mutating func stepValue(_ byte: UInt8, _ output: inout ResponseEvents) {
        if parameterEnd.accepts(byte) {
            guard parameterEnd.isComplete else {
                held.append(byte)
                return
            }
            endValue(&output)
            return
        }
        // No part of the tag but its start is a '<', so only this byte may start it anew.
        releaseValue(&output)
        parameterEnd.reset()
        if parameterEnd.accepts(byte) {
            held.append(byte)
        } else if byte == 0x0A, dropsLineBreak {
            dropsLineBreak = false
        } else if byte == 0x0A {
            held.append(byte)
        } else {
            appendValue(byte, &output)
        }
    }

    private mutating func releaseValue(_ output: inout ResponseEvents) {
        guard !held.isEmpty else { return }
        for byte in held { appendValue(byte, &output) }
        held.removeAll(keepingCapacity: true)
    }

    private mutating func appendValue(_ byte: UInt8, _ output: inout ResponseEvents) {
        dropsLineBreak = false
        if type != .string {
            text.append(byte)
        } else if let escape = JSONScanner.escape(byte) {
            output.append(escape.utf8, to: .arguments)
        } else {
            output.append(byte, to: .arguments)
        }
    }

    private mutating func endValue(_ output: inout ResponseEvents) {
        // The tag without its last byte, and at most one line break before it, which is the tag's.
        held = []
        if type == .string {
            output.append(UInt8(ascii: "\""), to: .arguments)
        } else {
            let value = String(decoding: text, as: UTF8.self)
            output.append(type.json(of: value).utf8, to: .arguments)
            text.removeAll(keepingCapacity: true)
        }
        phase = .between
    }
}
