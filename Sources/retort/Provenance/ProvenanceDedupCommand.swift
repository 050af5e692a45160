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
            an evaluation set. The corpus is streamed; only reports are kept. Of a cluster one document stays: of those with \
            the best licence (allowed before conditional before refused, as 'provenance check --licence' has it) the first, \
            or with --keep-longest the longest. --write writes the corpus without the others.
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

    @Flag(
        help:
            "Keep the longest document of a cluster, not the first, of those with the best licence."
    )
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

    @Option(
        help: ArgumentHelp(
            "Memory that sorting and --exact may take together, beside some 32 MiB, 10 bytes for each of the longest document, 200 for each file, the reports and the evaluation sets. Mapped files, which the system takes back when it needs them, are extra.",
            valueName: "MiB"))
    var memory = 1024

    @Option(
        help: ArgumentHelp(
            "Write the corpus without the documents to remove to this folder, which is new or empty. Compressed files are unpacked.",
            valueName: "folder"))
    var write: String?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Write the report here.", valueName: "file"))
    var output: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Corpus") var corpus: CorpusOptions

    func validate() throws {
        guard exact ?? 1 > 0, (exact == nil ? 1 : 2)...1_000_000 ~= memory else {
            throw ValidationError(
                "--exact is at least 1, --memory 1 to 1000000, with --exact at least 2.")
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
        let copy = try write.map { try CorpusCopy(of: folder, to: $0) }
        let ranks = LicenceRanks(RightsGate(policy: try .bundled()))
        let search = try DuplicateSearch(settings, exact: exact, rank: ranks.rank)
        var scan = evaluation.isEmpty ? nil : try ContaminationScan(try items())
        let reader = corpus.reader()
        let report = try reader.read(folder, longest: search.longestDocument) {
            bytes, document throws(ProvenanceError) in
            scan?.add(bytes.bindMemory(to: UInt8.self), name: document.place)
            try search.add(bytes, document)
        }
        corpus.tell(report)
        guard report.documents > 0 else { throw CommandError("\(folder) has no texts") }
        let (duplicates, repeats) = try search.finish()
        var object = try JSONValue(parsing: duplicates.json()).objectValue ?? JSONObject()
        if let repeats { object["exact"] = try JSONValue(parsing: repeats.json()) }
        let contamination = scan?.report()
        if let contamination {
            object["contamination"] = try JSONValue(parsing: contamination.json())
        }
        let written = copy.map { copy in Result { try search.write(copy, reader: reader) } }
        if let write, case .success(let summary) = written {
            object["written"] = json(summary, write)
        }
        if let output { try OutputFile.write(JSONValue.object(object).text() + "\n", to: output) }
        if json {
            Output.json(.object(object))
        } else {
            print(duplicates, repeats, contamination)
            if let write, case .success(let written) = written {
                Output.line(
                    "\(write): \(written.kept) documents kept, \(written.keptBytes) bytes in \(written.files) files; \(written.removed) removed, \(written.removedBytes) bytes"
                )
            }
        }
        // Behind the report, which took its time and is right without the copy.
        _ = try written?.get()
    }

    private func json(_ written: CorpusCopy.Summary, _ folder: String) -> JSONValue {
        [
            "folder": .string(folder), "files": .integer(Int64(written.files)),
            "kept": .integer(Int64(written.kept)),
            "kept_bytes": .integer(Int64(written.keptBytes)),
            "removed": .integer(Int64(written.removed)),
            "removed_bytes": .integer(Int64(written.removedBytes)),
            "left_out": .integer(Int64(written.problems)),
        ]
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
        _ report: DuplicateReport, _ repeats: ExactRepeats?, _ contamination: ContaminationReport?
    ) {
        Output.line(
            "\(report.documents) documents, \(report.bytes) bytes: \(report.duplicatePairs) near-duplicate pairs in \(report.clusters.count) clusters; without \(report.removableDocuments) documents \(report.removableBytes) bytes less"
        )
        if report.crowdedBuckets > 0 {
            Output.line(
                "  \(report.crowdedBuckets) crowded buckets, in which documents were compared with the \(report.settings.bucketNeighbours) before them only: pairs may be missing"
            )
        }
        for cluster in report.clusters.prefix(20) {
            func title(_ place: String) -> String {
                (cluster.names?[place].map { "\($0) in " } ?? "") + place
            }
            let removed = cluster.remove.map(title).joined(separator: ", ")
            Output.line("  keep \(title(cluster.keep)), not \(removed)")
        }
        if report.clusters.count > 20 {
            Output.line("  … \(report.clusters.count - 20) more; --json has all")
        }
        if let repeats { print(repeats) }
        for set in contamination?.sets ?? [] {
            Output.line(
                "\(set.set): \(set.itemsContaminated) of \(set.items) items contaminated, \(set.itemsTouched) touched, \(set.itemsNotTested) too short to tell"
            )
        }
    }

    private func print(_ repeats: ExactRepeats) {
        func title(_ place: String, _ name: String?) -> String {
            (name.map { "\($0) in " } ?? "") + place
        }
        Output.line(
            "\(repeats.count) repeated parts, \(repeats.bytes) bytes in one or more of them; --json lists \(repeats.listed) of \(repeats.count)"
        )
        for span in repeats.spans.prefix(20) {
            Output.line(
                "  \(title(span.document, span.name)) at \(span.offset), \(span.length) bytes: as \(title(span.other, span.otherName)) at \(span.otherOffset)"
            )
        }
        if repeats.count > 20 { Output.line("  … \(repeats.count - 20) more") }
    }
}
