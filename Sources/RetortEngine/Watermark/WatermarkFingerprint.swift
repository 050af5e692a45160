// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// Tells contexts from each other, in 64 bits: two of ten million are taken for one with a chance of 3e-6.
public enum WatermarkFingerprint {
    public static func of(_ tokens: some Sequence<Int32>) -> UInt64 {
        tokens.reduce(0) { extended($0, $1) }
    }

    @inline(__always)
    public static func extended(_ value: UInt64, _ token: Int32) -> UInt64 {
        SplitMix64.mix((value &+ SplitMix64.increment) ^ UInt64(UInt32(bitPattern: token)))
    }
}
