// SPDX-License-Identifier: Apache-2.0
//
// What the terminal is and can do.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

enum Terminal {
    static var inputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }
    static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether styles may be written to a descriptor: a terminal that is not dumb, and no NO_COLOR.
    static func allowsStyle(_ descriptor: Int32) -> Bool {
        guard isatty(descriptor) == 1, variable("NO_COLOR") == nil else { return false }
        return variable("TERM") != "dumb"
    }

    private static func variable(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// Columns of the terminal, 80 where it does not say.
    static var columns: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return 80
        }
        return Int(size.ws_col)
    }

    /// Runs `body` with keys delivered one by one and unechoed.
    static func withRawInput<T>(_ body: () throws -> T) rethrows -> T {
        var saved = termios()
        guard tcgetattr(STDIN_FILENO, &saved) == 0 else { return try body() }
        var raw = saved
        raw.c_iflag &= ~tcflag_t(BRKINT | ICRNL | INPCK | ISTRIP | IXON)
        raw.c_lflag &= ~tcflag_t(ECHO | ICANON | IEXTEN | ISIG)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
        defer { tcsetattr(STDIN_FILENO, TCSADRAIN, &saved) }
        return try body()
    }

    /// The next byte of stdin, nil at its end. A signal does not end the wait.
    static func readByte() -> UInt8? {
        var byte: UInt8 = 0
        while true {
            let count = read(STDIN_FILENO, &byte, 1)
            if count == 1 { return byte }
            if count < 0, errno == EINTR { continue }
            return nil
        }
    }

    /// Columns that a character takes: two for East Asian wide characters and emoji, else one.
    static func width(of character: Character) -> Int {
        character.unicodeScalars.contains { scalar in
            scalar.properties.isEmojiPresentation
                || wide.contains { $0.contains(scalar.value) }
        } ? 2 : 1
    }

    /// The large blocks of East Asian Width W and F (Unicode Annex 11).
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
        0xA000...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
        0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]
}
