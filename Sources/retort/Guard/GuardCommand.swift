// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct GuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guard",
        abstract: "Mark what a model writes, know it again, and find who extracts it.",
        subcommands: [
            GuardKeygenCommand.self, GuardDetectCommand.self, GuardEvidenceCommand.self,
            GuardPowerCommand.self, GuardNullCommand.self, GuardCostCommand.self,
            GuardPRFCommand.self, GuardCanaryCommand.self, GuardMonitorCommand.self,
            GuardAppealCommand.self,
            GuardAuditCommand.self, GuardSecretCommand.self, GuardSimulateCommand.self,
            GuardCalibrateCommand.self,
        ])
}
