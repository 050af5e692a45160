// SPDX-License-Identifier: Apache-2.0

/// A polynomial hash of the last `length` bytes (Karp and Rabin 1987), modulo 2^64.
struct RollingHash {
    private static let base: UInt64 = 0x9E37_79B9_7F4A_7C15
    private let highest: UInt64
    private var sum: UInt64 = 0

    init(length: Int) {
        highest = (0..<length).reduce(1) { product, _ in product &* Self.base }
    }

    /// - Parameter old: The byte that leaves; 0 as long as none does.
    @inline(__always)
    mutating func roll(in new: UInt8, out old: UInt8) {
        sum = sum &* Self.base &+ UInt64(new) &+ 1
        if old != 0 { sum &-= highest &* (UInt64(old) &+ 1) }
    }

    /// The high bits of the sum alone depend on all bytes.
    @inline(__always)
    var value: UInt64 {
        var mixed = sum ^ sum >> 32
        mixed = mixed &* 0xD6E8_FEB8_6659_FD93
        return mixed ^ mixed >> 32
    }
}
