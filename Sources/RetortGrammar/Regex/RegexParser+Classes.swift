// SPDX-License-Identifier: Apache-2.0

extension ScalarSet {
    static let digits = ScalarSet([0x30...0x39])
    static let wordCharacters = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    /// ECMA-262's WhiteSpace and LineTerminator.
    static let space = ScalarSet([
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029,
        0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])

    /// The scalars of a general category by its short name; a one-letter name is the group.
    static func generalCategory(_ name: String) -> ScalarSet? {
        let names: [(Unicode.GeneralCategory, String)] = [
            (.uppercaseLetter, "Lu"), (.lowercaseLetter, "Ll"), (.titlecaseLetter, "Lt"),
            (.modifierLetter, "Lm"), (.otherLetter, "Lo"), (.nonspacingMark, "Mn"),
            (.spacingMark, "Mc"), (.enclosingMark, "Me"), (.decimalNumber, "Nd"),
            (.letterNumber, "Nl"), (.otherNumber, "No"), (.connectorPunctuation, "Pc"),
            (.dashPunctuation, "Pd"), (.openPunctuation, "Ps"), (.closePunctuation, "Pe"),
            (.initialPunctuation, "Pi"), (.finalPunctuation, "Pf"), (.otherPunctuation, "Po"),
            (.mathSymbol, "Sm"), (.currencySymbol, "Sc"), (.modifierSymbol, "Sk"),
            (.otherSymbol, "So"), (.spaceSeparator, "Zs"), (.lineSeparator, "Zl"),
            (.paragraphSeparator, "Zp"),
        ]
        let wanted = names.filter { $0.1 == name || (name.count == 1 && $0.1.hasPrefix(name)) }
            .map(\.0)
        guard !wanted.isEmpty else { return nil }
        var ranges: [ClosedRange<UInt32>] = []
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value),
                wanted.contains(scalar.properties.generalCategory)
            else { continue }
            if let last = ranges.last, last.upperBound == value - 1 {
                ranges[ranges.count - 1] = last.lowerBound...value
            } else {
                ranges.append(value...value)
            }
        }
        return ScalarSet(ranges)
    }
}

extension RegexParser {
    /// What follows a backslash.
    mutating func escape(inClass: Bool) throws(GrammarError) -> ScalarSet {
        guard let scalar = current else { throw invalid("the pattern ends in a backslash") }
        switch scalar {
        case "b" where !inClass, "B": throw unsupported("the word boundary '\\\(scalar)'")
        case "1"..."9", "k": throw unsupported("a reference to a group")
        default: break
        }
        position += 1
        switch scalar {
        case "d": return .digits
        case "D": return ScalarSet.digits.inverted
        case "w": return .wordCharacters
        case "W": return ScalarSet.wordCharacters.inverted
        case "s": return .space
        case "S": return ScalarSet.space.inverted
        case "b": return ScalarSet(0x08)
        case "t": return ScalarSet(0x09)
        case "n": return ScalarSet(0x0A)
        case "v": return ScalarSet(0x0B)
        case "f": return ScalarSet(0x0C)
        case "r": return ScalarSet(0x0D)
        case "0": return ScalarSet(0)
        case "c":
            guard let letter = current, ("a"..."z").contains(letter) || ("A"..."Z").contains(letter)
            else { throw invalid("'\\c' without a letter") }
            position += 1
            return ScalarSet(letter.value & 0x1F)
        case "x": return ScalarSet(try hexadecimal(2))
        case "u": return ScalarSet(try unicodeEscape())
        case "p", "P":
            let set = try property()
            return scalar == "p" ? set : set.inverted
        case "a"..."z", "A"..."Z":
            position -= 1
            throw unsupported("the escape '\\\(scalar)'")
        default: return ScalarSet(scalar.value)
        }
    }

    private mutating func property() throws(GrammarError) -> ScalarSet {
        var name = ""
        if take("{" as Unicode.Scalar) {
            while let scalar = current, scalar != "}" {
                name.unicodeScalars.append(scalar)
                position += 1
            }
            guard take("}" as Unicode.Scalar) else { throw invalid("'\\p{' without '}'") }
        }
        guard let set = ScalarSet.generalCategory(name) else {
            throw unsupported("a '\\p' other than a general category such as '\\p{L}' or '\\p{Nd}'")
        }
        return set
    }

    private mutating func hexadecimal(_ count: Int) throws(GrammarError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = current.flatMap({ Character($0).hexDigitValue }) else {
                throw invalid("an escape needs \(count) hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func unicodeEscape() throws(GrammarError) -> UInt32 {
        if take("{" as Unicode.Scalar) {
            var value: UInt32 = 0
            var count = 0
            while let digit = current.flatMap({ Character($0).hexDigitValue }), count < 8 {
                value = value << 4 | UInt32(digit)
                position += 1
                count += 1
            }
            guard count > 0, take("}" as Unicode.Scalar), Unicode.Scalar(value) != nil else {
                throw invalid("'\\u{…}' is no Unicode scalar value")
            }
            return value
        }
        let unit = try hexadecimal(4)
        guard Unicode.Scalar(unit) == nil else { return unit }
        guard unit < 0xDC00, take("\\u") else { throw invalid("half a surrogate pair") }
        let low = try hexadecimal(4)
        guard (0xDC00...0xDFFF).contains(low) else { throw invalid("half a surrogate pair") }
        return 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
    }

    mutating func characterClass() throws(GrammarError) -> ScalarSet {
        position += 1
        let isNegated = take("^" as Unicode.Scalar)
        var set = ScalarSet()
        var pieces: [ClosedRange<UInt32>] = []
        while true {
            guard let scalar = current else { throw invalid("a class has no ']'") }
            if scalar == "]" {
                position += 1
                break
            }
            let (low, single) = try classAtom()
            // A '-' before the ']' or after a set such as '\d' stands for itself.
            guard current == "-", position + 1 < scalars.count, scalars[position + 1] != "]",
                let first = single
            else {
                set.formUnion(low)
                continue
            }
            position += 1
            let (high, second) = try classAtom()
            guard let second else {
                set.formUnion(low.union(high).union(ScalarSet(0x2D)))
                continue
            }
            guard first <= second else { throw invalid("a range of a class runs backwards") }
            pieces.append(first...second)
        }
        set.formUnion(ScalarSet(pieces))
        return isNegated ? set.inverted : set
    }

    /// One member of a class, and its value if it is a single scalar.
    private mutating func classAtom() throws(GrammarError) -> (ScalarSet, UInt32?) {
        guard let scalar = current else { throw invalid("a class has no ']'") }
        position += 1
        guard scalar == "\\" else { return (ScalarSet(scalar.value), scalar.value) }
        let set = try escape(inClass: true)
        guard set.ranges.count == 1, let range = set.ranges.first, range.count == 1 else {
            return (set, nil)
        }
        return (set, range.lowerBound)
    }
}
