// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// Reads `{"name": …, "arguments": {…}}`; `parameters` stands for `arguments`. The members may come
/// in any order, and others are passed over, but a bare object with others is no call.
struct JSONCallReader: Sendable {
    private enum Phase {
        case object, firstMember, member, key, colon, value, name, arguments, other, memberEnd
    }

    private let names: [String]
    private var isBare = false
    private var phase = Phase.object
    private var key = ""
    /// A string with its quotes.
    private var text: [UInt8] = []
    private var scanner = JSONScanner()
    private var name: String?
    private var isStarted = false
    private var hasArguments = false
    /// Arguments that came before the name.
    private var deferred: [UInt8] = []

    init(names: [String]) { self.names = names }

    mutating func begin(_ entry: ToolCallMarkers.Entry) {
        isBare = false
        if case .bareObject = entry { isBare = true }
        phase = isBare ? .firstMember : .object
        name = nil
        isStarted = false
        hasArguments = false
        deferred = []
    }

    mutating func step(_ byte: UInt8, _ output: inout ResponseEvents) -> ToolCallReader.Outcome {
        switch phase {
        case .key, .name: return stepText(byte)
        case .arguments: return stepArguments(byte, &output)
        case .other:
            switch scanner.step(byte) {
            case .more: return .more
            case .end: phase = .memberEnd
            case .endBefore:
                phase = .memberEnd
                return step(byte, &output)
            case .invalid: return .malformed
            }
            return .more
        case .object, .firstMember, .member, .colon, .value, .memberEnd:
            return ResponseParser.isSpace(byte) ? .more : stepStructure(byte, &output)
        }
    }

    private mutating func stepStructure(_ byte: UInt8, _ output: inout ResponseEvents)
        -> ToolCallReader.Outcome
    {
        switch (phase, byte) {
        case (.object, UInt8(ascii: "{")): phase = .firstMember
        case (.firstMember, UInt8(ascii: "\"")), (.member, UInt8(ascii: "\"")): beginText(.key)
        case (.colon, UInt8(ascii: ":")): phase = .value
        case (.value, _): return beginValue(byte, &output)
        case (.memberEnd, UInt8(ascii: ",")): phase = .member
        case (.memberEnd, UInt8(ascii: "}")): return close(&output)
        default: return .malformed
        }
        return .more
    }

    private mutating func beginValue(_ byte: UInt8, _ output: inout ResponseEvents)
        -> ToolCallReader.Outcome
    {
        switch key {
        case "name":
            guard byte == UInt8(ascii: "\""), name == nil else { return .malformed }
            beginText(.name)
        case "arguments", "parameters":
            guard byte == UInt8(ascii: "{"), !hasArguments else { return .malformed }
            hasArguments = true
            phase = .arguments
            start(&output)
            scanner.reset()
            return stepArguments(byte, &output)
        default:
            guard !isBare || key == "type" || key == "id" else { return .malformed }
            scanner.reset()
            phase = .other
            return scanner.step(byte) == .invalid ? .malformed : .more
        }
        return .more
    }

    private mutating func beginText(_ next: Phase) {
        phase = next
        scanner.reset()
        _ = scanner.step(UInt8(ascii: "\""))
        text = [UInt8(ascii: "\"")]
    }

    private mutating func stepText(_ byte: UInt8) -> ToolCallReader.Outcome {
        text.append(byte)
        switch scanner.step(byte) {
        case .more: return .more
        case .endBefore, .invalid: return .malformed
        case .end: break
        }
        guard let string = (try? JSONValue(parsing: text))?.stringValue else { return .malformed }
        if phase == .key {
            key = string
            phase = .colon
            return .more
        }
        guard !string.isEmpty, !isBare || isKnown(string) else { return .malformed }
        name = string
        phase = .memberEnd
        return .more
    }

    private func isKnown(_ name: String) -> Bool {
        names.isEmpty || names.contains { JSONObject.sameBytes($0, name) }
    }

    private mutating func stepArguments(_ byte: UInt8, _ output: inout ResponseEvents)
        -> ToolCallReader.Outcome
    {
        // Models write line breaks within strings, which JSON forbids.
        if byte < 0x20, scanner.isInString, let escape = JSONScanner.escape(byte) {
            for byte in escape.utf8 { emit(byte, &output) }
            return .more
        }
        switch scanner.step(byte) {
        case .more: break
        case .end: phase = .memberEnd
        case .endBefore, .invalid: return .malformed
        }
        emit(byte, &output)
        return .more
    }

    private mutating func emit(_ byte: UInt8, _ output: inout ResponseEvents) {
        if isStarted { output.append(byte, to: .arguments) } else { deferred.append(byte) }
    }

    private mutating func start(_ output: inout ResponseEvents) {
        guard let name, !isStarted else { return }
        output.startCall(name)
        isStarted = true
    }

    private mutating func close(_ output: inout ResponseEvents) -> ToolCallReader.Outcome {
        guard name != nil, hasArguments || !isBare else { return .malformed }
        start(&output)
        output.append(hasArguments ? deferred : Array("{}".utf8), to: .arguments)
        return .ended
    }
}
