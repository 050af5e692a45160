// SPDX-License-Identifier: Apache-2.0

import BigInt

/// Reads numbers from a text's scalars in plain notation, never going back.
struct NumberReader {
    /// Of a text that may be one number.
    static let mostBytes = 4096
    /// Digits before and behind the point.
    private static let mostDigits = 1000
    private static let largestExponent = 400
    private static let currencies: Set<Unicode.Scalar> = ["$", "€", "£", "¥", "₹"]
    private static let scales: [String: Int] = [
        "hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12,
    ]

    private let scalars: [Unicode.Scalar]
    private var position = 0

    init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

    var isAtEnd: Bool { position >= scalars.count }

    mutating func skipOne() { position += 1 }

    func text(_ range: Range<Int>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars[range])
        return text
    }

    private func scalar(_ offset: Int = 0) -> Unicode.Scalar? {
        let index = position + offset
        return scalars.indices.contains(index) ? scalars[index] : nil
    }

    private func isDigit(_ offset: Int = 0) -> Bool {
        scalar(offset).map { ("0"..."9").contains($0) } ?? false
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
            || (scalar.value > 0x7F && scalar.properties.isAlphabetic)
    }

    private mutating func take(_ wanted: Unicode.Scalar) -> Bool {
        guard scalar() == wanted else { return false }
        position += 1
        return true
    }

    mutating func skipSpaces() {
        while let next = scalar(), next == " " || next == "\n" || next == "\t" || next == "\r" {
            position += 1
        }
    }

    private mutating func word() -> String {
        let start = position
        while let next = scalar(), Self.isLetter(next) { position += 1 }
        return text(start..<position)
    }

    /// Passes over `x =`.
    mutating func skipName() {
        let start = position
        let name = word()
        skipSpaces()
        if name.isEmpty || !take("=") { position = start }
        skipSpaces()
    }

    /// Passes over what may stand behind a number: a unit of up to four words, full stops, wrapping.
    mutating func skipUnit() {
        var words = 0
        while let next = scalar() {
            if Self.isLetter(next) || next == "°" {
                words += 1
                guard words <= 4 else { return }
                position += next == "°" ? 1 : 0
                // "3 or 4" has a digit to come, which no unit has.
                _ = word()
            } else if next == " " || next == "." || next == "}" || next == "/"
                || next == "²" || next == "³" || next == "\n" || Self.currencies.contains(next)
            {
                position += 1
            } else {
                return
            }
        }
    }

    /// The next number with its sign, currency, scale and percent sign.
    mutating func number() -> NumberText? {
        let isNegative = prefix()
        guard let size = magnitude() else { return nil }
        var value = isNegative ? -size : size
        let mark = position
        skipSpaces()
        if let places = Self.scales[word().lowercased()],
            let scale = Rational(digits: "1", places: -places)
        {
            value = value * scale
        } else {
            position = mark
        }
        return NumberText(value: value, isPercent: percent())
    }

    /// Passes over the next number if one begins here, whether it can be read or not.
    mutating func numberRange() -> Range<Int>? {
        if position > 0 {
            let before = scalars[position - 1]
            // Digits of a word such as H2O, and the rest of 1.2.3.
            if Self.isLetter(before) || before == "_" || ("0"..."9").contains(before) {
                return nil
            }
        }
        let start = position
        // A minus behind a number or a bracket takes away; it is no sign.
        if start > 0, scalar() == "-" {
            let before = scalars[start - 1]
            if before == ")" || before == "]" || before == "}" { return nil }
        }
        _ = prefix()
        let isFraction = scalars[position...].starts(with: Self.fraction)
        guard isDigit() || (scalar() == "." && isDigit(1)) || isFraction else {
            position = start
            return nil
        }
        if magnitude() == nil {
            // What begins like a number belongs to it: 1e999 is not 1.
            position = max(position, start + 1)
            while isDigit() { position += 1 }
        }
        while scalar() == ".", isDigit(1) {
            position += 1
            while isDigit() { position += 1 }
        }
        let mark = position
        skipSpaces()
        if Self.scales[word().lowercased()] == nil { position = mark }
        _ = percent()
        return start..<position
    }

    private static let fraction = Array("\\frac".unicodeScalars)

    /// Passes over sign and currency in either order.
    private mutating func prefix() -> Bool {
        let isCurrency: (Unicode.Scalar?) -> Bool = { $0.map(Self.currencies.contains) ?? false }
        if isCurrency(scalar()) { position += 1 }
        let isNegative = scalar() == "-"
        if isNegative || scalar() == "+" { position += 1 }
        if isCurrency(scalar()) { position += 1 }
        return isNegative
    }

    private mutating func percent() -> Bool {
        let mark = position
        skipSpaces()
        if take("%") { return true }
        if word().lowercased() == "percent" { return true }
        position = mark
        return false
    }

    /// A decimal, a fraction or a mixed number, without a sign.
    private mutating func magnitude() -> Rational? {
        if let value = latexFraction() { return value }
        let start = position
        guard let first = decimal() else { return nil }
        let isWhole = scalars[start..<position].allSatisfy { ("0"..."9").contains($0) }
        let mark = position
        skipSpaces()
        if take("/") { skipSpaces() }
        if position > mark, scalars[mark..<position].contains("/"), isDigit() {
            guard let second = decimal() else { return nil }
            return Rational.divide(first, by: second)
        }
        position = mark
        // A whole number before a proper fraction: 1 3/4.
        if isWhole, take(" "), isDigit(), let top = decimal(), take("/"), isDigit(),
            let bottom = decimal(), let rest = Rational.divide(top, by: bottom),
            top < bottom
        {
            return first + rest
        }
        position = mark
        return first
    }

    /// `\frac{3}{4}`
    private mutating func latexFraction() -> Rational? {
        let mark = position
        if scalars[position...].starts(with: Self.fraction) {
            position += Self.fraction.count
            if take("{"), let top = decimal(), take("}"), take("{"), let bottom = decimal(),
                take("}")
            {
                return Rational.divide(top, by: bottom)
            }
        }
        position = mark
        return nil
    }

    /// `1,234.5e-6`. A comma counts where groups of three digits follow it.
    private mutating func decimal() -> Rational? {
        var digits = ""
        func isGroup(_ offset: Int) -> Bool {
            scalar(offset) == "," && isDigit(offset + 1) && isDigit(offset + 2)
                && isDigit(offset + 3) && !isDigit(offset + 4)
        }
        takeDigits(&digits)
        if (1...3).contains(digits.utf8.count) {
            while isGroup(0) {
                position += 1
                takeDigits(&digits)
            }
        }
        var places = 0
        if scalar() == ".", isDigit(1) {
            position += 1
            let whole = digits.utf8.count
            takeDigits(&digits)
            places = digits.utf8.count - whole
        }
        guard !digits.isEmpty else { return nil }
        guard let exponent = exponent(), digits.utf8.count <= Self.mostDigits else { return nil }
        return Rational(digits: digits, places: places - exponent)
    }

    private mutating func takeDigits(_ digits: inout String) {
        while let next = scalar(), ("0"..."9").contains(next) {
            digits.unicodeScalars.append(next)
            position += 1
        }
    }

    /// 0 where there is none; nil for one that is too large.
    private mutating func exponent() -> Int? {
        guard scalar() == "e" || scalar() == "E" else { return 0 }
        let hasSign = scalar(1) == "-" || scalar(1) == "+"
        guard isDigit(hasSign ? 2 : 1) else { return 0 }
        let isNegative = scalar(1) == "-"
        position += hasSign ? 2 : 1
        var digits = ""
        takeDigits(&digits)
        guard let size = Int(digits), size <= Self.largestExponent else { return nil }
        return isNegative ? -size : size
    }
}
