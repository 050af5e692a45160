// SPDX-License-Identifier: Apache-2.0

/// A text that must come next.
struct LiteralMatch: Sendable {
    private let bytes: [UInt8]
    private(set) var matched = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    /// Whether the byte continues the text.
    mutating func accepts(_ byte: UInt8) -> Bool {
        guard matched < bytes.count, bytes[matched] == byte else { return false }
        matched += 1
        return true
    }

    var isComplete: Bool { matched == bytes.count }

    mutating func reset() { matched = 0 }
}
