// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON

/// Results on stdout, everything else on stderr.
enum Output {
    static func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }

    static func line(_ text: String) { write(text + "\n") }

    static func note(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// A line that the next one takes the place of; for terminals.
    static func moving(_ text: String) {
        FileHandle.standardError.write(
            Data("\r\u{1B}[K\(text.prefix(max(20, Terminal.columns - 1)))".utf8))
    }

    /// Takes a moving line away.
    static func clearLine() { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }

    static func json(_ value: JSONValue) { line(value.text()) }
}

extension JSONValue {
    /// A finite number, or null, since JSON has no other.
    static func number(_ value: Double) -> JSONValue { value.isFinite ? .double(value) : .null }
}
