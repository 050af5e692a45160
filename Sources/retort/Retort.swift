// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The command line: one type per verb.
@main
struct Retort: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retort", abstract: "Run open reasoning models on your own machine.",
        subcommands: [PullCommand.self, ListCommand.self, RemoveCommand.self])
}
