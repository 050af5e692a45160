// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortFormats
import RetortProvenance

struct ProvenanceProtectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "protect",
        abstract:
            "Make a filter of texts that 'retort serve --protect' keeps answers from repeating.",
        discussion: """
            Any 48 letters or digits in a row are known again, whatever their case, spaces, punctuation, accents and look-alike \
            letters; of tables and code 24 of them over 200 bytes.
            """)

    @Argument(help: ArgumentHelp("The folder.", valueName: "folder"))
    var folder: String

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write it.", valueName: "file"))
    var output: String

    @OptionGroup(title: "Corpus") var corpus: CorpusOptions

    func run() throws {
        var texts: [(name: String, licence: String?, bytes: [UInt8])] = []
        let report = try corpus.reader().read(folder) { bytes, document throws(ProvenanceError) in
            texts.append((document.path, document.licence, Array(bytes)))
        }
        corpus.tell(report)
        guard !texts.isEmpty else { throw CommandError("\(folder) has no texts") }
        let content = try ProtectedTextIndex(texts).fileContent
        let file = try OutputFile(path: output)
        try file.write(content)
        try file.commit()
        Output.line("\(texts.count) texts, \(report.bytes) bytes; the filter has \(content.count)")
    }
}
