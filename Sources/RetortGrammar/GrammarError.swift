// SPDX-License-Identifier: Apache-2.0

/// Why a schema or a pattern cannot constrain a model's output.
public struct GrammarError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong, for callers that answer differently to each.
    public enum Kind: Sendable, Equatable {
        /// Not a schema or not a regular expression.
        case invalid
        /// A keyword or construct that is valid but not supported.
        case unsupported
        /// No document at all satisfies it, or none that the vocabulary can spell.
        case unsatisfiable
        /// Larger than ``GrammarLimits`` allows.
        case limit
    }

    public let kind: Kind
    /// Where in the schema, such as `$.properties.a.not`; nil for a plain pattern.
    public let path: String?
    /// What was found, what was expected and what to do.
    public let message: String

    init(_ kind: Kind, _ message: String, path: String? = nil) {
        self.kind = kind
        self.path = path
        self.message = message
    }

    public var description: String { path.map { "\($0): \(message)" } ?? message }

    /// The same error with a path, unless it has one.
    func located(_ path: String) -> GrammarError {
        self.path == nil ? GrammarError(kind, message, path: path) : self
    }
}
