// SPDX-License-Identifier: Apache-2.0

/// Why a pipeline cannot be read or run: what was found, what was expected and what to do.
public struct PipelineError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    package init(_ description: String) { self.description = description }
}
