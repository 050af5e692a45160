// SPDX-License-Identifier: Apache-2.0

/// Why a model cannot be built or run.
public struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    package init(_ description: String) { self.description = description }
}
