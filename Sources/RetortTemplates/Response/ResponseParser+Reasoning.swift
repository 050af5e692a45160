// SPDX-License-Identifier: Apache-2.0

extension ResponseParser {
    static func isLineBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || isLineBreak(byte) }

    // MARK: - Before the first thought

    mutating func stepStart(_ byte: UInt8) {
        if held.isEmpty, Self.isSpace(byte) {
            heldSpace.append(byte)
        } else if byte == opening[held.count] {
            held.append(byte)
            if held.count == opening.count {
                held = []
                heldSpace = []
                enter(.reasoning)
            }
        } else {
            leaveStart()
            step(byte)
        }
    }

    /// There is no opening marker. Without it an answer keeps its white space, and an assumed thought
    /// loses it later.
    mutating func leaveStart() {
        let text = heldSpace + held
        heldSpace = []
        held = []
        if format.start == .outside {
            state = .content
        } else {
            enter(.reasoning)
        }
        for byte in text { step(byte) }
    }

    mutating func enter(_ next: State) {
        state = next
        dropsLineBreaks = true
    }

    // MARK: - Within a thought

    mutating func stepReasoning(_ byte: UInt8) {
        held.append(byte)
        releaseReasoning(all: false)
        if held.count == closing.count {
            held = []
            heldSpace = []
            enter(.content)
        }
    }

    /// Hands out what cannot start the closing marker.
    mutating func releaseReasoning(all: Bool) {
        let count = all ? held.count : held.countBeforePrefix(of: closing)
        for index in 0..<count {
            let byte = held[index]
            if Self.isLineBreak(byte) {
                if !dropsLineBreaks { heldSpace.append(byte) }
                continue
            }
            dropsLineBreaks = false
            if !heldSpace.isEmpty {
                for space in heldSpace { output.append(space, to: .reasoning) }
                heldSpace.removeAll(keepingCapacity: true)
            }
            output.append(byte, to: .reasoning)
        }
        held.removeFirst(count)
    }
}

extension [UInt8] {
    /// How many bytes come before the longest suffix that starts `marker`. As long as the array is
    /// no longer than the marker, that takes no longer than a small constant.
    func countBeforePrefix(of marker: [UInt8]) -> Int {
        for start in indices where starts(from: start, asPrefixOf: marker) { return start }
        return count
    }

    func starts(from start: Int, asPrefixOf marker: [UInt8]) -> Bool {
        guard count - start <= marker.count else { return false }
        for index in start..<count where self[index] != marker[index - start] { return false }
        return true
    }
}
