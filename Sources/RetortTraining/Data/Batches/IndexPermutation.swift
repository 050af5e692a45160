// SPDX-License-Identifier: Apache-2.0
//
// An order of any number of documents without a table: a Feistel network permutes the numbers below
// the next power of two, and a number that leaves the range is permuted again until it is back
// ("cycle walking"; Black and Rogaway 2002). Fewer than two rounds of it on average.

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
        var state = Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15)
        state = Self.mix(state ^ UInt64(bitPattern: Int64(epoch)))
        state = Self.mix(state ^ stream)
        var keys = SIMD8<UInt64>()
        for round in 0..<8 {
            state &+= 0x9E37_79B9_7F4A_7C15
            keys[round] = Self.mix(state)
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
            right ^= Self.mix(left &+ keys[2 * round]) & rightMask
            left ^= Self.mix(right &+ keys[2 * round + 1]) & leftMask
        }
        return left << rightBits | right
    }

    /// SplitMix64's finaliser.
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
