// SPDX-License-Identifier: Apache-2.0

/// Why a command could not do its work.
struct CommandError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
