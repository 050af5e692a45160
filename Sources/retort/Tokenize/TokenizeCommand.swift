// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortEngine
import RetortFormats
import RetortJSON
import RetortTokenizers

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Turn text into token ids.")

    @Argument(help: "A model, of which only the tokenizer is read.")
    var model: String

    @OptionGroup var input: TextInput

    @Flag(help: "Add the tokens that the model expects at the ends of a text, such as BOS.")
    var addSpecial = false

    @Flag(help: "Read the names of special tokens in the text as text.")
    var noParseSpecial = false

    @Flag(help: "Print {\"ids\": […]}.")
    var json = false

    func run() throws {
        let bytes = try input.bytes()
        let tokenizer = try TokenizerOnly.open(model)
        let ids = tokenizer.encode(
            bytes: bytes, addSpecialTokens: addSpecial, parseSpecialTokens: !noParseSpecial)
        if json {
            Output.json(["ids": .array(ids.map { .integer(Int64($0)) })])
        } else {
            Output.line(ids.map(String.init).joined(separator: " "))
        }
    }
}

struct DetokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detokenize", abstract: "Turn token ids into text.")

    @Argument(help: "A model, of which only the tokenizer is read.")
    var model: String

    @Option(help: ArgumentHelp("Token ids, separated by commas.", valueName: "1,2,3"))
    var ids: TokenList

    @Flag(help: "Leave out special tokens.")
    var skipSpecial = false

    @Flag(help: "Print {\"text\": …}.")
    var json = false

    func run() throws {
        let tokenizer = try TokenizerOnly.open(model)
        let text = try tokenizer.text(of: ids, skipSpecialTokens: skipSpecial)
        if json { Output.json(["text": .string(text)]) } else { Output.line(text) }
    }
}

/// Opens the tokenizer of a model without its weights.
enum TokenizerOnly {
    static func open(_ model: String) throws -> Tokenizer {
        try ReasoningModel.tokenizer(path: try ModelLocation.path(of: model))
    }
}

extension Tokenizer {
    /// - Throws: ``CommandError`` for an id that is not in the vocabulary.
    fileprivate func text(of list: TokenList, skipSpecialTokens: Bool) throws -> String {
        if let wrong = list.ids.first(where: { $0 < 0 || Int($0) >= vocabularySize }) {
            throw CommandError(
                "token \(wrong) is not in the vocabulary of \(vocabularySize)")
        }
        return decode(list.ids, skipSpecialTokens: skipSpecialTokens)
    }
}

/// Token ids as a command-line argument.
struct TokenList: ExpressibleByArgument {
    let ids: [Int32]

    init?(argument: String) {
        let parts = argument.split(whereSeparator: { $0 == "," || $0.isWhitespace })
        let ids = parts.compactMap { Int32($0) }
        guard ids.count == parts.count, !ids.isEmpty else { return nil }
        self.ids = ids
    }
}

/// `--text T` or `--file F`.
struct TextInput: ParsableArguments {
    @Option(help: "The text.")
    var text: String?

    @Option(help: ArgumentHelp("A file with the text; '-' is stdin.", valueName: "file"))
    var file: String?

    func validate() throws {
        guard (text == nil) != (file == nil) else {
            throw ValidationError("Give either --text or --file.")
        }
    }

    /// - Throws: ``CommandError`` if the file cannot be read or is not UTF-8.
    func bytes() throws -> [UInt8] { Array(try string().utf8) }

    func string() throws -> String {
        if let text { return text }
        return try InputFile.text(path: file ?? "-")
    }
}
