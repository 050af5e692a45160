// SPDX-License-Identifier: Apache-2.0

/// Why a chat template cannot be read or rendered, or a conversation is none. A template's own `raise_exception` text is the
/// message; otherwise the message never quotes the conversation.
public struct TemplateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong, for callers that answer differently to each.
    public enum Kind: Sendable, Equatable {
        /// The template's text is not valid Jinja.
        case syntax
        /// An operation of the template failed on these values.
        case runtime
        /// The template itself refused the conversation (`raise_exception`).
        case raised
        /// The template took too many steps, nested too deep or wrote too much.
        case limit
        /// A message or a call is not what OpenAI's API defines, or not what this model can take.
        case conversation
    }

    public let kind: Kind
    /// What was found, what was expected and what to do.
    public let message: String
    /// The line of the template, from 1, where known.
    public let line: Int?

    package init(_ kind: Kind, _ message: String, line: Int? = nil) {
        self.kind = kind
        self.message = message
        self.line = line
    }

    public var description: String {
        if kind == .conversation { return message }
        return line.map { "chat template, line \($0): \(message)" } ?? "chat template: \(message)"
    }

    static func runtime(_ message: String) -> TemplateError { TemplateError(.runtime, message) }

    static func limit(_ message: String) -> TemplateError { TemplateError(.limit, message) }

    /// The same error with a line, unless it has one.
    func located(_ line: Int) -> TemplateError {
        self.line == nil ? TemplateError(kind, message, line: line) : self
    }
}
