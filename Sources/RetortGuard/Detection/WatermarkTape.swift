// SPDX-License-Identifier: Apache-2.0
//
// Repeated text repeats its words: counted each time, a key's luck with one phrase would look like a mark (Fernandez
// et al. 2023, "Three Bricks"). So a (context, token) pair counts once over all that is scored together, and
// within one text a context only where it is first met, since only there it was marked.

import RetortEngine

/// Which places have been counted.
public struct WatermarkTape: Sendable {
    private var pairs: Set<UInt64> = []

    public init() {}

    /// Whether the pair is new.
    public mutating func admits(
        context: some Sequence<Int32>, token: Int32
    ) -> Bool {
        pairs.insert(
            WatermarkFingerprint.extended(WatermarkFingerprint.of(context), token)
        ).inserted
    }
}
