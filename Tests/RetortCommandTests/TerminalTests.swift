// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

import retort

@Suite struct TerminalTests {
    private func keys(_ bytes: [UInt8]) -> [Key] {
        var rest = bytes[...]
        let decoder = KeyDecoder { rest.popFirst() }
        var keys: [Key] = []
        while let key = decoder.next() { keys.append(key) }
        return keys
    }

    @Test("bytes become keys")
    func decoding() {
        #expect(keys(Array("aé🙂".utf8)) == [.character("a"), .character("é"), .character("🙂")])
        #expect(keys([0x0D, 0x7F, 0x03, 0x09]) == [.enter, .backspace, .control("c"), .tab])
        #expect(
            keys(Array("\u{1B}[A\u{1B}[D\u{1B}OH\u{1B}[3~".utf8)) == [.up, .left, .home, .delete])
        #expect(keys(Array("\u{1B}[1;5C\u{1B}b".utf8)) == [.wordRight, .wordLeft])
        #expect(
            keys(Array("\u{1B}[200~two\r\nlines\u{1B}[201~x".utf8))
                == [.paste("two\nlines"), .character("x")])
        #expect(keys([0xFF, 0x61, 0xC3]) == [])  // a broken character takes its bytes with it
        #expect(keys(Array("\u{1B}[99~".utf8)) == [.unknown])
    }

    @Test("editing keeps whole characters")
    func editing() {
        var buffer = LineBuffer()
        buffer.insert("naive")
        buffer.moveLeft()
        buffer.moveLeft()
        buffer.deleteBackward()
        buffer.insert("i\u{308}")
        #expect(buffer.text == "nai\u{308}ve")
        #expect(buffer.cursor == 3)
        buffer.moveToEnd()
        buffer.insert(" cafe")
        buffer.insert("\u{301}")
        buffer.deleteBackward()
        #expect(buffer.text == "nai\u{308}ve caf")
        buffer.cutWord()
        #expect(buffer.text == "nai\u{308}ve ")
        buffer.moveToStart()
        buffer.pasteCut()
        #expect(buffer.text == "cafnai\u{308}ve ")
        buffer.moveWordRight()
        buffer.cutToEnd()
        #expect(buffer.text == "cafnai\u{308}ve")
        buffer.cutToStart()
        #expect(buffer.isEmpty)
    }

    private func edit(_ input: String, history: [String] = [], columns: Int = 20) -> (
        LineInput, String
    ) {
        var rest = Array(input.utf8)[...]
        let screen = Screen()
        var editor = LineEditor(
            prompt: "> ", readByte: { rest.popFirst() }, write: { screen.text += $0 },
            columns: { columns })
        return (editor.read(history: history), screen.text)
    }

    private final class Screen { var text = "" }

    @Test("Enter gives the line, Ctrl-C drops it, Ctrl-D on an empty line ends")
    func endings() {
        #expect(edit("hello\r").0 == .line("hello"))
        #expect(edit("hel\u{03}").0 == .interrupted)
        #expect(edit("\u{04}").0 == .end)
        #expect(edit("").0 == .end)
        #expect(edit("ab\u{01}\u{04}\r").0 == .line("b"))
    }

    @Test("the history is walked with the arrows, and the draft comes back")
    func history() {
        let lines = ["first", "second"]
        #expect(edit("\u{1B}[A\r", history: lines).0 == .line("second"))
        #expect(edit("\u{1B}[A\u{1B}[A\u{1B}[A\r", history: lines).0 == .line("first"))
        #expect(edit("dra\u{1B}[A\u{1B}[Bft\r", history: lines).0 == .line("draft"))
    }

    @Test("a line wider than the terminal is redrawn from its first row")
    func wrapping() {
        let (input, screen) = edit("0123456789abcdef\u{1B}[D\r", columns: 10)
        #expect(input == .line("0123456789abcdef"))
        #expect(screen.contains("\u{1B}[1A\r\u{1B}[J> 0123456789abcdef"))
    }

    @Test("the history file keeps lines with breaks and backslashes, readable by its owner alone")
    func historyFile() throws {
        let folder = try TemporaryFolder()
        let url = folder.url.appendingPathComponent("state/history")
        var history = InputHistory(url: url)
        for line in ["one", "two\nlines", #"back\nslash"#, #"back\nslash"#, ""] {
            history.add(line)
        }
        history.save()
        #expect(InputHistory(url: url).lines == ["one", "two\nlines", #"back\nslash"#])
        let attributes = try FileManager.default.attributesOfItem(atPath: url.path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(InputHistory.standardURL(environment: ["RETORT_NO_HISTORY": "1"]) == nil)
        #expect(
            InputHistory.standardURL(environment: ["XDG_STATE_HOME": "/s"])?.path
                == "/s/retort/history")
    }
}
