// SPDX-License-Identifier: Apache-2.0

/// The answers that a text marks.
struct MarkedAnswers {
    /// A mark without an end, or with nothing in it.
    struct Malformed: Error {}

    /// In the order of the text, innermost marks only.
    private(set) var contents: [String] = []
    /// Where the last mark ends.
    private(set) var end: Int

    private static let mostNesting = 4
    private static let boxed = Array("\\boxed".utf8)
    private static let opening = Array("<answer>".utf8)
    private static let closing = Array("</answer>".utf8)
    private static let heading = Array("####".utf8)

    /// - Parameter isAnswer: Whether the rest of a line behind `####` is an answer.
    init(in text: ArraySlice<UInt8>, isAnswer: (String) -> Bool, depth: Int = 0)
        throws(Malformed)
    {
        end = text.startIndex
        guard depth <= Self.mostNesting else { throw Malformed() }
        var position = text.startIndex
        var isLineStart = true
        while position < text.endIndex {
            let mark: (content: ArraySlice<UInt8>, end: Int)?
            switch text[position] {
            case UInt8(ascii: "\\"): mark = try Self.box(in: text, at: position)
            case UInt8(ascii: "<"): mark = try Self.tag(in: text, at: position)
            case UInt8(ascii: "#") where isLineStart:
                mark = Self.line(in: text, at: position, isAnswer)
            default: mark = nil
            }
            if let mark {
                let inner = try MarkedAnswers(
                    in: mark.content, isAnswer: isAnswer, depth: depth + 1)
                if inner.contents.isEmpty {
                    let content = Self.text(mark.content)
                    guard !content.isEmpty else { throw Malformed() }
                    contents.append(content)
                } else {
                    contents += inner.contents
                }
                position = mark.end
                end = mark.end
                isLineStart = false
                continue
            }
            let byte = text[position]
            isLineStart = byte == 0x0A || byte == 0x0D || isLineStart && byte == 0x20
            position += 1
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        AnswerExtraction.trimmed(String(decoding: bytes, as: UTF8.self))
    }

    /// Whether `marker` (in lower case) stands at a place, in any case.
    static func matches(_ marker: [UInt8], in text: ArraySlice<UInt8>, at position: Int) -> Bool {
        guard text.endIndex - position >= marker.count else { return false }
        for (offset, wanted) in marker.enumerated() {
            let byte = text[position + offset]
            let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            if (isUpper ? byte | 0x20 : byte) != wanted { return false }
        }
        return true
    }

    /// `\boxed{…}` to the brace that closes it.
    private static func box(in text: ArraySlice<UInt8>, at start: Int)
        throws(Malformed) -> (content: ArraySlice<UInt8>, end: Int)?
    {
        guard text[start...].starts(with: boxed) else { return nil }
        var position = start + boxed.count
        while position < text.endIndex, text[position] == 0x20 { position += 1 }
        guard position < text.endIndex, text[position] == UInt8(ascii: "{") else { return nil }
        let first = position + 1
        var depth = 0
        while position < text.endIndex {
            switch text[position] {
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return (text[first..<position], position + 1) }
            // An escaped brace is a character.
            case UInt8(ascii: "\\"): position += 1
            default: break
            }
            position += 1
        }
        throw Malformed()
    }

    private static func tag(in text: ArraySlice<UInt8>, at start: Int)
        throws(Malformed) -> (content: ArraySlice<UInt8>, end: Int)?
    {
        guard matches(opening, in: text, at: start) else { return nil }
        let first = start + opening.count
        var position = first
        while position < text.endIndex {
            if text[position] == UInt8(ascii: "<") {
                if matches(closing, in: text, at: position) {
                    return (text[first..<position], position + closing.count)
                }
                if matches(opening, in: text, at: position) { throw Malformed() }
            }
            position += 1
        }
        throw Malformed()
    }

    /// `#### …` to the end of the line, if that is an answer.
    private static func line(
        in text: ArraySlice<UInt8>, at start: Int, _ isAnswer: (String) -> Bool
    ) -> (content: ArraySlice<UInt8>, end: Int)? {
        guard text[start...].starts(with: heading) else { return nil }
        let first = start + heading.count
        let end = text[first...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? text.endIndex
        let content = text[first..<end]
        guard content.first != UInt8(ascii: "#") else { return nil }
        let line = self.text(content)
        // A line that is itself marked, as in "#### \boxed{5}", is read by its inner mark.
        guard !line.isEmpty, isAnswer(line) else { return nil }
        return (content, end)
    }
}
