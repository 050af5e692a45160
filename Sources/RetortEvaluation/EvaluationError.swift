// SPDX-License-Identifier: Apache-2.0

/// What went wrong in an evaluation: what was found, what was expected and what to do. Never quotes
/// a prompt or an answer.
public struct EvaluationError: Error, CustomStringConvertible, Sendable, Equatable {
    public let description: String

    public init(_ description: String) { self.description = description }
}
