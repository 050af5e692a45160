// SPDX-License-Identifier: Apache-2.0

/// What went wrong while training: what was found, what was expected and what to do.
public struct TrainingError: Error, CustomStringConvertible, Sendable {
    public let description: String

    public init(_ description: String) { self.description = description }
}
