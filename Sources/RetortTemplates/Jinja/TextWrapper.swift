// SPDX-License-Identifier: Apache-2.0

/// Breaks a paragraph into lines, as Python's `textwrap` does without touching tabs or newlines.
struct TextWrapper {
    let width: Int
    let breaksLongWords: Bool
    let breaksOnHyphens: Bool

    func wrap(_ text: String) -> [String] {
        var chunks = self.chunks(of: text.scalars)[...]
        var lines: [String] = []
        while !chunks.isEmpty {
            if !lines.isEmpty, Self.isBlank(chunks[chunks.startIndex]) { chunks.removeFirst() }
            var line: [[Unicode.Scalar]] = []
            var length = 0
            while let next = chunks.first, length + next.count <= width {
                line.append(next)
                length += next.count
                chunks.removeFirst()
            }
            if let next = chunks.first, next.count > width {
                let space = max(1, width - length)
                if breaksLongWords {
                    let end = breakEnd(of: next, space: space)
                    line.append(Array(next[..<end]))
                    chunks[chunks.startIndex] = Array(next[end...])
                    if end == next.count { chunks.removeFirst() }
                } else if line.isEmpty {
                    line.append(next)
                    chunks.removeFirst()
                }
            }
            if let last = line.last, Self.isBlank(last) { line.removeLast() }
            if !line.isEmpty { lines.append(String(scalars: line.joined())) }
        }
        return lines
    }

    private static func isBlank(_ chunk: [Unicode.Scalar]) -> Bool {
        chunk.allSatisfy(\.isPythonSpace)
    }

    /// Where a word that is too long is cut: behind a hyphen if one is within the space.
    private func breakEnd(of word: [Unicode.Scalar], space: Int) -> Int {
        let end = min(space, word.count)
        guard breaksOnHyphens, word.count > space,
            let hyphen = word[..<end].lastIndex(of: "-"), hyphen > 0,
            word[..<hyphen].contains(where: { $0 != "-" })
        else { return end }
        return hyphen + 1
    }

    // MARK: - Chunks

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\t", "\n", "\u{0B}", "\u{0C}", "\r", " ": return true
        default: return false
        }
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isWordPart && scalar.properties.numericType != .decimal
    }

    private static func isWordMark(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isWordPart || "!\"'&.,?".unicodeScalars.contains(scalar)
    }

    /// Words, blanks and the parts of hyphenated words, which lines are made of.
    private func chunks(of text: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
        var chunks: [[Unicode.Scalar]] = []
        var index = 0
        while index < text.count {
            let start = index
            let isBlank = Self.isSpace(text[index])
            if isBlank || !breaksOnHyphens {
                while index < text.count, Self.isSpace(text[index]) == isBlank { index += 1 }
            } else if let end = dashEnd(text, index) {
                index = end
            } else {
                index += 1
                while index < text.count, !endsChunk(text, start, index) { index += 1 }
            }
            chunks.append(Array(text[start..<index]))
        }
        return chunks
    }

    /// The end of a dash of two or more hyphens between words.
    private func dashEnd(_ text: [Unicode.Scalar], _ start: Int) -> Int? {
        guard start > 0, Self.isWordMark(text[start - 1]) else { return nil }
        var end = start
        while end < text.count, text[end] == "-" { end += 1 }
        guard end - start >= 2, end < text.count, text[end].isWordPart else { return nil }
        return end
    }

    /// Whether the word from `start` ends before `index`.
    private func endsChunk(_ text: [Unicode.Scalar], _ start: Int, _ index: Int) -> Bool {
        if Self.isSpace(text[index]) { return true }
        if Self.isWordMark(text[index - 1]), dashEnd(text, index) != nil { return true }
        // Behind the hyphen of a compound: two letters before it and one or two after.
        guard text[index - 1] == "-", index - 1 > start else { return false }
        func letter(_ position: Int) -> Bool {
            position >= 0 && position < text.count && Self.isLetter(text[position])
        }
        let before =
            (letter(index - 2) && letter(index - 3))
            || (index >= 4 && letter(index - 4) && text[index - 3] == "-"
                && Self.isWordMark(text[index - 2]))
        let after =
            letter(index)
            && (letter(index + 1)
                || (index + 1 < text.count && text[index + 1] == "-" && letter(index + 2)))
        return before && after
    }
}
