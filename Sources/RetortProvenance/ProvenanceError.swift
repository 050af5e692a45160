// SPDX-License-Identifier: Apache-2.0

/// What was found, what was expected and what to do; never a text that is searched for or indexed.
public struct ProvenanceError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
