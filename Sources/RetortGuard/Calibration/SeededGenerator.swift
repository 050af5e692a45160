// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// Repeatable randomness for simulations and controls; never for keys that are used.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var random: SplitMix64

    public init(seed: UInt64) { random = SplitMix64(seed: seed) }

    public mutating func next() -> UInt64 { random.next() }
}
