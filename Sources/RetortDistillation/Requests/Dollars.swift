// SPDX-License-Identifier: Apache-2.0

import Foundation

/// An amount of US dollars. Sums are exact: fractions of a cent of many requests must add up.
public struct Dollars: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Millionths of a millionth: a price per million tokens is a whole number of them per token.
    public let picodollars: Int64

    public static let zero = Dollars(picodollars: 0)
    private static let perDollar = 1e12

    public init(picodollars: Int64) { self.picodollars = picodollars }

    /// - Throws: ``DistillationError`` unless it is 0 to a million.
    public init(_ dollars: Double) throws(DistillationError) {
        guard (0...1e6).contains(dollars) else {
            throw DistillationError(
                .invalidInput, "an amount is \(dollars) USD; expected 0 to 1000000")
        }
        picodollars = Int64((dollars * Self.perDollar).rounded())
    }

    public var value: Double { Double(picodollars) / Self.perDollar }

    /// Rounded to a millionth of a dollar, such as `1.25` or `0.000417`.
    public var description: String {
        var text = String(format: "%.6f", value)
        while text.hasSuffix("0"), text.drop(while: { $0 != "." }).count > 3 { text.removeLast() }
        return "$\(text)"
    }

    public static func < (a: Dollars, b: Dollars) -> Bool { a.picodollars < b.picodollars }

    /// Stays at the largest amount where it would overflow.
    public static func + (a: Dollars, b: Dollars) -> Dollars {
        let (sum, overflow) = a.picodollars.addingReportingOverflow(b.picodollars)
        return Dollars(picodollars: overflow ? .max : sum)
    }

    /// Of `count` tokens at this price each.
    func times(_ count: Int) -> Dollars {
        let (product, overflow) = picodollars.multipliedReportingOverflow(by: Int64(count))
        return Dollars(picodollars: overflow ? .max : product)
    }
}
