// SPDX-License-Identifier: Apache-2.0
//
// Long multiplication as a thought: the partial products from the last digit of the second operand
// on, and after each but the first the sum so far, all with the last digit first (Deng et al. 2023), so
// that every digit depends on what stands before it. A sum is written like one of its steps.
//
//     865 * 560 =  0000+00915(00915)+005234(004484)  484400
//     865 + 560 =  568+065(5241)  1425

import RetortTensor

/// A worked problem.
public struct ArithmeticTrace: Sendable, Equatable {
    public var thought: String
    /// What the thought comes to; wrong if there was a slip.
    public var answer: String

    /// The product of two numbers.
    /// - Parameters:
    ///   - digits: Of both; numbers are padded with zeros to the widths that follow.
    ///   - slip: Which of the numbers written, from 0, gets a wrong digit that all later ones follow
    ///     from; nil for none. See ``numbersWritten(_:)``.
    public init(
        _ a: UInt64, times b: UInt64, digits: (Int, Int), slip: Int? = nil,
        _ random: inout some RandomNumberGenerator
    ) {
        let (first, second) = digits
        var text = ""
        var total: UInt128 = 0
        var rest = b
        var power: UInt128 = 1
        var written = 0
        func write(_ value: UInt128, width: Int) -> (text: String, value: UInt128) {
            var digits = Self.reversed(value, width: width)
            if written == slip { Self.slip(&digits, &random) }
            written += 1
            return (digits.map { String($0) }.joined(), Self.value(digits))
        }
        for place in 0..<second {
            let product = write(
                UInt128(a) * UInt128(rest % 10) * power, width: first + 1 + place)
            rest /= 10
            power *= 10
            total += product.value
            guard place > 0 else {
                text = product.text
                continue
            }
            let isLast = place == second - 1
            let sum = write(total, width: isLast ? first + second : first + 1 + place)
            total = sum.value
            text += "+\(product.text)(\(sum.text))"
        }
        thought = text
        answer = String(total)
    }

    /// The sum of two numbers.
    /// - Parameters:
    ///   - digits: Of both; the sum is padded with zeros to one more than the longer.
    ///   - hasSlip: Whether a digit of the sum is wrong.
    public init(
        _ a: UInt64, plus b: UInt64, digits: (Int, Int), hasSlip: Bool,
        _ random: inout some RandomNumberGenerator
    ) {
        var sum = Self.reversed(UInt128(a) + UInt128(b), width: max(digits.0, digits.1) + 1)
        if hasSlip { Self.slip(&sum, &random) }
        func text(_ digits: [UInt8]) -> String { digits.map { String($0) }.joined() }
        let first = text(Self.reversed(UInt128(a), width: digits.0))
        let second = text(Self.reversed(UInt128(b), width: digits.1))
        thought = "\(first)+\(second)(\(text(sum)))"
        answer = String(Self.value(sum))
    }

    /// How many numbers the thought of a product has, the second operand having so many digits.
    public static func numbersWritten(_ digits: Int) -> Int { 2 * digits - 1 }

    /// Makes one digit wrong.
    private static func slip(
        _ digits: inout [UInt8], _ random: inout some RandomNumberGenerator
    ) {
        let place = Int.random(in: digits.indices, using: &random)
        digits[place] = (digits[place] + UInt8.random(in: 1...9, using: &random)) % 10
    }

    /// The digits, the last first, at least `width` of them.
    private static func reversed(_ value: UInt128, width: Int) -> [UInt8] {
        var (rest, digits) = (value, [UInt8]())
        while rest > 0 || digits.count < width {
            digits.append(UInt8(rest % 10))
            rest /= 10
        }
        return digits
    }

    private static func value(_ digits: [UInt8]) -> UInt128 {
        digits.reversed().reduce(0) { $0 * 10 + UInt128($1) }
    }
}
