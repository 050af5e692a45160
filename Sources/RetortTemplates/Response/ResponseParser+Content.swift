// SPDX-License-Identifier: Apache-2.0

extension ResponseParser {
    /// What may follow a call and is part of the calls' frame.
    enum AfterCall {
        case none
        /// Right behind the arguments.
        case fence
        /// Behind a marker that ended a call or all of them.
        case frame
    }

    mutating func stepContent(_ byte: UInt8) {
        // Nearly all bytes start no marker.
        if held.isEmpty, afterCall == .none, !isBlank || byte != UInt8(ascii: "{"),
            !markers.startsContent[Int(byte)]
        {
            appendContent(byte)
            return
        }
        held.append(byte)
        releaseContent(all: false)
        guard !held.isEmpty, let marker = contentMarkers.first(where: { $0.bytes == held }) else {
            return
        }
        held = []
        switch marker.action {
        case .think:
            flushSpace()
            enter(.reasoning)
        case .close:
            heldSpace = []
            afterCall = .frame
        case .call(let entry):
            // Line breaks before a call are content, unless they part it from another one.
            heldSpace = []
            afterCall = .none
            isBlank = false
            dropsLineBreaks = false
            state = .call
            reader.begin(entry, raw: marker.bytes)
        }
    }

    private var contentMarkers: [ToolCallMarkers.Marker] {
        switch afterCall {
        case .none: return isBlank ? markers.blank : markers.content
        case .fence: return markers.fence
        case .frame: return markers.frame
        }
    }

    /// Hands out what cannot start a marker. Each byte may change which markers there are.
    mutating func releaseContent(all: Bool) {
        var start = 0
        while start < held.count {
            if !all,
                contentMarkers.contains(where: { held.starts(from: start, asPrefixOf: $0.bytes) })
            {
                break
            }
            appendContent(held[start])
            start += 1
        }
        held.removeFirst(start)
    }

    private mutating func appendContent(_ byte: UInt8) {
        if afterCall != .none {
            // Llama parts calls by a semicolon.
            if Self.isSpace(byte) || toolFormat == .llama3 && byte == UInt8(ascii: ";") {
                heldSpace.append(byte)
                return
            }
            flushSpace()
        }
        if dropsLineBreaks, Self.isLineBreak(byte) { return }
        dropsLineBreaks = false
        if isBlank, !Self.isSpace(byte) { isBlank = false }
        output.append(byte, to: .content)
    }

    private mutating func flushSpace() {
        for space in heldSpace { output.append(space, to: .content) }
        heldSpace = []
        afterCall = .none
    }

    // MARK: - Within a call

    mutating func stepCall(_ byte: UInt8) {
        switch reader.step(byte, &output) {
        case .more: return
        case .ended:
            output.endCall()
            state = .content
            afterCall = .fence
        case .malformed:
            // What might start another marker has not been lost with the call.
            for byte in abandonCall() + [byte] { step(byte) }
        }
    }

    /// Gives the call's text back. Returns its end, which may be the start of a marker.
    mutating func abandonCall() -> [UInt8] {
        let (text, rest) = reader.abandon()
        output.abandonCall(text)
        state = .content
        return rest
    }
}
