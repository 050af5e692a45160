// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Why a command could not do its work.
struct CommandError: Error, CustomStringConvertible {
    let description: String
    /// The exit status.
    let status: Int32

    init(_ description: String, status: Int32 = 1) {
        self.description = description
        self.status = status
    }

    /// For commands whose exit status 1 is an answer, as grep's is: what failed has 2.
    static func undecided(_ error: any Error) -> any Error {
        // What ends a command otherwise has its own status.
        if error is ExitCode || error is CancellationError { return error }
        return CommandError("\(error)", status: 2)
    }
}
