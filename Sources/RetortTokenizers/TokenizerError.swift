// SPDX-License-Identifier: Apache-2.0

/// Why a vocabulary cannot be used: what was found, what was expected. Never quotes a token.
public struct TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
