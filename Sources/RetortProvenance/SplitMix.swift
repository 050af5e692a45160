// SPDX-License-Identifier: Apache-2.0

/// A repeatable random source for permutations, splits and canaries (SplitMix64, Steele et al.
/// 2014); not for secrets.
struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return NormalizedWords.scattered(state)
    }
}
