// SPDX-License-Identifier: Apache-2.0

import BigInt

/// An exact fraction in lowest terms.
struct Rational: Hashable, Comparable, CustomStringConvertible {
    let numerator: BigInt
    /// Above 0.
    let denominator: BigInt

    static let zero = Rational(0)

    init(_ integer: Int) {
        numerator = BigInt(integer)
        denominator = 1
    }

    var isInteger: Bool { denominator == 1 }

    /// Nil for a denominator of 0.
    init?(_ numerator: BigInt, _ denominator: BigInt) {
        guard denominator != 0 else { return nil }
        let divisor = numerator.greatestCommonDivisor(with: denominator)
        let sign: BigInt = denominator < 0 ? -1 : 1
        self.numerator = sign * numerator / divisor
        self.denominator = sign * denominator / divisor
    }

    /// The decimal with these digits, the last `places` of them behind the point.
    /// - Parameter digits: ASCII digits, one at least.
    init?(digits: String, places: Int) {
        guard let value = BigInt(digits) else { return nil }
        let scale = BigInt(10).power(abs(places))
        if places >= 0 {
            self.init(value, scale)
        } else {
            self.init(lowest: value * scale, 1)
        }
    }

    /// `-3/4`, or `7` for an integer.
    var description: String { denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)" }

    var magnitude: Rational { numerator < 0 ? -self : self }

    static func < (a: Rational, b: Rational) -> Bool {
        a.numerator * b.denominator < b.numerator * a.denominator
    }

    static prefix func - (a: Rational) -> Rational {
        Rational(lowest: -a.numerator, a.denominator)
    }

    static func + (a: Rational, b: Rational) -> Rational {
        Rational(
            reducing: a.numerator * b.denominator + b.numerator * a.denominator,
            a.denominator * b.denominator)
    }

    static func - (a: Rational, b: Rational) -> Rational { a + -b }

    static func * (a: Rational, b: Rational) -> Rational {
        Rational(reducing: a.numerator * b.numerator, a.denominator * b.denominator)
    }

    /// Nil where `b` is 0.
    static func divide(_ a: Rational, by b: Rational) -> Rational? {
        Rational(a.numerator * b.denominator, a.denominator * b.numerator)
    }

    private init(lowest numerator: BigInt, _ denominator: BigInt) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// - Parameter denominator: Above 0.
    private init(reducing numerator: BigInt, _ denominator: BigInt) {
        let divisor = numerator.greatestCommonDivisor(with: denominator)
        self.init(lowest: numerator / divisor, denominator / divisor)
    }
}
