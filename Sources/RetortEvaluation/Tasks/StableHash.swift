// SPDX-License-Identifier: Apache-2.0

/// Hashes that are the same on every machine and for ever, so that what is held out stays so.
package enum StableHash {
    /// FNV-1a over UTF-8 (Fowler, Noll, Vo), finished as SplitMix64 does: FNV's own low bits are poor.
    package static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return mix(hash)
    }

    /// SplitMix64's finaliser.
    package static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Whether what `text` names is among the `percent` of a hundred that are held out.
    package static func isHeldOut(_ text: String, percent: UInt64) -> Bool {
        hash(text) % 100 < percent
    }
}
