// SPDX-License-Identifier: Apache-2.0

/// Why a model cannot be opened or a generation cannot go on.
public struct EngineError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    package init(_ description: String) { self.description = description }
}
