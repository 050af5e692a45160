// SPDX-License-Identifier: Apache-2.0

/// Why data could not be collected, kept or written: what was found, what was expected and what to
/// do. Quotes neither prompts nor answers.
public struct DistillationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong, for programs; the description is for people.
    public enum Kind: String, Sendable {
        /// A setting or a file of the user's is not of the form it must have.
        case invalidInput
        /// A budget that cannot be kept to.
        case budget
        /// A file cannot be read or written.
        case storage
        /// The cache's file is no cache, or of a newer version.
        case foreign
        /// The cache's file is damaged.
        case damaged
        /// The task was cancelled.
        case cancelled
    }

    public let kind: Kind
    public let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
