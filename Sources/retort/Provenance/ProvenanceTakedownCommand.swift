// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortJSON
import RetortProvenance

struct ProvenanceTakedownCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "takedown",
        abstract:
            "List every shard, run, checkpoint and model that a work went into, over generations.",
        discussion: """
            Near copies are looked for in all data files that the ledger knows, by runs of five words, and followed too. \
            Files that are gone or were changed are named.
            """)

    @Argument(
        help: ArgumentHelp(
            "A hash, a name or an address that the ledger has, or the work's file.",
            valueName: "work"))
    var work: String

    @Flag(
        inversion: .prefixedNo,
        help: "Follow near copies, for which the data files are read once.")
    var near = true

    @Option(help: "The least Jaccard index of near copies' runs of words.")
    var similarity = NearCopySettings().similarity

    @Option(help: "The least share of the work in a longer text, or of an excerpt in the work.")
    var part = NearCopySettings().part

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var ledgerOptions: LedgerOptions

    func validate() throws {
        guard 0.01...1 ~= similarity, 0.01...1 ~= part else {
            throw ValidationError("--similarity and --part are from 0.01 to 1.")
        }
    }

    func run() throws {
        let ledger = try ledgerOptions.open(beside: work)
        var settings = NearCopySettings()
        settings.similarity = similarity
        settings.part = part
        let report = try ledger.takedown(named: work, near: near ? settings : nil)
        if json {
            Output.json(report.json)
            return
        }
        for match in report.matches {
            let kind = Self.near(match.kind.isNear ? match.similarity : nil)
            let file = [match.file, match.records.map { "records \(Self.text($0))" }]
            Output.line(
                "\(match.kind.rawValue)\(kind)\t\(match.artefact.name)\t\(match.artefact.hash)"
                    + file.compactMap { $0.map { "\t\($0)" } }.joined())
        }
        for touched in report.touched {
            let path = touched.path.map { "\($0.how) \($0.name)" }.joined(separator: " → ")
            let near = touched.near == nil ? "" : "\tnear\(Self.near(touched.near))"
            Output.line(
                "\(touched.artefact.kind.rawValue)\tgeneration \(touched.generation)\t\(touched.artefact.name)\t\(touched.artefact.path ?? "")\t\(path)\(near)"
            )
        }
        for artefact in report.incomplete {
            Output.note("\(artefact.name): not all of its works are known here")
        }
        guard let searched = report.searched else { return }
        for problem in searched.notCompared.prefix(Self.mostProblems) {
            Output.note("\(problem.artefact.name): not compared: \(problem.reason)")
        }
        if searched.notCompared.count > Self.mostProblems {
            Output.note("… \(searched.notCompared.count - Self.mostProblems) more; --json has all")
        }
        let found = report.matches.count { $0.kind.isNear }
        Output.note(
            "\(found) near copies among \(searched.texts) texts of \(searched.files) files")
    }

    private static let mostProblems = 50

    private static func near(_ similarity: Double?) -> String {
        similarity.map { " " + String(format: "%.2f", $0) } ?? ""
    }

    /// Counted from 0, as in the ledger; the first few stretches.
    private static func text(_ records: RecordRanges) -> String {
        let stretches = records.ranges.prefix(8).map { range in
            range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)–\(range.upperBound)"
        }
        return stretches.joined(separator: ", ") + (records.ranges.count > 8 ? ", …" : "")
    }
}
