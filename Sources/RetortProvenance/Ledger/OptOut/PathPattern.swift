// SPDX-License-Identifier: Apache-2.0
//
// Paths as RFC 9309 compares them (§2.2.2, §2.2.3): by bytes, from the path's beginning; `*` stands for
// any bytes, a `$` at the end for the path's end; either is meant itself where it is percent-encoded.
// TDMRep and RSL use the same patterns.

/// A pattern of paths.
struct PathPattern: Sendable, Equatable {
    private let parts: [[UInt8]]
    private let isAnchored: Bool
    /// Bytes of the pattern: of two that match, the longer counts.
    let length: Int

    /// - Parameter text: In UTF-8; what is not ASCII may be percent-encoded or not.
    init(_ text: some Collection<UInt8>) {
        var bytes = Array(text)
        isAnchored = bytes.last == UInt8(ascii: "$")
        if isAnchored { bytes.removeLast() }
        bytes = Self.normalized(bytes, isPattern: true)
        length = bytes.count + (isAnchored ? 1 : 0)
        parts = bytes.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
            .map { Array($0) }
    }

    /// - Parameter path: As ``normalized(_:isPattern:)`` gives it.
    func matches(normalized path: [UInt8]) -> Bool {
        var rest = path[...]
        guard let first = parts.first, rest.starts(with: first) else { return false }
        rest = rest.dropFirst(first.count)
        if parts.count == 1 { return !isAnchored || rest.isEmpty }
        for part in parts.dropFirst().dropLast() {
            guard let end = Self.end(of: part, in: rest) else { return false }
            rest = rest[end...]
        }
        guard let last = parts.last else { return false }
        guard isAnchored else { return Self.end(of: last, in: rest) != nil }
        return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
    }

    /// Where the first `part` ends. Taking the first is enough: what follows a `*` may be anything.
    private static func end(of part: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard let first = part.first else { return bytes.startIndex }
        guard bytes.count >= part.count else { return nil }
        var at = bytes.startIndex
        let limit = bytes.endIndex - part.count
        while at <= limit {
            if bytes[at] == first, bytes[at..<(at + part.count)].elementsEqual(part) {
                return at + part.count
            }
            at += 1
        }
        return nil
    }

    /// Percent-encodings that need not be are undone, those that are missing are made, hexadecimal
    /// digits are upper case. A path's `*` and `$` are encoded, so that a pattern's `%2A` and `%24`
    /// are equal to them and its own `*` is equal to nothing.
    /// - Parameter isPattern: Whether `*` stands for any bytes; the `$` at the end is not in it.
    static func normalized(_ path: [UInt8], isPattern: Bool = false) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        var index = 0
        while index < path.count {
            let byte = path[index]
            if byte == UInt8(ascii: "%"), index + 2 < path.count,
                let high = value(path[index + 1]), let low = value(path[index + 2])
            {
                let decoded = high << 4 | low
                if isUnreserved(decoded) {
                    result.append(decoded)
                } else {
                    encode(decoded, &result)
                }
                index += 3
                continue
            }
            let isSpecial =
                byte == UInt8(ascii: "$") || byte == UInt8(ascii: "*") && !isPattern
            if byte >= 0x80 || byte <= 0x20 || isSpecial {
                encode(byte, &result)
            } else {
                result.append(byte)
            }
            index += 1
        }
        return result
    }

    private static func encode(_ byte: UInt8, _ result: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: false
        }
    }
}
