// SPDX-License-Identifier: Apache-2.0
//
// Texts as words and hashes of words. Swift's own hashes differ from run to run, these do not.

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

    /// FNV-1a.
    package static func hash(_ word: String) -> UInt64 {
        word.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// Scatters the bits (the end of SplitMix64).
    static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// The hash of each run of `length` words; of fewer words, the hash of all of them.
    package static func grams(_ words: [String], _ length: Int) -> [UInt64] {
        guard !words.isEmpty else { return [] }
        let hashes = words.map(hash)
        let length = min(length, words.count)
        return (0...(words.count - length)).map { start in
            hashes[start..<(start + length)].reduce(UInt64(length)) { mixed($0 &* 31 &+ $1) }
        }
    }
}
