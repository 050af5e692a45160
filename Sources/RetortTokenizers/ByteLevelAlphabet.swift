// SPDX-License-Identifier: Apache-2.0
//
// GPT-2's printable spelling of bytes (Radford et al. 2019, encoder.py): printable Latin-1 stands
// for itself, the other 68 bytes for U+0100 and on.

/// The bijection between bytes and the 256 characters that byte-level vocabularies are spelled in.
enum ByteLevelAlphabet {
    /// By byte: its character.
    static let scalars: [Unicode.Scalar] = {
        var result: [Unicode.Scalar] = []
        var next: UInt32 = 0x100
        for byte in UInt8.min...UInt8.max {
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: result.append(Unicode.Scalar(byte))
            default:
                result.append(Unicode.Scalar(next) ?? " ")
                next += 1
            }
        }
        return result
    }()

    /// By scalar below U+0144: its byte, or -1.
    private static let bytes: [Int16] = {
        var result = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { result[Int(scalar.value)] = Int16(byte) }
        return result
    }()

    /// Appends the bytes that `spelled` (UTF-8) stands for.
    /// - Returns: false, with nothing appended, if a character is not of the alphabet.
    static func decode(_ spelled: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) -> Bool {
        let mark = output.count
        let bytes = bytes
        var i = 0
        while i < spelled.count {
            let first = spelled[i]
            let scalar: Int
            switch first {
            case 0x21...0x7E:
                output.append(first)
                i += 1
                continue
            // All of the alphabet beyond ASCII takes two bytes.
            case 0xC2...0xC5 where i + 1 < spelled.count && spelled[i + 1] & 0xC0 == 0x80:
                scalar = Int(first & 0x1F) << 6 | Int(spelled[i + 1] & 0x3F)
                i += 2
            default: scalar = 0
            }
            guard scalar < bytes.count, bytes[scalar] >= 0 else {
                output.removeLast(output.count - mark)
                return false
            }
            output.append(UInt8(truncatingIfNeeded: bytes[scalar]))
        }
        return true
    }

    /// The printable spelling of bytes.
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(scalars[Int(byte)]) }
        return String(text)
    }
}
