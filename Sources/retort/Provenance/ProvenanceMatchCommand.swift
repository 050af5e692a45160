// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortFormats
import RetortJSON
import RetortProvenance

struct ProvenanceMatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "match",
        abstract: "Which texts a filter would keep back, and for which protected ones.",
        discussion:
            "Exit status 1 if there is any, 2 if that is not known. Texts are read four bytes at a time, as an answer comes."
    )

    @Argument(
        help: ArgumentHelp("The filter, of 'retort provenance protect'.", valueName: "filter"))
    var filter: String

    @Option(help: ArgumentHelp("One text; '-' is stdin.", valueName: "file"))
    var file: String?

    @Option(help: ArgumentHelp("Texts, read as those of a corpus are.", valueName: "folder"))
    var texts: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Corpus") var corpus: CorpusOptions

    func validate() throws {
        guard (file == nil) != (texts == nil) else {
            throw ValidationError("Give either --file or --texts.")
        }
    }

    func run() throws {
        do { try search() } catch { throw CommandError.undecided(error) }
    }

    private func search() throws {
        let index = try ProtectedTextIndex(
            fileContent: try InputFile.bytes(path: filter), path: filter)
        let scan = RegurgitationScan(index)
        var count = 0
        var bytes = 0
        var repeating: [(title: String, matches: [RegurgitationMatcher.Match])] = []
        var time = Duration.zero
        func look(_ text: UnsafeBufferPointer<UInt8>, _ title: String) {
            let start = ContinuousClock.now
            let matches = scan.matches(in: text)
            time += ContinuousClock.now - start
            count += 1
            bytes += text.count
            if !matches.isEmpty { repeating.append((title, matches)) }
        }
        if let file {
            try InputFile.bytes(path: file).withUnsafeBufferPointer { look($0, file) }
        } else if let texts {
            let report = try corpus.reader().read(texts) {
                bytes, document throws(ProvenanceError) in
                let title = document.path + (document.offset > 0 ? "@\(document.offset)" : "")
                look(bytes.bindMemory(to: UInt8.self), title)
            }
            corpus.tell(report)
        }
        if json {
            Output.json([
                "texts": .integer(Int64(count)), "bytes": .integer(Int64(bytes)),
                "repeating": .integer(Int64(repeating.count)),
                "nanoseconds_per_byte": bytes > 0
                    ? .double(time / .nanoseconds(1) / Double(bytes)) : .null,
                "matches": .array(
                    repeating.flatMap { entry in entry.matches.map { json($0, entry.title, index) }
                    }
                ),
            ])
        } else {
            for entry in repeating {
                for match in entry.matches {
                    let document = index.documents[match.document]
                    let licence = document.licence.map { " (\($0))" } ?? ""
                    Output.line(
                        "\(entry.title) \(match.outputStart)..<\(match.outputEnd): \(document.name)\(licence) at \(match.start), \(match.length) letters"
                    )
                }
            }
            Output.line("\(repeating.count) of \(count) texts repeat protected ones")
        }
        if !repeating.isEmpty { throw ExitCode(1) }
    }

    private func json(
        _ match: RegurgitationMatcher.Match, _ title: String, _ index: ProtectedTextIndex
    ) -> JSONValue {
        let document = index.documents[match.document]
        return [
            "text": .string(title), "document": .string(document.name),
            "licence": document.licence.map { .string($0) } ?? .null,
            "start": .integer(Int64(match.start)), "letters": .integer(Int64(match.length)),
            "output_start": .integer(Int64(match.outputStart)),
            "output_end": .integer(Int64(match.outputEnd)),
        ]
    }
}
