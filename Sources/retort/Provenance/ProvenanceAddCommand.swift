// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortJSON
import RetortProvenance

struct ProvenanceAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract:
            "Record a file of training data in the rights ledger: its source, licence and works.",
        discussion: """
            A JSONL file's lines are works by themselves, or of the work that --work-field names; any other file or folder is \
            one. A model comes in with the lineage beside it.
            """)

    @Argument(help: ArgumentHelp("A file or folder.", valueName: "path"))
    var path: String

    @Option(help: "What the source is called; the file's name if this is left out.")
    var name: String?

    @Option(help: ArgumentHelp("The licence; NOASSERTION if nobody knows.", valueName: "SPDX"))
    var licence = RightsSource.noAssertion

    @Option(help: "Where it is from.")
    var url: String?

    @Option(
        help:
            "How it was had: \(RightsSource.Acquisition.allCases.map(\.rawValue).joined(separator: ", "))."
    )
    var acquisition = "unknown"

    @Option(help: "A model that wrote it; may be given several times.")
    var generator: [String] = []

    @Option(help: "A program that wrote it by rule.")
    var program: String?

    @Option(help: "Who is to be named.")
    var attribution: String?

    @Option(help: "The member of a line with the text.")
    var textField: String?

    @Option(help: "The member of a line that names its work.")
    var workField: String?

    @Option(help: "The member of a line with its licence.")
    var licenceField: String?

    @OptionGroup var ledgerOptions: LedgerOptions

    func validate() throws {
        guard RightsSource.Acquisition(rawValue: acquisition) != nil else {
            throw ValidationError("--acquisition: '\(acquisition)' is not known.")
        }
    }

    func run() throws {
        let ledger = try RightsLedger(path: ledgerOptions.path(beside: path))
        let fileName = URL(fileURLWithPath: path).lastPathComponent
        let source = RightsSource(
            name: name ?? fileName, licence: licence, url: url,
            acquisition: RightsSource.Acquisition(rawValue: acquisition) ?? .unknown,
            acquired: Date().timeIntervalSince1970, generators: generator, program: program,
            attribution: attribution)
        let isModel = try ledger.lineage(beside: path) != nil
        let shard = try ledger.add(
            RunPlan.Input(path, kind: isModel ? .model : .shard, source: isModel ? nil : source))
        var works: [WorkEntry] = []
        if ["jsonl", "ndjson"].contains(URL(fileURLWithPath: path).pathExtension) {
            works = try WorkScanner(
                source: source, textField: textField, workField: workField,
                licenceField: licenceField
            ).works(of: path)
            try ledger.record(works: works, in: shard)
        }
        Output.line("\(shard) \(fileName): \(works.count) works, \(licence)")
    }
}
