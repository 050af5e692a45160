// SPDX-License-Identifier: Apache-2.0
//
// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): four words from a counter
// and a key, the same on every machine. It is no cipher: who sees enough of it can find the key.

/// The counter-based generator that watermarks draw from.
public enum Philox {
    /// Ten rounds.
    public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var state = round(counter, key)
        var key = key
        for _ in 0..<9 {
            key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
            state = round(state, key)
        }
        return state
    }

    @inline(__always)
    private static func round(_ state: SIMD4<UInt32>, _ key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        let first = UInt64(state.x) &* 0xD251_1F53
        let second = UInt64(state.z) &* 0xCD9E_8D57
        return SIMD4(
            UInt32(truncatingIfNeeded: second >> 32) ^ state.y ^ key.x,
            UInt32(truncatingIfNeeded: second),
            UInt32(truncatingIfNeeded: first >> 32) ^ state.w ^ key.y,
            UInt32(truncatingIfNeeded: first))
    }
}
