// SPDX-License-Identifier: Apache-2.0

/// What went wrong, and what to do; never a key or a text.
public struct GuardError: Error, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
