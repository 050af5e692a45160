// SPDX-License-Identifier: Apache-2.0

/// The line being edited: characters and a cursor, without I/O.
package struct LineBuffer: Equatable {
    package private(set) var characters: [Character] = []
    /// Between 0 and the number of characters.
    package private(set) var cursor = 0
    /// What was cut last, for Ctrl-Y.
    private var cut: [Character] = []

    package init() {}

    package var text: String { String(characters) }
    package var isEmpty: Bool { characters.isEmpty }

    package mutating func insert(_ text: String) {
        characters.insert(contentsOf: text, at: cursor)
        // A combining mark joins the character before it: count anew.
        let before = String(characters[..<min(cursor + text.count, characters.count)])
        let after = String(characters[min(cursor + text.count, characters.count)...])
        characters = Array(before + after)
        cursor = min(before.count, characters.count)
    }

    package mutating func replace(with text: String) {
        characters = Array(text)
        cursor = characters.count
    }

    package mutating func deleteBackward() {
        guard cursor > 0 else { return }
        cursor -= 1
        characters.remove(at: cursor)
    }

    package mutating func deleteForward() {
        guard cursor < characters.count else { return }
        characters.remove(at: cursor)
    }

    package mutating func moveLeft() { cursor = max(cursor - 1, 0) }
    package mutating func moveRight() { cursor = min(cursor + 1, characters.count) }
    package mutating func moveToStart() { cursor = 0 }
    package mutating func moveToEnd() { cursor = characters.count }
    package mutating func moveWordLeft() { cursor = wordStart }

    package mutating func moveWordRight() {
        while cursor < characters.count, characters[cursor].isWhitespace { cursor += 1 }
        while cursor < characters.count, !characters[cursor].isWhitespace { cursor += 1 }
    }

    private var wordStart: Int {
        var place = cursor
        while place > 0, characters[place - 1].isWhitespace { place -= 1 }
        while place > 0, !characters[place - 1].isWhitespace { place -= 1 }
        return place
    }

    package mutating func cutToEnd() { cutRange(cursor..<characters.count) }
    package mutating func cutToStart() { cutRange(0..<cursor) }
    package mutating func cutWord() { cutRange(wordStart..<cursor) }

    private mutating func cutRange(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        cut = Array(characters[range])
        characters.removeSubrange(range)
        cursor = range.lowerBound
    }

    package mutating func pasteCut() { insert(String(cut)) }
}
