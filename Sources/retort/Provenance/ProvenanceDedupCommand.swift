// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortFormats
import RetortJSON
import RetortProvenance

struct ProvenanceDedupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dedup",
        abstract: "What a corpus repeats: near-duplicate documents, exact parts, evaluation sets.",
        discussion: """
            Near-duplicates by MinHash and buckets, each pair verified. With --exact also every part of so many bytes that \
            stands in the corpus twice (50 tokens are some 200 bytes). With --evaluation FILE also what the corpus has of \
            an evaluation set. The corpus is streamed; only reports are kept.
            """)

    @Argument(help: ArgumentHelp("The folder.", valueName: "folder"))
    var folder: String

    @Option(help: "The least Jaccard index of near-duplicates' runs of words.")
    var similarity = 0.8

    @Option(help: "Bands of the signature.")
    var bands = 14

    @Option(help: "Rows of a band.")
    var rows = 8

    @Option(help: "Words of a run.")
    var words = 5

    @Flag(help: "Keep the longest document of a cluster, not the first.")
    var keepLongest = false

    @Option(
        help: ArgumentHelp(
            "Also find parts of at least so many bytes that stand twice.", valueName: "bytes"))
    var exact: Int?

    @Option(
        help: ArgumentHelp(
            "JSON lines with 'question', 'problem', 'prompt', 'text' or 'input'; may be given several times.",
            valueName: "file"))
    var evaluation: [String] = []

    @Option(help: ArgumentHelp("Memory for sorting.", valueName: "MiB"))
    var memory = 256

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Write the report here.", valueName: "file"))
    var output: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Corpus") var corpus: CorpusOptions

    func validate() throws {
        guard exact ?? 1 > 0, 1...1_000_000 ~= memory else {
            throw ValidationError("--exact is at least 1, --memory 1 to 1000000.")
        }
    }

    func run() throws {
        var settings = DuplicateSettings()
        settings.bands = bands
        settings.rows = rows
        settings.shingleWords = words
        settings.similarity = similarity
        settings.keep = keepLongest ? .longest : .first
        settings.memoryBytes = memory << 20
        let finder = try DuplicateFinder(settings)
        var scan = evaluation.isEmpty ? nil : try ContaminationScan(try items())
        let scratch = FileManager.default.temporaryDirectory
            .appendingPathComponent("retort-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let builder = try exact.map { _ in
            try CorpusIndexBuilder(path: scratch, options: .init(memory: max(64, memory) << 20))
        }
        let report = try corpus.reader().read(folder, longest: builder?.longestDocument ?? .max) {
            bytes, document throws(ProvenanceError) in
            let name = document.path + (document.offset > 0 ? "@\(document.offset)" : "")
            let text = bytes.bindMemory(to: UInt8.self)
            try finder.add(text, name: name)
            scan?.add(text, name: name)
            try builder?.add(bytes, document)
        }
        corpus.tell(report)
        guard report.documents > 0 else { throw CommandError("\(folder) has no texts") }
        let duplicates = try finder.finish()
        var object = try JSONValue(parsing: duplicates.json()).objectValue ?? JSONObject()
        var repeated = RepeatedParts()
        if let builder, let exact {
            _ = try builder.finish()
            repeated = try RepeatedParts(try CorpusIndex(path: scratch), minimum: exact)
            object["exact"] = repeated.json
        }
        let contamination = scan?.report()
        if let contamination {
            object["contamination"] = try JSONValue(parsing: contamination.json())
        }
        if let output { try OutputFile.write(JSONValue.object(object).text() + "\n", to: output) }
        if json {
            Output.json(.object(object))
        } else {
            print(duplicates, repeated, contamination)
        }
    }

    private func items() throws -> [ContaminationItem] {
        var items: [ContaminationItem] = []
        let fields = ["question", "problem", "prompt", "text", "input"]
        for path in evaluation {
            let set = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            let lines = try RetortFormats.LineReader(
                path: path, maximumLineBytes: 64 << 20)
            while try lines.next() {
                let line = try? JSONValue(parsing: lines.line)
                guard let text = fields.lazy.compactMap({ line?[$0]?.stringValue }).first else {
                    throw CommandError(
                        "\(path):\(lines.number) has none of \(fields.joined(separator: ", "))")
                }
                items.append(
                    ContaminationItem(set: set, id: "line \(lines.number)", text: text))
            }
        }
        return items
    }

    private func print(
        _ report: DuplicateReport, _ repeated: RepeatedParts,
        _ contamination: ContaminationReport?
    ) {
        Output.line(
            "\(report.documents) documents, \(report.bytes) bytes: \(report.duplicatePairs) near-duplicate pairs in \(report.clusters.count) clusters; without \(report.removableDocuments) documents \(report.removableBytes) bytes less"
        )
        for cluster in report.clusters.prefix(20) {
            Output.line("  keep \(cluster.keep), not \(cluster.remove.joined(separator: ", "))")
        }
        if report.clusters.count > 20 {
            Output.line("  … \(report.clusters.count - 20) more; --json has all")
        }
        if exact != nil {
            Output.line("\(repeated.count) repeated parts, \(repeated.bytes) bytes")
            for part in repeated.parts.prefix(20) { Output.line("  \(part)") }
        }
        for set in contamination?.sets ?? [] {
            Output.line(
                "\(set.set): \(set.itemsContaminated) of \(set.items) items contaminated, \(set.itemsTouched) touched, \(set.itemsNotTested) too short to tell"
            )
        }
    }
}

/// Parts that a corpus has twice, with the documents' names.
private struct RepeatedParts {
    struct Part: CustomStringConvertible {
        var document: String
        var offset: Int
        var length: Int
        var other: String
        var otherOffset: Int

        var description: String {
            "\(document) at \(offset), \(length) bytes: as \(other) at \(otherOffset)"
        }
    }

    /// Parts that are named; all are counted.
    static let most = 100_000
    var parts: [Part] = []
    var count = 0
    var bytes = 0

    init() {}

    init(_ index: CorpusIndex, minimum: Int) throws {
        func name(_ number: Int) -> String { index.document(number)?.title ?? "?" }
        var parts: [Part] = []
        var (count, bytes) = (0, 0)
        try index.repeatedSpans(minimum: minimum) { span in
            count += 1
            bytes += span.length
            guard parts.count < Self.most else { return }
            parts.append(
                Part(
                    document: name(span.place.document), offset: span.place.offset,
                    length: span.length, other: name(span.other.document),
                    otherOffset: span.other.offset))
        }
        (self.parts, self.count, self.bytes) = (parts, count, bytes)
    }

    var json: JSONValue {
        [
            "count": .integer(Int64(count)), "bytes": .integer(Int64(bytes)),
            "spans": .array(
                parts.map {
                    [
                        "document": .string($0.document), "offset": .integer(Int64($0.offset)),
                        "length": .integer(Int64($0.length)), "other": .string($0.other),
                        "other_offset": .integer(Int64($0.otherOffset)),
                    ]
                }),
        ]
    }
}
