// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct GuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guard",
        abstract: "Mark what a model writes: keys and their pseudorandom function.",
        subcommands: [GuardKeygenCommand.self, GuardPRFCommand.self])
}
