// SPDX-License-Identifier: Apache-2.0
//
// Swift compares strings by canonical equivalence; names in files are equal when their bytes are.

/// A name as a dictionary key, compared by its UTF-8 bytes.
struct ByteKey: Hashable, Sendable {
    private let bytes: [UInt8]

    init(_ name: String) { bytes = Array(name.utf8) }

    init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }
}
