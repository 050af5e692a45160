// SPDX-License-Identifier: Apache-2.0

/// Where words begin and end in UTF-8.
struct WordBoundaries {
    let bytes: [UInt32]

    /// Whether a word can end before `position` and another begin there. Letters of scripts that separate
    /// words join; from U+3000 on, where most scripts do not, every character stands alone.
    func isBoundary(_ position: Int) -> Bool {
        guard position > 0 && position < bytes.count else { return true }
        let next = bytes[position]
        if next & 0xC0 == 0x80 { return false }
        return !(isWord(next) && precededByWord(position))
    }

    private func precededByWord(_ position: Int) -> Bool {
        var lead = position - 1
        while lead > 0 && position - lead < 4 && bytes[lead] & 0xC0 == 0x80 { lead -= 1 }
        return isWord(bytes[lead])
    }

    /// - Parameter lead: The first byte of a character.
    private func isWord(_ lead: UInt32) -> Bool {
        switch lead {
        case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
        case 0xC3...0xE2: true
        default: false
        }
    }

    private func isSpace(_ position: Int) -> Bool {
        bytes[position] == 0x20 || (0x09...0x0D).contains(bytes[position])
    }

    /// The longest part of a range that is whole words, without space around it.
    func wholeWords(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end && !(isBoundary(start) && !isSpace(start)) { start += 1 }
        while end > start && !(isBoundary(end) && !isSpace(end - 1)) { end -= 1 }
        return start..<end
    }

    /// The words in a range, without what is between them.
    func words(_ range: Range<Int>) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var start = range.lowerBound
        while start < range.upperBound {
            var end = start + 1
            while end < range.upperBound && !isBoundary(end) { end += 1 }
            if bytes[start] >= 0x80 || isWord(bytes[start]) { words.append(start..<end) }
            start = end
        }
        return words
    }
}
