// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// A decimal number as its digits, exact: sign, digits before the point, digits after it.
struct Decimal: Hashable {
    var isNegative: Bool
    /// Without leading zeros; empty for zero.
    var whole: [UInt8]
    /// Without trailing zeros.
    var fraction: [UInt8]

    var isZero: Bool { whole.isEmpty && fraction.isEmpty }

    /// The shortest decimal that reads back as the value, as the schema's author wrote it.
    init?(_ value: JSONValue) {
        switch value {
        case .integer(let integer): self.init(text: String(integer))
        case .double(let double) where double.isFinite: self.init(text: "\(double)")
        default: return nil
        }
    }

    /// From `-12.5e-3`.
    private init?(text: String) {
        var mantissa = Substring(text)
        isNegative = mantissa.hasPrefix("-")
        if isNegative { mantissa = mantissa.dropFirst() }
        let parts = mantissa.split(separator: "e", omittingEmptySubsequences: false)
        guard parts.count <= 2, let exponent = Int(parts.count == 2 ? parts[1] : "0") else {
            return nil
        }
        let numbers = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        var digits: [UInt8] = numbers.joined().utf8.map { $0 &- 48 }
        guard numbers.count <= 2, digits.allSatisfy({ $0 < 10 }) else { return nil }
        var point = numbers[0].utf8.count + exponent
        if point < 0 {
            digits = Array(repeating: 0, count: -point) + digits
            point = 0
        }
        if point > digits.count {
            digits += Array(repeating: 0, count: point - digits.count)
        }
        whole = Array(digits[..<point].drop { $0 == 0 })
        fraction = Array(digits[point...])
        while fraction.last == 0 { fraction.removeLast() }
        if isZero { isNegative = false }
    }

    static func < (a: Decimal, b: Decimal) -> Bool {
        if a.isNegative != b.isNegative { return a.isNegative }
        return a.isNegative ? magnitude(b, isBelow: a) : magnitude(a, isBelow: b)
    }

    private static func magnitude(_ a: Decimal, isBelow b: Decimal) -> Bool {
        if a.whole.count != b.whole.count { return a.whole.count < b.whole.count }
        if a.whole != b.whole { return a.whole.lexicographicallyPrecedes(b.whole) }
        return a.fraction.lexicographicallyPrecedes(b.fraction)
    }

    /// The number times ten to the power `places`, if that is an integer that fits.
    func scaled(_ places: Int) -> Int? {
        guard fraction.count <= places, whole.count + places <= 17 else { return nil }
        var value = 0
        for digit in whole { value = value * 10 + Int(digit) }
        for index in 0..<places {
            value = value * 10 + (index < fraction.count ? Int(fraction[index]) : 0)
        }
        return isNegative ? -value : value
    }
}
