// SPDX-License-Identifier: Apache-2.0

/// Where the answer stands in what a model wrote.
///
/// A marked answer comes before all else: `\boxed{…}`, `<answer>…</answer>`, or a line `#### …`
/// whose rest is an answer of the grader's kind (else it is a heading). Marks within marks are
/// unwrapped.
public struct AnswerExtraction: Sendable, Equatable {
    /// What is taken where nothing is marked.
    public enum Fallback: String, Sendable, CaseIterable {
        /// Nothing: there is no answer then.
        case marked
        /// The last number of the text.
        case lastNumber = "last_number"
        /// The last letter behind "answer is" or "Answer:", or a text that is a letter alone.
        case choice
        /// The fenced blocks, else the whole text.
        case document
        /// The whole text.
        case whole
    }

    public var fallback: Fallback
    /// Only a marked answer counts, and nothing may stand behind it.
    public var isStrict: Bool

    public init(_ fallback: Fallback, isStrict: Bool = false) {
        self.fallback = fallback
        self.isStrict = isStrict
    }

    enum Found: Equatable {
        /// Several where several are marked.
        case found([String])
        /// In strict mode.
        case followedByText(String)
        case malformed
        case none
    }

    func answers(in text: String, isAnswer: (String) -> Bool) -> Found {
        let bytes = ThoughtFilter.withoutThoughts(Array(text.utf8))
        let marks: MarkedAnswers
        do throws(MarkedAnswers.Malformed) {
            marks = try MarkedAnswers(in: bytes[...], isAnswer: isAnswer)
        } catch { return .malformed }
        if let last = marks.contents.last {
            let isEnd = bytes[marks.end...].allSatisfy { Self.closings.contains($0) }
            return isStrict && !isEnd ? .followedByText(last) : .found(marks.contents)
        }
        return isStrict ? .none : fallback(String(decoding: bytes, as: UTF8.self))
    }

    /// What may stand behind an answer in strict mode: white space, the ends of formulas, full stops.
    private static let closings = Set(" \t\r\n$.*".utf8)

    private func fallback(_ text: String) -> Found {
        switch fallback {
        case .marked: return .none
        case .lastNumber: return NumberText.last(in: text).map { .found([$0]) } ?? .none
        case .choice: return ChoiceGrader.last(in: text).map { .found([$0]) } ?? .none
        case .whole: return Self.trimmed(text).isEmpty ? .none : .found([Self.trimmed(text)])
        case .document:
            let blocks = FencedBlocks.contents(of: text)
            if !blocks.isEmpty { return .found(blocks) }
            return Self.trimmed(text).isEmpty ? .none : .found([Self.trimmed(text)])
        }
    }

    static func trimmed(_ text: String) -> String {
        var scalars = Substring(text).unicodeScalars
        while let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        return String(scalars)
    }
}

/// Code blocks of Markdown.
enum FencedBlocks {
    /// What stands between lines that begin with three backticks; the last may lack its end.
    static func contents(of text: String) -> [String] {
        var blocks: [String] = []
        var open: [Substring]?
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                if let lines = open { blocks.append(lines.joined(separator: "\n")) }
                open = open == nil ? [] : nil
            } else if open != nil {
                open?.append(line)
            }
        }
        if let lines = open { blocks.append(lines.joined(separator: "\n")) }
        return blocks
    }
}
