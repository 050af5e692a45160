// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct GuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guard",
        abstract: "Mark what a model writes, and find who extracts it.",
        subcommands: [
            GuardKeygenCommand.self, GuardPRFCommand.self, GuardMonitorCommand.self,
            GuardAppealCommand.self, GuardAuditCommand.self, GuardSecretCommand.self,
            GuardSimulateCommand.self, GuardCalibrateCommand.self,
        ])
}
