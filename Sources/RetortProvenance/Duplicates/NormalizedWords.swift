// SPDX-License-Identifier: Apache-2.0
//
// Texts as hashes of their words, which are the same from run to run and from machine to machine.
// Case, spacing, punctuation and canonical equivalence (Unicode Annex 15) make no difference.

import Foundation

/// The words of a text, as hashes.
///
/// A word is a run of letters and digits in lower case; a character of a script that writes no
/// spaces is a word. What is not UTF-8 separates words.
public enum NormalizedWords {
    private static let start: UInt64 = 0xCBF2_9CE4_8422_2325
    private static let prime: UInt64 = 0x100_0000_01B3

    /// The hash of each word in turn.
    /// - Complexity: O(bytes); about a nanosecond a byte of ASCII.
    public static func hashes(of text: String) -> [UInt64] {
        var hashes: [UInt64] = []
        var text = text
        text.withUTF8 { append(hashesOf: $0, to: &hashes) }
        return hashes
    }

    /// Appends the hash of each word.
    /// - Parameter bytes: UTF-8.
    public static func append(hashesOf bytes: UnsafeBufferPointer<UInt8>, to hashes: inout [UInt64])
    {
        let count = hashes.count
        if !scan(bytes, composed: false, &hashes) {
            hashes.removeSubrange(count...)
            var text = String(decoding: bytes, as: UTF8.self).precomposedStringWithCanonicalMapping
            text.withUTF8 { _ = scan($0, composed: true, &hashes) }
        }
    }

    /// The hash of bytes that are a word already: FNV-1a, its bits scattered.
    static func hash(_ word: some Sequence<UInt8>) -> UInt64 {
        scattered(word.reduce(start) { ($0 ^ UInt64($1)) &* prime })
    }

    /// Scatters the bits (the end of SplitMix64, Steele et al. 2014).
    @inline(__always)
    static func scattered(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// - Returns: Whether it went to the end; false if the text has to be composed first.
    private static func scan(
        _ bytes: UnsafeBufferPointer<UInt8>, composed: Bool, _ hashes: inout [UInt64]
    ) -> Bool {
        hashes.reserveCapacity(hashes.count + bytes.count / 5)
        return ScalarClass.firstPlane.withUnsafeBufferPointer { classes in
            var word = start
            var isInWord = false
            var place = 0
            while place < bytes.count {
                let byte = bytes[place]
                let kind: ScalarClass
                if byte < 0x80 {
                    place += 1
                    kind = classes[Int(byte)]
                    if kind.role == .letter {
                        word = (word ^ UInt64(kind.lowercase)) &* prime
                        isInWord = true
                    } else if isInWord {
                        hashes.append(scattered(word))
                        word = start
                        isInWord = false
                    }
                    continue
                }
                let value = scalar(bytes, &place)
                kind =
                    value < 0x10000
                    ? classes[Int(value)]
                    : Unicode.Scalar(value).map(ScalarClass.init) ?? classes[0]
                if kind.composes, !composed { return false }
                switch kind.role {
                case .letter:
                    word = extended(word, kind, value)
                    isInWord = true
                case .mark:
                    if isInWord { word = extended(word, kind, value) }
                case .separator, .word:
                    if isInWord { hashes.append(scattered(word)) }
                    word = start
                    isInWord = false
                    if kind.role == .word { hashes.append(scattered(extended(start, kind, value))) }
                }
            }
            if isInWord { hashes.append(scattered(word)) }
            return true
        }
    }

    /// The scalar at `place`, which moves behind it; 0 for bytes that are none, one at a time.
    @inline(__always)
    private static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, _ place: inout Int) -> UInt32 {
        let lead = bytes[place]
        place += 1
        let count: Int
        var value: UInt32
        switch lead {
        case 0xC2...0xDF: (count, value) = (1, UInt32(lead & 0x1F))
        case 0xE0...0xEF: (count, value) = (2, UInt32(lead & 0x0F))
        case 0xF0...0xF4: (count, value) = (3, UInt32(lead & 0x07))
        default: return 0
        }
        guard place + count <= bytes.count else { return 0 }
        for offset in 0..<count {
            let byte = bytes[place + offset]
            guard byte & 0xC0 == 0x80 else { return 0 }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        // Longer than need be, or a surrogate.
        guard Unicode.Scalar(value) != nil, count == 1 || value >= (count == 2 ? 0x800 : 0x10000)
        else { return 0 }
        place += count
        return value
    }

    /// The word's hash with one more scalar, as the UTF-8 of its lower case.
    private static func extended(_ hash: UInt64, _ kind: ScalarClass, _ value: UInt32) -> UInt64 {
        var hash = hash
        if kind.isSeveral {
            for byte in Unicode.Scalar(value)?.properties.lowercaseMapping.utf8 ?? "".utf8 {
                hash = (hash ^ UInt64(byte)) &* prime
            }
        } else if let scalar = Unicode.Scalar(kind.lowercase) {
            for byte in UTF8.encode(scalar) ?? .init() { hash = (hash ^ UInt64(byte)) &* prime }
        }
        return hash
    }
}
