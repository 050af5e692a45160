// SPDX-License-Identifier: Apache-2.0

/// Why a tensor or a kernel cannot be used.
public struct TensorError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    package init(_ description: String) { self.description = description }
}
