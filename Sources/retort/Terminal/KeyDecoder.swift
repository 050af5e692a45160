// SPDX-License-Identifier: Apache-2.0
//
// Bytes of a terminal in raw mode to keys (ECMA-48 control sequences and xterm's additions).

/// A key, or text pasted at once.
package enum Key: Equatable {
    case character(Character)
    case paste(String)
    case enter, backspace, delete, tab
    case left, right, up, down, home, end, wordLeft, wordRight
    case control(Character)
    case unknown
}

/// Reads keys from a source of bytes.
package struct KeyDecoder {
    private let readByte: () -> UInt8?

    /// - Parameter readByte: Returns nil at the end of the input.
    package init(readByte: @escaping () -> UInt8?) { self.readByte = readByte }

    /// The next key, nil at the end of the input.
    package func next() -> Key? {
        guard let byte = readByte() else { return nil }
        switch byte {
        case 0x0D, 0x0A: return .enter
        case 0x09: return .tab
        case 0x7F, 0x08: return .backspace
        case 0x1B: return escape()
        case 0x01...0x1A: return .control(Character(Unicode.Scalar(byte + 0x60)))
        case ..<0x20: return .unknown
        default: return character(first: byte)
        }
    }

    private func character(first: UInt8) -> Key? {
        var bytes = [first]
        let length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        while bytes.count < length {
            guard let byte = readByte() else { return nil }
            bytes.append(byte)
        }
        guard let text = String(validating: bytes, as: UTF8.self), let character = text.first
        else { return .unknown }
        return .character(character)
    }

    private func escape() -> Key? {
        guard let byte = readByte() else { return nil }
        switch byte {
        case UInt8(ascii: "["): return controlSequence()
        case UInt8(ascii: "O"): return final(readByte() ?? 0, parameters: "")
        case UInt8(ascii: "b"): return .wordLeft
        case UInt8(ascii: "f"): return .wordRight
        default: return .unknown
        }
    }

    private func controlSequence() -> Key? {
        var parameters = ""
        while let byte = readByte() {
            if (0x40...0x7E).contains(byte) { return final(byte, parameters: parameters) }
            guard parameters.utf8.count < 16 else { return .unknown }
            parameters.append(Character(Unicode.Scalar(byte)))
        }
        return nil
    }

    private func final(_ byte: UInt8, parameters: String) -> Key? {
        let isModified = parameters.hasSuffix(";5") || parameters.hasSuffix(";3")
        switch byte {
        case UInt8(ascii: "A"): return .up
        case UInt8(ascii: "B"): return .down
        case UInt8(ascii: "C"): return isModified ? .wordRight : .right
        case UInt8(ascii: "D"): return isModified ? .wordLeft : .left
        case UInt8(ascii: "H"): return .home
        case UInt8(ascii: "F"): return .end
        case UInt8(ascii: "~"):
            switch parameters {
            case "1", "7": return .home
            case "4", "8": return .end
            case "3": return .delete
            case "200": return paste()
            default: return .unknown
            }
        default: return .unknown
        }
    }

    /// Everything up to the end mark of a bracketed paste.
    private func paste() -> Key? {
        let end = Array("\u{1B}[201~".utf8)
        var bytes: [UInt8] = []
        while let byte = readByte() {
            bytes.append(byte)
            if bytes.suffix(end.count).elementsEqual(end) {
                let text = String(decoding: bytes.dropLast(end.count), as: UTF8.self)
                return .paste(
                    text.split(separator: "\r\n", omittingEmptySubsequences: false)
                        .joined(separator: "\n").replacing("\r", with: "\n"))
            }
        }
        return nil
    }
}
