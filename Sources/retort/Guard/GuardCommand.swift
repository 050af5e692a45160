// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct GuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guard",
        abstract: "Mark what a model writes, and know it again.",
        subcommands: [
            GuardKeygenCommand.self, GuardDetectCommand.self, GuardEvidenceCommand.self,
            GuardPowerCommand.self,
            GuardNullCommand.self, GuardCostCommand.self, GuardPRFCommand.self,
        ])
}
