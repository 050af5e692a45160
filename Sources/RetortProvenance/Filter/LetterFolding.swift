// SPDX-License-Identifier: Apache-2.0
//
// What is left of a text when it does not matter how it is written: letters and digits without case, accents
// and compatibility forms, and letters that look like Latin ones as those. White space, punctuation, symbols and
// invisible characters go. Decompositions are Foundation's; look-alikes follow Unicode's confusables (UTS 39)
// where the fonts in use agree.

import Foundation

/// A table of what each Unicode scalar becomes.
struct LetterFolding: Sendable {
    /// A change of the table makes old indexes useless: they carry this number.
    static let version: UInt32 = 1

    static let shared = LetterFolding()

    /// At most seven bytes of UTF-8, the first lowest; how many is in the highest byte.
    private let low: [UInt64]
    private let mathematical: [UInt64]
    private static let mathematicalRange = 0x1D400..<0x1D800

    /// Letters that look like Latin ones. Greek has different look-alikes for its capitals.
    private static let lookAlikes: [(from: String, to: String)] = [
        ("АВЕКМНОРСТУХЅІЈҺԀԚԜӀ", "abekmhopctyxsijhdqwi"),
        ("авекмнорстухѕіјһԁԛԝӏ", "abekmhopctyxsijhdqwi"),
        ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϳ", "abezhikmnoptyxcj"),
        ("αβεζηικμνορτυχϲ", "abezhikmvoptuxc"),
        ("ıȷɑɡɩøØđĐłŁħĦŧŦƒɪʏօսհ", "ijagiooddllhhttfiyouh"),
    ]
    private static let expansions: [(from: Unicode.Scalar, to: String)] = [
        ("ß", "ss"), ("ẞ", "ss"), ("æ", "ae"), ("Æ", "ae"), ("œ", "oe"), ("Œ", "oe"), ("đ", "d"),
        ("Đ", "d"), ("þ", "th"), ("Þ", "th"),
    ]

    private init() {
        var special: [Unicode.Scalar: String] = [:]
        for (from, to) in Self.lookAlikes {
            for (a, b) in zip(from.unicodeScalars, to.unicodeScalars) { special[a] = String(b) }
        }
        for (from, to) in Self.expansions { special[from] = to }
        low = (0..<0x10000).map { Self.entry($0, special) }
        mathematical = Self.mathematicalRange.map { Self.entry($0, special) }
    }

    private static func entry(_ code: Int, _ special: [Unicode.Scalar: String]) -> UInt64 {
        guard let scalar = Unicode.Scalar(UInt32(code)), isKept(scalar) else { return 0 }
        // Nothing is folded in the large blocks of ideographs and Hangul.
        let isWhole = (0x3400...0x9FFF).contains(code) || (0xAC00...0xD7A3).contains(code)
        if isWhole { return packed(String(scalar).utf8) }
        var bytes: [UInt8] = []
        let parts = special[scalar] ?? String(scalar).decomposedStringWithCompatibilityMapping
        for part in parts.unicodeScalars where isKept(part) {
            let known = special[part] ?? part.properties.lowercaseMapping
            for letter in known.unicodeScalars where isKept(letter) {
                bytes += Array((special[letter] ?? String(letter)).utf8)
            }
        }
        return packed(bytes)
    }

    private static func packed(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var value: UInt64 = 0
        var count: UInt64 = 0
        for byte in bytes where count < 7 {
            value |= UInt64(byte) << (8 * count)
            count += 1
        }
        return value | count << 56
    }

    private static func isKept(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber, .spacingMark:
            true
        // Some modifiers look like quotation marks.
        case .modifierLetter: !(0x2B0...0x2FF).contains(scalar.value)
        default: false
        }
    }

    /// What a scalar becomes.
    @inline(__always)
    func folded(_ code: UInt32) -> UInt64 {
        if code < 0x10000 { return low[Int(code)] }
        if Self.mathematicalRange.contains(Int(code)) {
            return mathematical[Int(code) - Self.mathematicalRange.lowerBound]
        }
        guard let scalar = Unicode.Scalar(code), Self.isKept(scalar) else { return 0 }
        return UInt64(0xF0 | code >> 18) | UInt64(0x80 | code >> 12 & 0x3F) << 8
            | UInt64(0x80 | code >> 6 & 0x3F) << 16 | UInt64(0x80 | code & 0x3F) << 24 | 4 << 56
    }
}
