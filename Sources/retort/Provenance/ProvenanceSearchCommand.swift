// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortJSON
import RetortProvenance

struct ProvenanceSearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "How often a string stands in an indexed corpus, and where.",
        discussion:
            "The string is taken byte by byte. Places that overlap all count; none goes beyond a document."
    )

    @Argument(help: ArgumentHelp("The index.", valueName: "folder"))
    var index: String

    @Option(help: "The string.")
    var text: String?

    @Option(help: ArgumentHelp("A file with the string; '-' is stdin.", valueName: "file"))
    var file: String?

    @Option(help: "The most documents that are named.")
    var limit = 10

    @Flag(help: "Check every byte of the index against its sums first.")
    var verify = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard (text == nil) != (file == nil) else {
            throw ValidationError("Give either --text or --file.")
        }
        guard limit >= 0 else { throw ValidationError("--limit is at least 0.") }
    }

    func run() throws {
        let index = try CorpusIndex(path: index)
        if verify { try index.verify() }
        let query = CorpusQuery(
            bytes: try text.map { Array($0.utf8) } ?? InputFile.bytes(path: file ?? ""))
        let result = try index.search(query, limit: limit)
        if json {
            Output.json(.object(result.json))
            return
        }
        let documents = result.documentCount.map { " in \($0) documents" } ?? ""
        Output.line("\(result.count) times\(documents)")
        for found in result.documents {
            Output.line("  \(found.document.title): \(found.count) times, first at \(found.offset)")
        }
    }
}
