// SPDX-License-Identifier: Apache-2.0

/// Follows one JSON value (RFC 8259) byte by byte and tells where it ends. Constant work for a byte.
struct JSONScanner: Sendable {
    enum Step {
        case more
        /// The byte is the value's last.
        case end
        /// The value, a number, ended before the byte.
        case endBefore
        case invalid
    }

    private enum State {
        case value, firstElement, firstKey, key, colon, afterValue
        case string, escape, unicode
        case minus, zero, integer, point, fraction, exponent, exponentSign, exponentDigits
        case word
    }

    /// As deep as RetortJSON reads.
    private static let maximumDepth = 256
    private static let words = ["true", "false", "null"].map { Array($0.utf8) }

    private var state = State.value
    /// The containers around: true is an object.
    private var stack: [Bool] = []
    private var isKey = false
    private var hexDigits = 0
    private var word = 0
    private var wordIndex = 0

    /// Whether a byte would stand within a string, where JSON allows no control character.
    var isInString: Bool { state == .string }

    /// Starts over, before a value.
    mutating func reset() {
        state = .value
        stack.removeAll(keepingCapacity: true)
        isKey = false
    }

    mutating func step(_ byte: UInt8) -> Step {
        switch state {
        case .string: return stepString(byte)
        case .escape:
            switch byte {
            case UInt8(ascii: "u"):
                state = .unicode
                hexDigits = 0
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
                UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                state = .string
            default: return .invalid
            }
            return .more
        case .unicode:
            guard Self.isHexDigit(byte) else { return .invalid }
            hexDigits += 1
            if hexDigits == 4 { state = .string }
            return .more
        case .word:
            guard byte == Self.words[word][wordIndex] else { return .invalid }
            wordIndex += 1
            return wordIndex == Self.words[word].count ? close() : .more
        case .minus, .zero, .integer, .point, .fraction, .exponent, .exponentSign, .exponentDigits:
            return stepNumber(byte)
        case .value, .firstElement, .firstKey, .key, .colon, .afterValue:
            return ResponseParser.isSpace(byte) ? .more : stepStructure(byte)
        }
    }

    private mutating func stepStructure(_ byte: UInt8) -> Step {
        switch (state, byte) {
        case (.firstKey, UInt8(ascii: "}")), (.firstElement, UInt8(ascii: "]")):
            stack.removeLast()
            return close()
        case (.firstKey, UInt8(ascii: "\"")), (.key, UInt8(ascii: "\"")):
            isKey = true
            state = .string
        case (.colon, UInt8(ascii: ":")): state = .value
        case (.afterValue, UInt8(ascii: ",")): state = stack.last == true ? .key : .value
        case (.afterValue, UInt8(ascii: "}")) where stack.last == true,
            (.afterValue, UInt8(ascii: "]")) where stack.last == false:
            stack.removeLast()
            return close()
        case (.value, _), (.firstElement, _): return beginValue(byte)
        default: return .invalid
        }
        return .more
    }

    private mutating func beginValue(_ byte: UInt8) -> Step {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard stack.count < Self.maximumDepth else { return .invalid }
            stack.append(byte == UInt8(ascii: "{"))
            state = byte == UInt8(ascii: "{") ? .firstKey : .firstElement
        case UInt8(ascii: "\""):
            isKey = false
            state = .string
        case UInt8(ascii: "-"): state = .minus
        case UInt8(ascii: "0"): state = .zero
        case UInt8(ascii: "1")...UInt8(ascii: "9"): state = .integer
        default:
            guard let index = Self.words.firstIndex(where: { $0[0] == byte }) else {
                return .invalid
            }
            word = index
            wordIndex = 1
            state = .word
        }
        return .more
    }

    private mutating func stepString(_ byte: UInt8) -> Step {
        switch byte {
        case UInt8(ascii: "\\"): state = .escape
        case UInt8(ascii: "\""):
            guard isKey else { return close() }
            state = .colon
        case ..<0x20: return .invalid
        default: break
        }
        return .more
    }

    private mutating func stepNumber(_ byte: UInt8) -> Step {
        let isDigit = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
        let isExponent = byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
        switch state {
        case .minus where isDigit: state = byte == UInt8(ascii: "0") ? .zero : .integer
        case .integer where isDigit, .fraction where isDigit, .exponentDigits where isDigit: break
        case .zero where byte == UInt8(ascii: "."), .integer where byte == UInt8(ascii: "."):
            state = .point
        case .point where isDigit: state = .fraction
        case .zero where isExponent, .integer where isExponent, .fraction where isExponent:
            state = .exponent
        case .exponent where byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"):
            state = .exponentSign
        case .exponent where isDigit, .exponentSign where isDigit: state = .exponentDigits
        case .zero, .integer, .fraction, .exponentDigits:
            guard close() == .more else { return .endBefore }
            return step(byte)
        default: return .invalid
        }
        return .more
    }

    /// A value ended: the whole one, or one within.
    private mutating func close() -> Step {
        state = .afterValue
        return stack.isEmpty ? .end : .more
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            return true
        default: return false
        }
    }

    /// What stands for a byte within a string, nil for the byte itself.
    static func escape(_ byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "\""): return "\\\""
        case UInt8(ascii: "\\"): return "\\\\"
        case 0x0A: return "\\n"
        case 0x0D: return "\\r"
        case 0x09: return "\\t"
        case ..<0x10: return "\\u000" + String(byte, radix: 16)
        case ..<0x20: return "\\u00" + String(byte, radix: 16)
        default: return nil
        }
    }
}
