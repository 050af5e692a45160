// SPDX-License-Identifier: Apache-2.0

/// Why a text is not the JSON that was expected. Never quotes the document, which may hold secrets.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was found and what was expected.
    public let reason: String
    /// Byte offset in the document.
    public let offset: Int

    public init(_ reason: String, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    public var description: String { "not valid JSON: \(reason) at byte \(offset)" }
}
