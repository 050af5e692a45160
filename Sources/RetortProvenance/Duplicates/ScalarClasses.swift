// SPDX-License-Identifier: Apache-2.0
//
// What each Unicode scalar is to a comparison of words. The properties of the standard library cost
// tens of nanoseconds a scalar, so that those of the first plane are looked up once.

/// Whether a scalar belongs to words, and what it is in lower case.
struct ScalarClass: Sendable, Equatable {
    enum Role: UInt32 {
        case separator = 0
        /// A letter or a digit.
        case letter = 1
        /// A word of its own: scripts that write no spaces.
        case word = 2
        /// Belongs to the word before it, if there is one.
        case mark = 3
    }

    /// 21 bits of the scalar in lower case, then 2 of the role, then the flags.
    private let bits: UInt32
    private static let scalarBits: UInt32 = 0x1F_FFFF
    private static let composesFlag: UInt32 = 1 << 23
    private static let severalFlag: UInt32 = 1 << 24

    var lowercase: UInt32 { bits & Self.scalarBits }
    var role: Role { Role(rawValue: (bits >> 21) & 3) ?? .separator }
    /// Whether canonical composition may change the scalar or join it to the one before.
    var composes: Bool { bits & Self.composesFlag != 0 }
    /// Whether its lower case is several scalars.
    var isSeveral: Bool { bits & Self.severalFlag != 0 }

    init(_ scalar: Unicode.Scalar) {
        let properties = scalar.properties
        let value = scalar.value
        let role: Role
        if properties.isIdeographic || (0x3040...0x30FF).contains(value)
            || (0x0E00...0x0E7F).contains(value)
        {
            role = .word
        } else if properties.isAlphabetic || properties.numericType != nil {
            role = .letter
        } else {
            role = properties.canonicalCombiningClass == .notReordered ? .separator : .mark
        }
        let lower = properties.lowercaseMapping.unicodeScalars
        // A word in capitals does not say which of its sigmas is the last.
        let first = value == 0x3C2 ? 0x3C3 : lower.first?.value ?? value
        // Marks, the vowels and ends of Hangul syllables, and compatibility ideographs.
        let composes =
            properties.canonicalCombiningClass != .notReordered
            || (0x1161...0x11FF).contains(value) || (0xF900...0xFAFF).contains(value)
            || (0x2F800...0x2FA1F).contains(value)
        bits =
            first | role.rawValue << 21 | (composes ? Self.composesFlag : 0)
            | (lower.count > 1 ? Self.severalFlag : 0)
    }

    private init() { bits = 0 }

    /// The classes of U+0000 to U+FFFF; surrogates separate.
    static let firstPlane: [ScalarClass] = (UInt32(0)..<0x10000).map { value in
        Unicode.Scalar(value).map(ScalarClass.init) ?? ScalarClass()
    }
}
