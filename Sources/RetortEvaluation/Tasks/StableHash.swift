// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// Hashes that are the same on every machine and for ever, so that what is held out stays so.
package enum StableHash {
    /// FNV-1a over UTF-8, finished as SplitMix64 does: FNV's own low bits are poor.
    package static func hash(_ text: String) -> UInt64 {
        SplitMix64.mix(FNVHash(text.utf8).value)
    }

    /// Whether what `text` names is among the `percent` of a hundred that are held out.
    package static func isHeldOut(_ text: String, percent: UInt64) -> Bool {
        hash(text) % 100 < percent
    }
}
