// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make, list and revoke the server's API keys.",
        discussion: """
            Keys lie in $RETORT_HOME/server.sqlite as hashes. A server that runs knows of a change \
            within a second or two. Once there is a key, every request needs one.
            """,
        subcommands: [
            KeysAddCommand.self, KeysListCommand.self, KeysRevokeCommand.self,
        ])
}
