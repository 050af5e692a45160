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
        var bytes: [UInt8] = []
        for scalar in text.precomposedStringWithCompatibilityMapping.lowercased().unicodeScalars {
            guard scalar.properties.isAlphabetic || scalar.properties.numericType != nil else {
                // A mark upon a letter, or an apostrophe, does not end a word.
                let staysWithin =
                    scalar.properties.generalCategory == .nonspacingMark
                    || scalar == "'" || scalar == "\u{2019}"
                if !staysWithin { isBetween = true }
                continue
            }
            if isBetween, !isEmpty { bytes.append(0x20) }
            isBetween = false
            isEmpty = false
            bytes.append(contentsOf: String(scalar).utf8)
        }
        isBetween = true
        hasher.update(bytes)
    }

    /// - Returns: nil if there was neither a letter nor a digit.
    func finish() -> ContentHash? { isEmpty ? nil : hasher.finish() }
}
