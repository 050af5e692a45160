// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortFormats
import RetortJSON
import RetortProvenance

struct ProvenanceExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract:
            "Write the documents that law and customers ask for of a model, from its lineage.",
        discussion: """
            Refused if the lineage has something that is forbidden or unknown, or if the model does not keep what its licences \
            ask for (its name, notices, share-alike).
            """)

    @Argument(
        help: ArgumentHelp(
            "A model that Retort trained; 'bundled' is the one that came with it.",
            valueName: "model"))
    var model: String

    @Option(
        help:
            "Which one: \(DocumentFormat.allCases.map(\.rawValue).joined(separator: ", ")); all if this is left out."
    )
    var format: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A folder for them; without it one document goes to stdout.", valueName: "folder"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "What the lineage does not know, a JSON object: name, version, licence, provider, released, description, evaluations, …",
            valueName: "file"))
    var facts: String?

    @Option(help: "The model's name.")
    var name: String?

    @Option(help: "The model's licence, an SPDX expression.")
    var licence = "Apache-2.0"

    @Option(help: "Who gives it away.")
    var provider = "unknown"

    @Flag(help: "Write the documents of a model that is refused too; they say so.")
    var force = false

    @OptionGroup var ledgerOptions: LedgerOptions

    func validate() throws {
        if let format, DocumentFormat(rawValue: format) == nil {
            throw ValidationError("--format: '\(format)' is not known.")
        }
        guard format != nil || output != nil else {
            throw ValidationError("Give --format or --output.")
        }
    }

    func run() throws {
        let ledger = try ledgerOptions.openIfThere(beside: model)
        let lineage = try ProvenanceModel.lineage(of: ProvenanceModel.path(of: model), ledger)
        let gate = RightsGate(policy: try .bundled())
        let document = ModelLineage(lineage, facts: try modelFacts(), gate: gate)
        if document.report.isRefused, !force {
            throw CommandError("refused: \(document.report.reasons)")
        }
        let candidate = ExportCandidate(
            name: document.facts.name, licence: document.facts.licence,
            card: document.document(.modelCard),
            papers: document.report.notice.map { ["NOTICE": $0] } ?? [:])
        let problems = gate.checkExport(candidate, obligations: document.report.obligations)
        if !problems.isEmpty, !force {
            throw CommandError(
                "refused: \(problems.map(\.description).joined(separator: "; "))")
        }
        if let format = format.flatMap(DocumentFormat.init), output == nil {
            Output.write(document.document(format))
            return
        }
        let formats = format.flatMap(DocumentFormat.init).map { [$0] } ?? DocumentFormat.allCases
        if let output {
            try FileManager.default.createDirectory(
                atPath: output, withIntermediateDirectories: true)
        }
        for path in try document.write(formats, to: output ?? ".") { Output.line(path) }
    }

    private func modelFacts() throws -> ModelFacts {
        var object = JSONObject()
        if let facts {
            object = try JSONValue(parsing: InputFile.bytes(path: facts)).objectValue ?? object
        }
        if let name {
            object["name"] = .string(name)
        } else if object["name"] == nil {
            let url = URL(fileURLWithPath: model).standardizedFileURL
            let own = url.deletingPathExtension().lastPathComponent
            object["name"] = .string(
                own == "model" ? url.deletingLastPathComponent().lastPathComponent : own)
        }
        if object["version"] == nil { object["version"] = "1" }
        if object["licence"] == nil { object["licence"] = .string(licence) }
        if object["provider"] == nil { object["provider"] = .string(provider) }
        if object["released"] == nil {
            object["released"] = .double(Date().timeIntervalSince1970.rounded())
        }
        return try ModelFacts(.object(object))
    }
}
