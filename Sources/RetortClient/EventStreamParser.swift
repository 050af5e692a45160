// SPDX-License-Identifier: Apache-2.0
//
// Server-sent events (WHATWG HTML, 9.2.6) as far as the API uses them: the data of each event.
// A value without I/O: bytes in any pieces go in, whole events come out.

/// Cuts a stream of bytes into the data of its events.
package struct EventStreamParser: Sendable {
    package init() {}

    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var lastWasReturn = false
    private var isFirstLine = true

    /// The data of the events that these bytes complete.
    package mutating func take(_ bytes: some Sequence<UInt8>) -> [[UInt8]] {
        var events: [[UInt8]] = []
        for byte in bytes {
            let isSecondOfPair = lastWasReturn && byte == UInt8(ascii: "\n")
            lastWasReturn = byte == UInt8(ascii: "\r")
            if isSecondOfPair { continue }
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                if let event = endLine() { events.append(event) }
            } else {
                line.append(byte)
            }
        }
        return events
    }

    /// What an end of the stream without an empty line leaves. The standard drops it; some servers
    /// end that way behind their last event.
    package mutating func finish() -> [UInt8]? {
        if !line.isEmpty, let event = endLine() { return event }
        return endEvent()
    }

    /// - Returns: The event that an empty line ends.
    private mutating func endLine() -> [UInt8]? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else { return endEvent() }
        let name = Array("data".utf8)
        guard line.starts(with: name) else { return nil }
        var value = line[name.count...]
        if !value.isEmpty {
            // Another field whose name begins alike.
            guard value.removeFirst() == UInt8(ascii: ":") else { return nil }
            if value.first == UInt8(ascii: " ") { value.removeFirst() }
        }
        if hasData { data.append(UInt8(ascii: "\n")) }
        data += value
        hasData = true
        return nil
    }

    private mutating func endEvent() -> [UInt8]? {
        guard hasData else { return nil }
        hasData = false
        defer { data = [] }
        return data
    }
}
