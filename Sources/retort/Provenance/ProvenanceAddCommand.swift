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
            one. A model comes in with the lineage beside it. With --from the file is what a program made of others: a \
            transformation, whose licence, if one is given, is that of what the program added.
            """)

    @Argument(help: ArgumentHelp("A file or folder.", valueName: "path"))
    var path: String

    @Option(help: "What the source is called; the file's name if this is left out.")
    var name: String?

    @Option(
        help: ArgumentHelp(
            "A file, dataset or model that it was made of; may be given several times.",
            valueName: "path"))
    var from: [String] = []

    @Option(
        help: ArgumentHelp(
            "The licence; NOASSERTION, nobody knows, if this is left out.", valueName: "SPDX"))
    var licence: String?

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

    @Flag(help: "Say anew where it came from, instead of what the ledger says.")
    var replace = false

    @OptionGroup var ledgerOptions: LedgerOptions

    func validate() throws {
        guard from.isEmpty || (workField == nil && licenceField == nil) else {
            throw ValidationError(
                "--work-field and --licence-field do not go with --from: its works are those of what it was made of."
            )
        }
        guard RightsSource.Acquisition(rawValue: acquisition) != nil else {
            throw ValidationError("--acquisition: '\(acquisition)' is not known.")
        }
    }

    func run() throws {
        let ledger = try RightsLedger(path: ledgerOptions.path(beside: path))
        let fileName = URL(fileURLWithPath: path).lastPathComponent
        var source = RightsSource(
            name: name ?? fileName, licence: licence ?? RightsSource.noAssertion, url: url,
            acquisition: RightsSource.Acquisition(rawValue: acquisition) ?? .unknown,
            acquired: Date().timeIntervalSince1970, generators: generator, program: program,
            attribution: attribution)
        let shard = try from.isEmpty ? given(&source, ledger) : transformed(source, ledger)
        var works: [WorkEntry] = []
        // The lines of what was made of others are no works of their own.
        if from.isEmpty,
            ["jsonl", "ndjson"].contains(URL(fileURLWithPath: path).pathExtension)
        {
            works = try WorkScanner(
                source: source, textField: textField, workField: workField,
                licenceField: licenceField
            ).works(of: path)
            try ledger.record(works: works, in: shard, textField: textField)
        }
        let isModel = try ledger.artefact(shard)?.kind == .model
        let said =
            isModel
            ? "a model with its lineage"
            : "\(works.count) works, "
                + (licence ?? (from.isEmpty ? RightsSource.noAssertion : "of what it was made of"))
        Output.line("\(shard) \(fileName): \(said)")
    }

    /// - Parameter source: What is said now; what the ledger has if it says the same.
    private func given(_ source: inout RightsSource, _ ledger: RightsLedger) throws -> ContentHash {
        guard try ledger.lineage(beside: path) == nil else {
            return try ledger.add(RunPlan.Input(path, kind: .model))
        }
        try settle(&source, ledger)
        return try ledger.add(RunPlan.Input(path, source: source))
    }

    /// What is said again has to be the same, unless it is meant to be another.
    private func settle(_ source: inout RightsSource, _ ledger: RightsLedger) throws {
        let address = try ledger.contents(of: path).address
        guard let known = try ledger.artefact(address)?.source, let old = try ledger.source(known)
        else { return }
        if old.saysTheSame(as: source) {
            source = old
        } else if replace {
            try ledger.replaceSource(of: address, with: source)
        } else {
            throw CommandError(
                "the ledger has \(path) as '\(old.name)' under \(old.licence), and now something else is said of it; --replace says it anew"
            )
        }
    }

    /// What another program read, and what it made of it.
    private func transformed(_ source: RightsSource, _ ledger: RightsLedger) throws -> ContentHash {
        var source = source
        if licence != nil { try settle(&source, ledger) }
        let inputs = from.map { RunPlan.Input($0, how: .transformed) }
        let run = try RunRecord.begin(
            RunPlan(
                verb: "transform", name: program ?? "transform", output: path, inputs: inputs,
                software: program ?? "unknown"), in: ledger)
        // Nothing is said of what was added if nobody says anything.
        let shard = try run.produced(path, .shard, source: licence == nil ? nil : source)
        try run.finish(models: [])
        if let textField { try ledger.record(works: [], in: shard, textField: textField) }
        return shard
    }
}
