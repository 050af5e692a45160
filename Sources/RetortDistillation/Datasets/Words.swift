// SPDX-License-Identifier: Apache-2.0
//
// Texts as words and hashes of words. Swift's own hashes differ from run to run, these do not.

import RetortTensor

/// Cuts texts into what comparisons compare.
package enum Words {
    /// Lower-case runs of letters and digits. Scripts that write no spaces give each character as a
    /// word.
    package static func of(_ text: String) -> [String] { pieces(text, withSigns: false) }

    /// The words, and the signs of arithmetic between them.
    package static func withSigns(_ text: String) -> [String] { pieces(text, withSigns: true) }

    private static func pieces(_ text: String, withSigns: Bool) -> [String] {
        var words: [String] = []
        var word = ""
        func endWord() {
            guard !word.isEmpty else { return }
            words.append(word)
            word = ""
        }
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            if isWrittenWithoutSpaces(scalar) {
                endWord()
                words.append(String(scalar))
            } else if properties.isAlphabetic || properties.numericType != nil
                || (properties.canonicalCombiningClass != .notReordered && !word.isEmpty)
            {
                word += properties.lowercaseMapping
            } else {
                endWord()
                if withSigns, isSign(scalar) { words.append(String(scalar)) }
            }
        }
        endWord()
        return words
    }

    private static func isWrittenWithoutSpaces(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isIdeographic || (0x3040...0x30FF).contains(scalar.value)
            || (0x0E00...0x0E7F).contains(scalar.value)
    }

    private static func isSign(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .mathSymbol || "*/-^%".unicodeScalars.contains(scalar)
    }

    /// The hash of each run of `length` words; of fewer words, the hash of all of them.
    package static func grams(_ words: [String], _ length: Int) -> [UInt64] {
        guard !words.isEmpty else { return [] }
        let hashes = words.map { FNVHash($0.utf8).value }
        let length = min(length, words.count)
        return (0...(words.count - length)).map { start in
            hashes[start..<(start + length)].reduce(UInt64(length)) {
                SplitMix64.mix($0 &* 31 &+ $1)
            }
        }
    }
}
