// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A probability by its logarithm: p-values of long texts are far below what a Double holds.
public struct LogProbability: Sendable, Comparable {
    /// Natural; 0 or less.
    public let logarithm: Double

    public init(logarithm: Double) { self.logarithm = min(0, logarithm) }

    public init(_ value: Double) { self.init(logarithm: log(value)) }

    /// 0 where it is below the least Double.
    public var value: Double { exp(logarithm) }

    public var base10: Double { logarithm / 2.302_585_092_994_046 }

    /// The least of so many tries: 1 − (1 − p)ⁿ is at most n p (Bonferroni).
    public func corrected(tries: Int) -> LogProbability {
        LogProbability(logarithm: logarithm + log(Double(max(1, tries))))
    }

    public static func < (left: Self, right: Self) -> Bool { left.logarithm < right.logarithm }
}
