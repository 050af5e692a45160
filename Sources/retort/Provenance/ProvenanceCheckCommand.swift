// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortJSON
import RetortProvenance

struct ProvenanceCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "Whether data, a teacher, a recipe or a model may be used, by the policy's table.",
        discussion: """
            Exit status 1 and the reason if it is refused: what is forbidden, and what nobody knows. SUBJECT is a recipe (.yaml), \
            a model with its lineage (the bundled one too), a teacher's name such as 'gpt-4o' or 'deepseek-ai/DeepSeek-R1', or with --licence an SPDX \
            expression of data. The table is dated and hashed; its rows name their sources.
            """)

    @Argument(help: ArgumentHelp("What is to be judged.", valueName: "subject"))
    var subject: String

    @Option(help: ArgumentHelp("Who runs the teacher's API.", valueName: "host"))
    var host: String?

    @Flag(help: "SUBJECT is a licence of data.")
    var licence = false

    @Option(
        help:
            "What the model is for: \(RightsGate.Purpose.allCases.map(\.rawValue).joined(separator: ", "))."
    )
    var purpose = RightsGate.Purpose.commercial.rawValue

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var ledgerOptions: LedgerOptions

    func validate() throws {
        guard RightsGate.Purpose(rawValue: purpose) != nil else {
            throw ValidationError("--purpose: '\(purpose)' is not known.")
        }
    }

    func run() throws {
        let gate = RightsGate(
            policy: try .bundled(), purpose: RightsGate.Purpose(rawValue: purpose) ?? .commercial)
        let report = try judge(gate)
        if json {
            Output.json(report.json)
        } else {
            for finding in GateReport.grouped(report.findings) {
                Output.line("\(finding.verdict.rawValue)\t\(finding.subject): \(finding.reason)")
            }
            for obligation in report.obligations { Output.line("obligation\t\(obligation.text)") }
        }
        if report.isRefused { throw CommandError("refused: \(report.reasons)") }
    }

    private func judge(_ gate: RightsGate) throws -> GateReport {
        if licence { return gate.report([gate.licence(subject)]) }
        let suffix = URL(fileURLWithPath: subject).pathExtension
        if ["yaml", "yml"].contains(suffix) {
            let recipe = try YAMLFile.read(subject)
            return try gate.check(
                recipe: recipe, ledger: try ledgerOptions.openIfThere(beside: subject))
        }
        let path = try ProvenanceModel.path(of: subject)
        if FileManager.default.fileExists(atPath: path) {
            let ledger = try ledgerOptions.openIfThere(beside: subject)
            return gate.check(try ProvenanceModel.lineage(of: path, ledger))
        }
        return gate.report([gate.teacher(names: [subject], host: host)])
    }
}
