// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// The numbers `0..<count` in a random order, each place of it computed by itself (a Feistel network
/// whose values outside the range are sent through again). For sets of problems of any size.
struct RandomOrder {
    let count: UInt128
    private let halfBits: Int
    private let keys: [UInt64]

    /// - Parameter count: 1 … 2^126.
    init(count: UInt128, seed: UInt64) {
        self.count = count
        let bits = max(2, 128 - (count - 1).leadingZeroBitCount)
        halfBits = (bits + 1) / 2
        var random = SplitMix64(seed: seed)
        keys = (0..<6).map { _ in random.next() }
    }

    /// The number at a place below `count`.
    subscript(place: UInt128) -> UInt128 {
        var value = place
        // Ends: a permutation's cycle comes back to `place`, which is in the range.
        repeat { value = permuted(value) } while value >= count
        return value
    }

    private func permuted(_ value: UInt128) -> UInt128 {
        let mask = UInt64.max >> (64 - halfBits)
        var left = UInt64(truncatingIfNeeded: value >> halfBits)
        var right = UInt64(truncatingIfNeeded: value) & mask
        for key in keys {
            (left, right) = (right, left ^ (SplitMix64.mix(right &+ key) & mask))
        }
        return UInt128(left) << halfBits | UInt128(right)
    }
}

extension SplitMix64 {
    /// A number below `count`, by the high half of a product: the same in any language.
    mutating func index(below count: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(count)).high)
    }
}
