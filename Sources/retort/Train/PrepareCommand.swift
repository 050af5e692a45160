// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortJSON
import RetortTraining

struct PrepareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Tokenise the files of a recipe into a dataset on the disk.",
        discussion:
            "Files that a recipe names are tokenised in memory at each start; a corpus larger than memory is prepared once, and the recipe names the directory as data.dataset."
    )

    @Argument(help: "A recipe whose data.train names files.") var recipe: String
    @Option(name: .shortAndLong, help: "The directory of the dataset.") var output: String
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Change a value of the recipe.", valueName: "key=value"))
    var assignments: [String] = []
    @Flag(help: "Replace a dataset that is there.") var force = false
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        var value = try YAMLFile.read(recipe)
        for assignment in assignments { value = try YAMLFile.set(assignment, in: value) }
        let recipe = try Recipe(value)
        let manifest = try Trainer.prepare(recipe, to: output, replacesExisting: force) { counts in
            if Terminal.errorIsTerminal {
                FileHandle.standardError.write(
                    Data(
                        "\r\u{1B}[K\(counts.documents) documents, \(TrainingDisplay.short(Double(counts.tokens))) tokens"
                            .utf8))
            }
        }
        if Terminal.errorIsTerminal { FileHandle.standardError.write(Data("\n".utf8)) }
        let statistics = manifest.train.statistics
        if json {
            Output.json([
                "documents": .integer(Int64(statistics.documents)),
                "tokens": .integer(Int64(statistics.tokens)),
                "trained_tokens": .integer(Int64(statistics.trainedTokens)),
                "text_bytes": .integer(Int64(statistics.textBytes)),
                "truncated_documents": .integer(Int64(statistics.truncatedDocuments)),
                "skipped_records": .integer(Int64(statistics.skippedRecords)),
                "skipped_turns": .integer(Int64(statistics.skippedTurns)),
                "validation_documents": .integer(
                    Int64(manifest.validation.statistics.documents)),
                "shards": .integer(Int64(manifest.train.shards.count)),
            ])
        } else {
            Output.line(
                "\(output): \(statistics.documents) documents, \(statistics.tokens) tokens of which \(statistics.trainedTokens) are trained, \(manifest.validation.statistics.documents) documents for validation"
            )
        }
    }
}
