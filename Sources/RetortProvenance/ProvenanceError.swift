// SPDX-License-Identifier: Apache-2.0

/// What was found, what was expected and what to do; never a text.
public struct ProvenanceError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ found: String, expected: String? = nil, advice: String? = nil) {
        description =
            found + (expected.map { "; expected \($0)" } ?? "") + (advice.map { "; \($0)" } ?? "")
    }
}
