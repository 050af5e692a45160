// SPDX-License-Identifier: Apache-2.0
//
// Random numbers and hashes that are the same in every run and on every machine, which the standard
// library's are not.

/// SplitMix64 (Steele, Lea and Flood 2014): small, fast, and the same everywhere.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= Self.increment
        return Self.mix(state)
    }

    /// Uniform in 0 ..< 1, a multiple of 2⁻²⁴.
    package mutating func unitFloat() -> Float { Float(next() >> 40) * 0x1p-24 }

    /// What the state grows by: 2⁶⁴ divided by the golden ratio.
    package static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// The finaliser: a bijection in which every bit of the argument reaches every bit of the result.
    package static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// FNV-1a of 64 bits (Fowler, Noll and Vo), for bytes or for whole words at a time.
package struct FNVHash: Sendable {
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    package init(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { add(UInt64(byte)) }
    }

    @inline(__always)
    package mutating func add(_ word: UInt64) { value = (value ^ word) &* 0x100_0000_01B3 }
}
