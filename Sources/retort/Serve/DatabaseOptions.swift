// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortServer

/// Where the server's state is.
struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The server's database; $RETORT_HOME/server.sqlite if not given.", valueName: "file"),
        completion: .file())
    var database: String?

    func open() throws -> ServerStore {
        try ServerStore(path: try database ?? ServerStore.standardPath())
    }
}
