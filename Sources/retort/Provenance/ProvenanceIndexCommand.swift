// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortJSON
import RetortProvenance

struct ProvenanceIndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Index a folder of texts, to count and find any string in it.",
        discussion: """
            A suffix array of the bytes, in shards that fit the memory. A build that is stopped leaves the old index as it \
            was. Links are not followed, gzip files are read within limits, documents that are not UTF-8 are read as bytes.
            """)

    @Argument(help: ArgumentHelp("The folder.", valueName: "folder"))
    var folder: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Where the index is, or shall be.", valueName: "folder"))
    var output: String

    @Option(help: ArgumentHelp("Memory that the build may take.", valueName: "MiB"))
    var memory = 1536

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Corpus") var corpus: CorpusOptions

    func validate() throws {
        guard 1...1_000_000 ~= memory else { throw ValidationError("--memory is 1 to 1000000.") }
    }

    func run() throws {
        let start = Date()
        let builder = try CorpusIndexBuilder(
            path: output, options: .init(memory: memory << 20))
        let report = try corpus.reader(excluding: [output]).read(
            folder, longest: builder.longestDocument
        ) { bytes, document throws(ProvenanceError) in
            try builder.add(bytes, document)
        }
        corpus.tell(report)
        guard report.documents > 0 else { throw CommandError("\(folder) has no texts") }
        let summary = try builder.finish()
        let seconds = Date().timeIntervalSince(start)
        let speed = Double(report.bytes) / 1e6 / max(seconds, 1e-9)
        if json {
            Output.json([
                "documents": .integer(Int64(summary.documents)),
                "bytes": .integer(Int64(report.bytes)), "shards": .integer(Int64(summary.shards)),
                "bytes_on_disk": .integer(Int64(summary.bytesOnDisk)),
                "not_utf8": .integer(Int64(report.brokenUTF8)),
                "left_out": .array(
                    report.problems.map {
                        ["path": .string($0.path), "reason": .string($0.reason)]
                    }),
                "seconds": .double(seconds), "megabytes_per_second": .double(speed),
            ])
        } else {
            Output.line(
                "\(summary.documents) documents, \(report.bytes) bytes in \(summary.shards) shards, \(summary.bytesOnDisk) bytes on disk, \(String(format: "%.1f", speed)) MB/s"
            )
        }
    }
}
