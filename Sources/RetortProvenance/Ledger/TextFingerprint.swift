// SPDX-License-Identifier: Apache-2.0
//
// Finds a text again whose case, spaces, marks or forms of letters were changed, and nothing else.

import Foundation

/// The hash of a text's letters and digits in lower case, a space between words, after NFKC.
struct TextFingerprint {
    private var hasher = ContentHasher()
    private var isEmpty = true
    private var isBetween = false

    static func hash(_ text: String) -> ContentHash? {
        var print = TextFingerprint()
        print.add(text)
        return print.finish()
    }

    /// Adds a part of the text; words do not go on in the next part.
    mutating func add(_ text: String) {
        var text = text
        let bytes = text.withUTF8 { text in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(text.count)
            // A line feed composes with nothing, so that lines of ASCII, most of all texts, need no tables.
            for line in text.split(separator: 0x0A) {
                if line.allSatisfy({ $0 < 0x80 }) {
                    addASCII(line, to: &bytes)
                } else {
                    addAny(String(decoding: line, as: UTF8.self), to: &bytes)
                }
                isBetween = true
            }
            return bytes
        }
        isBetween = true
        hasher.update(bytes)
    }

    private mutating func addASCII(
        _ line: Slice<UnsafeBufferPointer<UInt8>>, to bytes: inout [UInt8]
    ) {
        for byte in line {
            let lower = byte | 0x20
            if (0x61...0x7A).contains(lower) && byte >= 0x41 {
                begin(&bytes)
                bytes.append(lower)
            } else if (0x30...0x39).contains(byte) {
                begin(&bytes)
                bytes.append(byte)
            } else if byte != UInt8(ascii: "'") {
                isBetween = true
            }
        }
    }

    private mutating func addAny(_ line: String, to bytes: inout [UInt8]) {
        for scalar in line.precomposedStringWithCompatibilityMapping.lowercased().unicodeScalars {
            guard scalar.properties.isAlphabetic || scalar.properties.numericType != nil else {
                // A mark upon a letter, or an apostrophe, does not end a word.
                let staysWithin =
                    scalar.properties.generalCategory == .nonspacingMark
                    || scalar == "'" || scalar == "\u{2019}"
                if !staysWithin { isBetween = true }
                continue
            }
            begin(&bytes)
            bytes.append(contentsOf: UTF8.encode(scalar) ?? .init())
        }
    }

    /// A letter or digit follows.
    private mutating func begin(_ bytes: inout [UInt8]) {
        if isBetween, !isEmpty { bytes.append(0x20) }
        isBetween = false
        isEmpty = false
    }

    /// - Returns: nil if there was neither a letter nor a digit.
    func finish() -> ContentHash? { isEmpty ? nil : hasher.finish() }
}
