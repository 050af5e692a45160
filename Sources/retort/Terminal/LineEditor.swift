// SPDX-License-Identifier: Apache-2.0
//
// Reads a line from a terminal with the keys people know from a shell.

import Foundation

/// What a user did at the prompt.
package enum LineInput: Equatable {
    case line(String)
    /// Ctrl-C: the line is dropped.
    case interrupted
    /// Ctrl-D on an empty line, or the end of the input.
    case end
}

/// Edits one line at a time. Long lines wrap; pasted line breaks are kept.
package struct LineEditor {
    private let prompt: String
    private let keys: KeyDecoder
    private let write: (String) -> Void
    private let columns: () -> Int
    private var buffer = LineBuffer()
    /// The row of the cursor below the prompt's, as drawn last.
    private var drawnRow = 0
    private var historyIndex = 0
    private var draft = ""

    package init(
        prompt: String, readByte: @escaping () -> UInt8?, write: @escaping (String) -> Void,
        columns: @escaping () -> Int
    ) {
        self.prompt = prompt
        keys = KeyDecoder(readByte: readByte)
        self.write = write
        self.columns = columns
    }

    /// Edits until Enter.
    package mutating func read(history: [String]) -> LineInput {
        buffer = LineBuffer()
        drawnRow = 0
        historyIndex = history.count
        write("\u{1B}[?2004h")  // bracketed paste
        defer { write("\u{1B}[?2004l") }
        draw()
        while let key = keys.next() {
            switch key {
            case .enter:
                finishDrawing()
                return .line(buffer.text)
            case .control("c"):
                finishDrawing()
                return .interrupted
            case .control("d") where buffer.isEmpty:
                finishDrawing()
                return .end
            default:
                handle(key, history)
                draw()
            }
        }
        finishDrawing()
        return .end
    }

    private mutating func handle(_ key: Key, _ history: [String]) {
        switch key {
        case .character(let character): buffer.insert(String(character))
        case .paste(let text): buffer.insert(text)
        case .tab: buffer.insert("    ")
        case .backspace: buffer.deleteBackward()
        case .delete, .control("d"): buffer.deleteForward()
        case .left, .control("b"): buffer.moveLeft()
        case .right, .control("f"): buffer.moveRight()
        case .home, .control("a"): buffer.moveToStart()
        case .end, .control("e"): buffer.moveToEnd()
        case .wordLeft: buffer.moveWordLeft()
        case .wordRight: buffer.moveWordRight()
        case .up, .control("p"): recall(historyIndex - 1, history)
        case .down, .control("n"): recall(historyIndex + 1, history)
        case .control("k"): buffer.cutToEnd()
        case .control("u"): buffer.cutToStart()
        case .control("w"): buffer.cutWord()
        case .control("y"): buffer.pasteCut()
        case .control("l"):
            write("\u{1B}[H\u{1B}[2J")
            drawnRow = 0
        default: break
        }
    }

    private mutating func recall(_ index: Int, _ history: [String]) {
        guard (0...history.count).contains(index) else { return }
        if historyIndex == history.count { draft = buffer.text }
        historyIndex = index
        buffer.replace(with: index == history.count ? draft : history[index])
    }

    /// Rows and columns of the text before `count` characters, the prompt included.
    private func place(after count: Int, width: Int) -> (row: Int, column: Int) {
        var row = 0
        var column = prompt.count
        for character in buffer.characters[..<count] {
            if character == "\n" {
                row += 1
                column = 0
                continue
            }
            let columns = Terminal.width(of: character)
            if column + columns > width {
                row += 1
                column = 0
            }
            column += columns
        }
        return column >= width ? (row + 1, 0) : (row, column)
    }

    private mutating func draw() {
        let width = max(columns(), 2)
        var output = drawnRow > 0 ? "\u{1B}[\(drawnRow)A" : ""
        output += "\r\u{1B}[J" + prompt + buffer.text.replacing("\n", with: "\r\n")
        let end = place(after: buffer.characters.count, width: width)
        let cursor = place(after: buffer.cursor, width: width)
        // A full last row leaves the terminal's cursor waiting at its end.
        if end.column == 0, end.row > 0, buffer.characters.last != "\n" { output += "\r\n" }
        if end.row > cursor.row { output += "\u{1B}[\(end.row - cursor.row)A" }
        output += "\r"
        if cursor.column > 0 { output += "\u{1B}[\(cursor.column)C" }
        drawnRow = cursor.row
        write(output)
    }

    private mutating func finishDrawing() {
        buffer.moveToEnd()
        draw()
        drawnRow = 0
        write("\r\n")
    }
}
