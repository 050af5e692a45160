// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortJSON
import RetortProvenance

struct ProvenanceTakedownCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "takedown",
        abstract:
            "List every shard, run, checkpoint and model that a work went into, over generations.")

    @Argument(
        help: ArgumentHelp(
            "A hash, a name or an address that the ledger has, or the work's file.",
            valueName: "work"))
    var work: String

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var ledgerOptions: LedgerOptions

    func run() throws {
        let ledger = try ledgerOptions.open(beside: work)
        let report = try ledger.takedown(named: work)
        if json {
            Output.json(report.json)
            return
        }
        for match in report.matches {
            Output.line(
                "\(match.kind.rawValue)\t\(match.artefact.name)\t\(match.artefact.hash)")
        }
        for touched in report.touched {
            let path = touched.path.map { "\($0.how) \($0.name)" }.joined(separator: " → ")
            Output.line(
                "\(touched.artefact.kind.rawValue)\tgeneration \(touched.generation)\t\(touched.artefact.name)\t\(touched.artefact.path ?? "")\t\(path)"
            )
        }
        for artefact in report.incomplete {
            Output.note("\(artefact.name): not all of its works are known here")
        }
    }
}
