// SPDX-License-Identifier: Apache-2.0

/// Unicode scalars of UTF-8 that comes in pieces, which may be cut anywhere. Broken bytes count as U+FFFD, one
/// for each.
struct ScalarDecoder {
    private var code: UInt32 = 0
    /// Continuation bytes that are still to come.
    private(set) var missing = 0
    private(set) var taken = 0

    /// Takes a byte. The result is a scalar that it completes, and how many bytes that has.
    @inline(__always)
    mutating func take(_ byte: UInt8) -> (code: UInt32, length: Int)? {
        if byte < 0x80 {
            missing = 0
            taken = 0
            return (UInt32(byte), 1)
        }
        return takeHigh(byte)
    }

    private mutating func takeHigh(_ byte: UInt8) -> (code: UInt32, length: Int)? {
        if byte & 0xC0 == 0x80, missing > 0 {
            code = code << 6 | UInt32(byte & 0x3F)
            missing -= 1
            taken += 1
            guard missing == 0 else { return nil }
            let length = taken
            taken = 0
            return (code, length)
        }
        switch byte {
        case 0xC2...0xDF: (code, missing) = (UInt32(byte & 0x1F), 1)
        case 0xE0...0xEF: (code, missing) = (UInt32(byte & 0x0F), 2)
        case 0xF0...0xF4: (code, missing) = (UInt32(byte & 0x07), 3)
        default:
            missing = 0
            taken = 0
            return (0xFFFD, 1)
        }
        taken = 1
        return nil
    }
}
