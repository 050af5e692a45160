// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortJSON
import RetortProvenance

struct ProvenanceTraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Which parts of a text stand word for word in an indexed corpus, and where.",
        discussion: """
            Prints the longest parts that the corpus has, none inside another, with documents, places and the licences that \
            these state. A match is no proof that a model learned from that document: common phrases stand everywhere.
            """)

    @Argument(help: ArgumentHelp("The index.", valueName: "folder"))
    var index: String

    @Option(help: ArgumentHelp("The text's file; '-' is stdin.", valueName: "file"))
    var file: String

    @Option(help: "The least bytes of a part.")
    var minimum = 24

    @Option(help: "The most documents that are named for a part.")
    var limit = 10

    @Option(
        help: ArgumentHelp(
            "Keep the rarest parts, this share of the text's words in number (OLMoTrace: 0.05).",
            valueName: "share"))
    var rarest: Double?

    @Flag(help: "Do not cut parts to whole words.")
    var anyBytes = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard minimum > 0, limit >= 0 else {
            throw ValidationError("--minimum is above 0, --limit at least 0.")
        }
        guard let share = rarest else { return }
        guard share > 0, share <= 1 else {
            throw ValidationError("--rarest is above 0, up to 1.")
        }
    }

    func run() throws {
        let index = try CorpusIndex(path: index)
        let bytes = try InputFile.bytes(path: file)
        let trace = try index.trace(
            CorpusQuery(bytes: bytes),
            options: TraceOptions(
                minimumLength: minimum, keepsWholeWords: !anyBytes, share: rarest,
                documentLimit: limit))
        if json {
            Output.json(.object(trace.json(of: bytes)))
            return
        }
        Output.line(
            "\(trace.spanCount) parts, \(String(format: "%.1f", 100 * trace.coverage)) % of the text"
        )
        if trace.isCut {
            Output.note(
                "there may be more: the text repeats itself, and only so many parts are looked for")
        }
        for span in trace.spans {
            let text = String(
                decoding: bytes[span.offset..<span.offset + span.length], as: UTF8.self)
            Output.line("\(span.offset)+\(span.length), \(span.count) times: \(text)")
            for source in span.sources {
                Output.line("    \(source.document.title) at \(source.offset)")
            }
        }
    }
}
