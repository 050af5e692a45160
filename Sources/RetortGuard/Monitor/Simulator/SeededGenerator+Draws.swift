// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What simulations draw.
extension SeededGenerator {
    /// A source of its own for a part of something.
    init(seed: UInt64, _ part: UInt64) {
        self.init(seed: SipHash.mix(seed &+ 0x632B_E59B_D9B4_E019, part))
    }

    /// In 0 ..< 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func chance(_ probability: Double) -> Bool { unit() < probability }

    /// In 0 ..< count.
    mutating func below(_ count: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(max(1, count))).high)
    }

    mutating func between(_ low: Int, _ high: Int) -> Int { low + below(high - low + 1) }

    mutating func between(_ low: Double, _ high: Double) -> Double { low + unit() * (high - low) }

    /// One of them; an empty text of none.
    mutating func pick(_ choices: [String]) -> String {
        choices.isEmpty ? "" : choices[below(choices.count)]
    }

    mutating func pick<T>(_ first: T, _ rest: T...) -> T {
        let index = below(rest.count + 1)
        return index == 0 ? first : rest[index - 1]
    }

    /// As people choose among things: the first most often, about as 1/rank.
    mutating func popular(_ count: Int) -> Int {
        min(count - 1, Int(exp(unit() * log(Double(count) + 1)) - 1))
    }

    /// With mean 1.
    mutating func exponential() -> Double { -log(1 - unit()) }

    mutating func normal() -> Double {
        (-2 * log(1 - unit())).squareRoot() * cos(2 * .pi * unit())
    }

    /// Around a median, most within a factor of exp(spread).
    mutating func spread(_ median: Double, _ spread: Double) -> Int {
        max(1, Int(median * exp(spread * normal())))
    }
}
