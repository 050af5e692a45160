// SPDX-License-Identifier: Apache-2.0

/// Joins bytes of one kind to one event and numbers the calls.
struct ResponseEvents: Sendable {
    enum Kind { case reasoning, content, arguments }

    /// Calls whose arguments are complete.
    private(set) var completedCalls = 0
    private var events: [ResponseParser.Event] = []
    private var run: [UInt8] = []
    private var kind = Kind.content
    /// The number of the call that is open, or of the next one.
    private var index = 0
    private(set) var isCallOpen = false

    mutating func append(_ byte: UInt8, to kind: Kind) {
        if kind != self.kind {
            flush()
            self.kind = kind
        }
        run.append(byte)
    }

    mutating func append(_ bytes: some Sequence<UInt8>, to kind: Kind) {
        for byte in bytes { append(byte, to: kind) }
    }

    mutating func startCall(_ name: String) {
        flush()
        events.append(.toolCallStart(index: index, name: name))
        isCallOpen = true
    }

    mutating func endCall() {
        flush()
        events.append(.toolCallEnd(index: index))
        isCallOpen = false
        index += 1
        completedCalls += 1
    }

    /// The text is content if nobody was told of the call.
    mutating func abandonCall(_ text: [UInt8]) {
        guard isCallOpen else {
            append(text, to: .content)
            return
        }
        flush()
        events.append(
            .toolCallAbandoned(index: index, text: String(decoding: text, as: UTF8.self)))
        isCallOpen = false
        index += 1
    }

    /// The events since the last time.
    mutating func take() -> [ResponseParser.Event] {
        flush()
        defer { events = [] }
        return events
    }

    private mutating func flush() {
        guard !run.isEmpty else { return }
        let text = String(decoding: run, as: UTF8.self)
        run.removeAll(keepingCapacity: true)
        switch kind {
        case .reasoning: events.append(.reasoning(text))
        case .content: events.append(.content(text))
        case .arguments: events.append(.toolCallArguments(index: index, fragment: text))
        }
    }
}
