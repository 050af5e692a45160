// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortJSON
import RetortProvenance
import RetortTokenizers

struct TrainTokenizerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train-tokenizer",
        abstract: "Learn a byte-level BPE tokenizer from texts.",
        discussion: """
            Each line of a text file is a text, its line break included; of a .jsonl file, the \
            fields that --json-field names, of each record. Words never cross the ends of a text. \
            The result is that of Hugging Face's tokenizers.
            """)

    @Argument(help: "Text files in UTF-8 and .jsonl files; '-' is text on stdin.")
    var files: [String]

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The folder to write tokenizer.json and tokenizer_config.json to.", valueName: "dir"))
    var output: String

    @Option(
        help: ArgumentHelp("Tokens in all, added ones and 256 bytes included.", valueName: "n"))
    var vocabSize: Int

    @Option(help: "How texts are cut into words: gpt2, qwen2, llama3 or deepseek.")
    var preTokenizer = BPETrainingSettings.PreTokenizer.gpt2

    @Flag(help: "Cut off each digit first, whatever the pattern says.")
    var splitDigits = false

    @Flag(help: "Compose texts first (NFC), as Qwen2 does.")
    var nfc = false

    @Option(
        name: .customLong("special"),
        help: ArgumentHelp(
            "A token that controls the model, such as <|im_end|>; repeat for more. They take the first ids.",
            valueName: "token"))
    var specialTokens: [String] = []

    @Option(
        name: .customLong("added"),
        help: ArgumentHelp(
            "A token that is matched as a whole but belongs to the text, such as <think>; repeat for more.",
            valueName: "token"))
    var textTokens: [String] = []

    @Option(help: ArgumentHelp("Merge no pair that comes less often.", valueName: "n"))
    var minFrequency = 0

    @Option(help: ArgumentHelp("Make only tokens of fewer bytes.", valueName: "n"))
    var maxTokenLength: Int?

    @Flag(help: "Leave out bytes that the texts do not have; they cannot be encoded then.")
    var onlySeenBytes = false

    @Option(
        help: ArgumentHelp(
            "A field of .jsonl records that holds text; repeat for more.", valueName: "name"))
    var jsonField: [String] = ["text"]

    @Option(help: ArgumentHelp("The added token that begins a text.", valueName: "token"))
    var bos: String?

    @Option(help: ArgumentHelp("The added token that ends a text.", valueName: "token"))
    var eos: String?

    @Option(help: ArgumentHelp("The added token that pads a batch.", valueName: "token"))
    var pad: String?

    @Option(help: ArgumentHelp("A file with a Jinja chat template.", valueName: "file"))
    var chatTemplate: String?

    @Option(help: ArgumentHelp("Tokens that the model takes.", valueName: "n"))
    var modelMaxLength: Int?

    @Flag(help: "Overwrite the tokenizer that the folder has.")
    var force = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard vocabSize > 0 else { throw ValidationError("--vocab-size must be at least 1.") }
        guard minFrequency >= 0 else {
            throw ValidationError("--min-frequency must be at least 0.")
        }
        if let maxTokenLength, maxTokenLength < 1 {
            throw ValidationError("--max-token-length must be at least 1.")
        }
        if let modelMaxLength, modelMaxLength < 1 {
            throw ValidationError("--model-max-length must be at least 1.")
        }
        let added = specialTokens + textTokens
        guard !added.contains("") else {
            throw ValidationError("An added token must have at least one character.")
        }
        for (name, token) in [("bos", bos), ("eos", eos), ("pad", pad)] {
            if let token, !added.contains(token) {
                throw ValidationError("--\(name) must be one of --special or --added.")
            }
        }
    }

    func run() throws {
        let folder = URL(fileURLWithPath: output)
        let tokenizerFile = folder.appendingPathComponent("tokenizer.json")
        if !force, FileManager.default.fileExists(atPath: tokenizerFile.path) {
            throw CommandError("\(tokenizerFile.path) exists; give --force to overwrite it")
        }
        var config = TrainedBPE.TokenizerConfig()
        (config.bosToken, config.eosToken, config.padToken) = (bos, eos, pad)
        config.modelMaxLength = modelMaxLength
        config.chatTemplate = try chatTemplate.map { try InputFile.text(path: $0) }

        let start = ContinuousClock.now
        var trainer = try BPETrainer(settings)
        for file in files { try read(file, into: &trainer) }
        let counted = ContinuousClock.now
        Output.note(
            "read \(trainer.textCount) texts, \(trainer.byteCount) bytes, "
                + "\(trainer.wordCount) distinct words")
        var reported = 0
        let trained = try trainer.train { progress in
            guard progress.learned >= reported + 10_000 else { return }
            reported = progress.learned
            Output.note("learnt \(progress.learned) of \(progress.wanted) tokens")
        }
        let done = ContinuousClock.now
        if trained.tokens.count < vocabSize {
            Output.note(
                "no pair comes often enough for more than \(trained.tokens.count) tokens")
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try write(trained.tokenizerConfigJSON(config), "tokenizer_config.json", folder)
        try write(trained.tokenizerJSON(), "tokenizer.json", folder)
        try RunLedger.made(output, .tokenizer, verb: "train-tokenizer", of: files)
        if json {
            Output.json([
                "tokens": .integer(Int64(trained.tokens.count)),
                "merges": .integer(Int64(trained.merges.count)),
                "texts": .integer(Int64(trainer.textCount)),
                "bytes": .integer(Int64(trainer.byteCount)),
                "words": .integer(Int64(trainer.wordCount)),
                "reading_seconds": .number((counted - start) / .seconds(1)),
                "training_seconds": .number((done - counted) / .seconds(1)),
            ])
        } else {
            Output.line(
                "\(trained.tokens.count) tokens, \(trained.merges.count) merges in \(output)")
        }
    }

    private var settings: BPETrainingSettings {
        var settings = BPETrainingSettings(vocabularySize: vocabSize)
        settings.minimumFrequency = minFrequency
        settings.addedTokens =
            specialTokens.map { .init($0) } + textTokens.map { .init($0, isSpecial: false) }
        settings.includesAllBytes = !onlySeenBytes
        settings.maximumTokenLength = maxTokenLength
        settings.preTokenizer = preTokenizer
        settings.splitsDigits = splitDigits
        settings.composes = nfc
        return settings
    }

    private func read(_ file: String, into trainer: inout BPETrainer) throws {
        let isRecords = file.lowercased().hasSuffix(".jsonl")
        let name = file == "-" ? "stdin" : file
        try LineReader.forEachLine(path: file) { line, number in
            if isRecords {
                try readRecord(line, "line \(number) of \(name)", into: &trainer)
            } else if let text = String(validating: line, as: UTF8.self) {
                try trainer.add(text)
            } else {
                throw CommandError(
                    "line \(number) of \(name) is not valid UTF-8; convert it first, for example with iconv"
                )
            }
        }
    }

    private func readRecord(
        _ line: UnsafeBufferPointer<UInt8>, _ place: String, into trainer: inout BPETrainer
    ) throws {
        guard line.contains(where: { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 })
        else { return }
        let record: JSONValue
        do { record = try JSONValue(parsing: line) } catch {
            throw CommandError("\(place) is not valid JSON: \(error)")
        }
        for field in jsonField {
            guard let text = record[field]?.stringValue else {
                throw CommandError(
                    "\(place) has \(record[field]?.kind ?? "nothing") as '\(field)'; expected a string; --json-field names another"
                )
            }
            try trainer.add(text)
        }
    }

    /// Under another name first, so that no half a file is left.
    private func write(_ value: JSONValue, _ name: String, _ folder: URL) throws {
        let file = folder.appendingPathComponent(name)
        do {
            try Data(value.text(.pretty).utf8).write(to: file, options: .atomic)
        } catch {
            throw CommandError("cannot write \(file.path): \(InputFile.reason(error))")
        }
    }
}

extension BPETrainingSettings.PreTokenizer: ExpressibleByArgument {}
