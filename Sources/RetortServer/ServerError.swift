// SPDX-License-Identifier: Apache-2.0

/// Why the server cannot be configured or started: what was found, what was expected, what to do.
public struct ServerError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
