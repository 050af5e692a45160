// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct ProvenanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provenance",
        abstract: "What a model is made of, and whether it repeats it.",
        subcommands: [
            ProvenanceAddCommand.self, ProvenanceCheckCommand.self, ProvenanceTakedownCommand.self,
            ProvenanceOptOutCommand.self,
            ProvenanceExportCommand.self,
            ProvenanceIndexCommand.self, ProvenanceSearchCommand.self, ProvenanceTraceCommand.self,
            ProvenanceProtectCommand.self, ProvenanceMatchCommand.self, ProvenanceDedupCommand.self,
            ProvenanceAuditCommand.self,
            ProvenanceCanariesCommand.self,
        ])
}
