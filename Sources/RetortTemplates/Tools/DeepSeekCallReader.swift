// SPDX-License-Identifier: Apache-2.0

/// Reads DeepSeek's calls: a name between markers, then a JSON object, which R1 and V3 write as a
/// block of code.
struct DeepSeekCallReader: Sendable {
    private enum Phase { case section, header, name, fence, object, arguments }

    /// Whether the type of the tool comes before the name, as in R1 and V3.
    private let hasType: Bool
    private var phase = Phase.section
    private var callBegin = LiteralMatch("<｜tool▁call▁begin｜>")
    private var separator = LiteralMatch("<｜tool▁sep｜>")
    private var fence = LiteralMatch("```json")
    /// The type or the name.
    private var text: [UInt8] = []
    private var scanner = JSONScanner()

    init(hasType: Bool) { self.hasType = hasType }

    /// How many of the last bytes are the start of a marker.
    var matched: Int {
        switch phase {
        case .section: return callBegin.matched
        case .header: return separator.matched
        case .name, .fence, .object, .arguments: return 0
        }
    }

    mutating func begin(_ entry: ToolCallMarkers.Entry) {
        phase = .section
        if case .header = entry { phase = .header }
        callBegin.reset()
        separator.reset()
        fence.reset()
        text.removeAll(keepingCapacity: true)
    }

    mutating func step(_ byte: UInt8, _ output: inout ResponseEvents) -> ToolCallReader.Outcome {
        switch phase {
        case .section:
            if callBegin.matched == 0, ResponseParser.isSpace(byte) { return .more }
            guard callBegin.accepts(byte) else { return .malformed }
            if callBegin.isComplete { phase = .header }
        case .header: return stepHeader(byte)
        case .name:
            guard byte != UInt8(ascii: "<") else { return .malformed }
            guard byte == 0x0A else {
                text.append(byte)
                break
            }
            guard !isBlank else { return .malformed }
            phase = .fence
        case .fence:
            if fence.matched == 0, ResponseParser.isSpace(byte) { return .more }
            guard fence.accepts(byte) else { return .malformed }
            if fence.isComplete { phase = .object }
        case .object:
            if ResponseParser.isSpace(byte) { return .more }
            guard byte == UInt8(ascii: "{") else { return .malformed }
            output.startCall(String(decoding: text, as: UTF8.self).stripped())
            scanner.reset()
            phase = .arguments
            return stepArguments(byte, &output)
        case .arguments: return stepArguments(byte, &output)
        }
        return .more
    }

    private mutating func stepHeader(_ byte: UInt8) -> ToolCallReader.Outcome {
        guard separator.accepts(byte) else {
            // A name holds neither markers nor lines.
            let breaks = byte == UInt8(ascii: "<") || ResponseParser.isLineBreak(byte)
            guard separator.matched == 0, !breaks else { return .malformed }
            text.append(byte)
            return .more
        }
        guard separator.isComplete else { return .more }
        if hasType {
            text.removeAll(keepingCapacity: true)
            phase = .name
        } else {
            guard !isBlank else { return .malformed }
            phase = .object
        }
        return .more
    }

    private var isBlank: Bool { text.allSatisfy(ResponseParser.isSpace) }

    private mutating func stepArguments(_ byte: UInt8, _ output: inout ResponseEvents)
        -> ToolCallReader.Outcome
    {
        // Models write line breaks within strings, which JSON forbids.
        if byte < 0x20, scanner.isInString, let escape = JSONScanner.escape(byte) {
            output.append(escape.utf8, to: .arguments)
            return .more
        }
        switch scanner.step(byte) {
        case .more:
            output.append(byte, to: .arguments)
            return .more
        case .end:
            output.append(byte, to: .arguments)
            return .ended
        case .endBefore, .invalid: return .malformed
        }
    }
}
