// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// Cuts text into words without making strings: runs of letters and digits in lower case (of ASCII), and of the scripts
/// that do not space words each pair of signs.
enum WordScanner {
    struct Word {
        /// At most 40 bytes of it.
        let bytes: UnsafeBufferPointer<UInt8>
        let entry: Lexicon.Entry
        /// The number that it is, 0 if it is none.
        let number: Int
        /// Of Chinese, Japanese or Korean script.
        let isWide: Bool
    }

    private static let most = 40

    /// - Returns: How many words there were, of which `body` had the first `limit`.
    @discardableResult
    static func forEachWord(
        _ bytes: UnsafeBufferPointer<UInt8>, limit: Int, _ body: (Word, Int) -> Void
    ) -> Int {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: most) { buffer in
            scan(bytes, limit, buffer, body)
        }
    }

    private static func scan(
        _ bytes: UnsafeBufferPointer<UInt8>, _ limit: Int,
        _ buffer: UnsafeMutableBufferPointer<UInt8>, _ body: (Word, Int) -> Void
    ) -> Int {
        var count = 0
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            guard isWordByte(byte) else {
                // Beyond the basic plane there are pictures: four bytes each.
                position += byte >= 0xF0 ? 4 : 1
                continue
            }
            var length = 0
            var hash = FNVHash()
            var number = 0
            let isWide = byte >= 0xE3 && byte < 0xF0
            if isWide {
                // A pair of signs, moving by one.
                let second = position + 3
                let isPair = second < bytes.count && bytes[second] >= 0xE3 && bytes[second] < 0xF0
                for index in position..<min(position + (isPair ? 6 : 3), bytes.count) {
                    buffer[length] = bytes[index]
                    hash.add(UInt64(bytes[index]))
                    length += 1
                }
                position = min(position + 3, bytes.count)
            } else {
                while position < bytes.count, isWordByte(bytes[position]), bytes[position] < 0xE3 {
                    let byte = lowered(bytes, position)
                    if length < most {
                        buffer[length] = byte
                        hash.add(UInt64(byte))
                        length += 1
                    }
                    number =
                        byte >= 0x30 && byte <= 0x39 && number >= 0
                        ? min(number * 10 + Int(byte - 0x30), 1 << 20) : -1
                    position += 1
                }
            }
            if count < limit {
                let word = Word(
                    bytes: UnsafeBufferPointer(rebasing: UnsafeBufferPointer(buffer)[..<length]),
                    entry: Lexicon.entries[hash.value] ?? Lexicon.Entry(), number: max(0, number),
                    isWide: isWide)
                body(word, count)
            }
            count += 1
        }
        return count
    }

    /// A byte of a word in lower case, of ASCII, Latin-1 and Cyrillic letters.
    @inline(__always)
    private static func lowered(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> UInt8 {
        let byte = bytes[position]
        if byte < 0x80 { return byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
        if byte == 0xD0, position + 1 < bytes.count {
            // Р to Я have another first byte in lower case.
            return (0xA0...0xAF).contains(bytes[position + 1]) ? 0xD1 : byte
        }
        guard position > 0 else { return byte }
        switch (bytes[position - 1], byte) {
        case (0xC3, 0x80...0x96), (0xC3, 0x98...0x9E), (0xD0, 0x90...0x9F): return byte + 0x20
        case (0xD0, 0xA0...0xAF): return byte - 0x20
        default: return byte
        }
    }

    @inline(__always)
    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x61...0x7A, 0x41...0x5A, 0x30...0x39: return true
        // Not the general punctuation (E2) and not the signs of Latin-1 (C2).
        case 0x80..<0xF0: return byte != 0xE2 && byte != 0xC2
        default: return false
        }
    }
}
