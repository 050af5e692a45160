// SPDX-License-Identifier: Apache-2.0
//
// An order of any number of documents without a table: a Feistel network permutes the numbers below
// the next power of two, and a number that leaves the range is permuted again until it is back
// ("cycle walking"; Black and Rogaway 2002). Fewer than two rounds of it on average.

import RetortTensor

/// A pseudo-random permutation of `0..<count`, the same for the same keys.
public struct IndexPermutation: Sendable, Equatable {
    public let count: Int
    private let leftBits: UInt64
    private let rightBits: UInt64
    private let keys: SIMD8<UInt64>

    /// - Parameters:
    ///   - count: At least 0.
    ///   - seed: Of the run.
    ///   - epoch: Each has an order of its own.
    ///   - stream: Tells permutations of one epoch apart.
    public init(count: Int, seed: UInt64, epoch: Int, stream: UInt64 = 0) {
        self.count = max(count, 0)
        let bits = UInt64(count > 1 ? Int.bitWidth - (count - 1).leadingZeroBitCount : 0)
        leftBits = bits / 2
        rightBits = bits - bits / 2
        var state = SplitMix64.mix(seed &+ SplitMix64.increment)
        state = SplitMix64.mix(state ^ UInt64(bitPattern: Int64(epoch)))
        state = SplitMix64.mix(state ^ stream)
        var keys = SIMD8<UInt64>()
        for round in 0..<8 {
            state &+= SplitMix64.increment
            keys[round] = SplitMix64.mix(state)
        }
        self.keys = keys
    }

    /// The number at a place of the order. `index` must be in `0..<count`.
    public subscript(index: Int) -> Int {
        precondition(index >= 0 && index < count, "no such place in the order")
        var value = UInt64(bitPattern: Int64(index))
        // Ends: a permutation's cycle comes back to `index`, which is in the range.
        repeat { value = permuted(value) } while value >= UInt64(count)
        return Int(truncatingIfNeeded: value)
    }

    private func permuted(_ value: UInt64) -> UInt64 {
        let leftMask = (1 << leftBits) &- 1 as UInt64
        let rightMask = (1 << rightBits) &- 1 as UInt64
        var left = value >> rightBits
        var right = value & rightMask
        for round in 0..<4 {
            right ^= SplitMix64.mix(left &+ keys[2 * round]) & rightMask
            left ^= SplitMix64.mix(right &+ keys[2 * round + 1]) & leftMask
        }
        return left << rightBits | right
    }
}
