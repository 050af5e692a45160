// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortProvenance

/// How a folder of texts is read.
struct CorpusOptions: ParsableArguments {
    @Option(help: "The member of a JSON line that has the text.")
    var field = "text"

    @Option(
        help: ArgumentHelp(
            "The member of a JSON line that names the text; without it, the first of \(CorpusReader.nameFields.joined(separator: ", ")) that is a string.",
            valueName: "member"))
    var nameField: String?

    @Option(
        help: ArgumentHelp(
            "The member of a JSON line that has its licence; without it, 'license' or 'licence'.",
            valueName: "member"))
    var licenceField: String?

    @Option(
        help: ArgumentHelp(
            "Endings of the files that are read besides the usual ones, with commas.",
            valueName: "endings"))
    var endings: String?

    @Option(help: ArgumentHelp("The licence of texts that state none.", valueName: "SPDX"))
    var licence: String?

    @Flag(help: "Leave out what cannot be read, and say so, instead of stopping there.")
    var skipBroken = false

    func reader(excluding: [String] = []) -> CorpusReader {
        var all = CorpusReader.textEndings
        for ending in endings?.split(separator: ",") ?? [] { all.insert(ending.lowercased()) }
        let licence = licence
        return CorpusReader(
            options: .init(
                endings: all, textField: field, nameField: nameField, licenceField: licenceField,
                policy: skipBroken ? .skip : .stop,
                excluding: excluding, licence: { _ in licence }))
    }

    func tell(_ report: CorpusReader.Report) {
        for problem in report.problems.prefix(20) {
            Output.note("left out: \(problem.path): \(problem.reason)")
        }
        if report.problems.count > 20 {
            Output.note("left out: \(report.problems.count - 20) more")
        }
        if report.brokenUTF8 > 0 {
            Output.note("\(report.brokenUTF8) texts are not UTF-8; they are read as bytes")
        }
        if report.otherFiles > 0 {
            Output.note("\(report.otherFiles) files are no texts by their names")
        }
    }
}
