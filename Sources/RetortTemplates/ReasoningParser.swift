// SPDX-License-Identifier: Apache-2.0
//
// Text arrives in pieces that end anywhere, also within a marker. What may still become a marker,
// and line breaks that may turn out to be the last of a thought, are held back.

/// Tells thoughts from the answer while text streams in. A value: one for each generation.
public struct ReasoningParser: Sendable {
    /// A piece of text that is certain. Pieces of one kind follow each other.
    public enum Segment: Sendable, Equatable {
        case reasoning(String)
        case answer(String)
    }

    private enum State {
        /// Before anything but white space: an opening marker may come.
        case start
        case reasoning
        case answer
    }

    private let opening: [UInt8]
    private let closing: [UInt8]
    private let start: ReasoningFormat.Start
    private let repeats: Bool
    private var state: State
    /// Whether line breaks are still to be dropped: a thought or what follows one just began.
    private var dropsLineBreaks = false
    /// What was not handed out yet.
    private var pending: [UInt8] = []

    public init(_ format: ReasoningFormat) {
        opening = Array(format.opening.utf8)
        closing = Array(format.closing.utf8)
        start = format.start
        repeats = format.repeats && format.marksThoughts
        state = format.marksThoughts && format.start != .closed ? .start : .answer
        dropsLineBreaks = format.marksThoughts && format.start == .closed
    }

    /// Whether the text so far ends within a thought.
    public var isReasoning: Bool {
        switch state {
        case .reasoning: return true
        case .answer: return false
        case .start: return start != .outside
        }
    }

    /// Takes the next piece and returns what became certain.
    public mutating func append(_ text: String) -> [Segment] {
        pending.append(contentsOf: text.utf8)
        return segments(isEnd: false)
    }

    /// Returns what was held back. A thought that was not closed is all thought.
    public mutating func finish() -> [Segment] { segments(isEnd: true) }

    /// A whole text at once.
    public static func split(_ text: String, _ format: ReasoningFormat) -> (
        reasoning: String, answer: String
    ) {
        var parser = ReasoningParser(format)
        var result = (reasoning: "", answer: "")
        for segment in parser.append(text) + parser.finish() {
            switch segment {
            case .reasoning(let text): result.reasoning += text
            case .answer(let text): result.answer += text
            }
        }
        return result
    }

    private mutating func segments(isEnd: Bool) -> [Segment] {
        var segments: [Segment] = []
        var progresses = true
        while progresses {
            switch state {
            case .start: progresses = begin(isEnd: isEnd)
            case .reasoning: progresses = think(isEnd: isEnd, &segments)
            case .answer: progresses = answer(isEnd: isEnd, &segments)
            }
        }
        return segments
    }

    // MARK: - States. Each returns whether another state has work to do.

    private mutating func begin(isEnd: Bool) -> Bool {
        let text = pending.drop { $0 == 0x20 || $0 == 0x09 || Self.isLineBreak($0) }
        if text.starts(with: opening) {
            pending = Array(text.dropFirst(opening.count))
            enter(.reasoning)
            return true
        }
        if !isEnd, opening.starts(with: text) { return false }
        // Without a marker an answer keeps its white space, and an assumed thought loses it later.
        if start == .outside {
            state = .answer
        } else {
            enter(.reasoning)
        }
        return true
    }

    private mutating func think(isEnd: Bool, _ segments: inout [Segment]) -> Bool {
        dropLineBreaks()
        if let end = String.find(closing, in: pending) {
            emit(pending[..<trimmed(end)], isReasoning: true, &segments)
            pending.removeFirst(end + closing.count)
            enter(.answer)
            return true
        }
        let certain = isEnd ? pending.count : pending.count - overlap(with: closing)
        let end = trimmed(certain)
        emit(pending[..<end], isReasoning: true, &segments)
        pending.removeFirst(isEnd ? pending.count : end)
        return false
    }

    private mutating func answer(isEnd: Bool, _ segments: inout [Segment]) -> Bool {
        dropLineBreaks()
        if repeats, let end = String.find(opening, in: pending) {
            emit(pending[..<end], isReasoning: false, &segments)
            pending.removeFirst(end + opening.count)
            enter(.reasoning)
            return true
        }
        let held = repeats && !isEnd ? overlap(with: opening) : 0
        emit(pending[..<(pending.count - held)], isReasoning: false, &segments)
        pending.removeFirst(pending.count - held)
        return false
    }

    private mutating func enter(_ next: State) {
        state = next
        dropsLineBreaks = true
    }

    // MARK: - Bytes

    private static func isLineBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    private mutating func dropLineBreaks() {
        guard dropsLineBreaks else { return }
        pending.removeFirst(pending.prefix(while: Self.isLineBreak).count)
        if !pending.isEmpty { dropsLineBreaks = false }
    }

    /// `end` without the line breaks before it.
    private func trimmed(_ end: Int) -> Int {
        var end = end
        while end > 0, Self.isLineBreak(pending[end - 1]) { end -= 1 }
        return end
    }

    /// How many bytes at the end may be the start of a marker.
    private func overlap(with marker: [UInt8]) -> Int {
        var length = min(marker.count - 1, pending.count)
        while length > 0, !pending.suffix(length).elementsEqual(marker.prefix(length)) {
            length -= 1
        }
        return length
    }

    private func emit(
        _ bytes: ArraySlice<UInt8>, isReasoning: Bool, _ segments: inout [Segment]
    ) {
        guard !bytes.isEmpty else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        segments.append(isReasoning ? .reasoning(text) : .answer(text))
    }
}
