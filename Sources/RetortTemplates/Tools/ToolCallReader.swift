// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// Reads one call after another, byte by byte, and keeps what was read of the one that is open.
struct ToolCallReader: Sendable {
    enum Outcome { case more, ended, malformed }

    private let format: ToolCallFormat
    /// The call's text so far, its marker included.
    private var raw: [UInt8] = []
    private var json: JSONCallReader
    private var deepSeek: DeepSeekCallReader
    private var xml: XMLCallReader

    init(_ format: ToolCallFormat, tools: [JSONValue]) {
        self.format = format
        let functions = tools.map { $0["function"] ?? $0 }
        json = JSONCallReader(names: functions.compactMap { $0["name"]?.stringValue })
        deepSeek = DeepSeekCallReader(hasType: format == .deepSeekR1)
        xml = XMLCallReader(functions: functions)
    }

    mutating func begin(_ entry: ToolCallMarkers.Entry, raw marker: [UInt8]) {
        raw.removeAll(keepingCapacity: true)
        raw.append(contentsOf: marker)
        switch format {
        case .none: break
        case .hermes, .llama3: json.begin(entry)
        case .deepSeekR1, .deepSeekV31: deepSeek.begin(entry)
        case .qwen3Coder: xml.begin(entry)
        }
    }

    mutating func step(_ byte: UInt8, _ output: inout ResponseEvents) -> Outcome {
        let outcome: Outcome
        switch format {
        case .none: outcome = .malformed
        case .hermes, .llama3: outcome = json.step(byte, &output)
        case .deepSeekR1, .deepSeekV31: outcome = deepSeek.step(byte, &output)
        case .qwen3Coder: outcome = xml.step(byte, &output)
        }
        if outcome == .more { raw.append(byte) }
        return outcome
    }

    /// The call's text, without its end if that may start another marker, and that end.
    mutating func abandon() -> (text: [UInt8], rest: [UInt8]) {
        let matched: Int
        switch format {
        case .none, .hermes, .llama3: matched = 0
        case .deepSeekR1, .deepSeekV31: matched = deepSeek.matched
        case .qwen3Coder: matched = xml.matched
        }
        let end = raw.count - matched
        defer { raw.removeAll(keepingCapacity: true) }
        return (Array(raw[..<end]), Array(raw[end...]))
    }
}

/// A text that must come next.
struct LiteralMatch: Sendable {
    private let bytes: [UInt8]
    private(set) var matched = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    /// Whether the byte continues the text.
    mutating func accepts(_ byte: UInt8) -> Bool {
        guard matched < bytes.count, bytes[matched] == byte else { return false }
        matched += 1
        return true
    }

    var isComplete: Bool { matched == bytes.count }

    mutating func reset() { matched = 0 }
}
