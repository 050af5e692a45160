// SPDX-License-Identifier: Apache-2.0
//
// Finds the tokenizer and the chat template of a checkpoint, in the files of a Hugging Face
// directory or in the metadata of a GGUF file.

import Foundation
import RetortFormats
import RetortJSON
import RetortTokenizers

/// The parts of a checkpoint beside the weights. Opening them reads no weights and asks for none.
package struct ModelFiles {
    private let kind: Checkpoint.Kind
    /// tokenizer_config.json, where there is one.
    private let tokenizerConfig: JSONValue?

    package init(path: String) throws {
        var isDirectory: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        try self.init(
            kind: isDirectory.boolValue
                ? .huggingFace(directory: path) : .gguf(try GGUFFile(path: path)))
    }

    package init(kind: Checkpoint.Kind) throws {
        self.kind = kind
        if case .huggingFace(let directory) = kind {
            tokenizerConfig = try Self.json("tokenizer_config.json", in: directory)
        } else {
            tokenizerConfig = nil
        }
    }

    /// The tokenizer, nil if the checkpoint is weights alone.
    package func tokenizer() throws -> Tokenizer? {
        switch kind {
        case .gguf(let file):
            return try GGUFVocabulary(metadataOf: file).map { vocabulary in
                try Tokenizer(gguf: vocabulary)
            }
        case .huggingFace(let directory):
            return try Self.json("tokenizer.json", in: directory).map { json in
                try Tokenizer(tokenizerJSON: json, config: tokenizerConfig)
            }
        }
    }

    /// - Throws: ``EngineError`` if the checkpoint is weights alone.
    package func requiredTokenizer() throws -> Tokenizer {
        guard let tokenizer = try tokenizer() else { throw missingTokenizer }
        return tokenizer
    }

    /// Says what is missing and where it should be.
    package var missingTokenizer: EngineError {
        switch kind {
        case .gguf(let file):
            EngineError(
                "\(file.path) has no tokenizer (tokenizer.ggml.model and .tokens); convert the model again with its tokenizer"
            )
        case .huggingFace(let directory):
            EngineError(
                "\(directory) has no tokenizer.json; it is part of the checkpoint, fetch it as well"
            )
        }
    }

    /// The text of the chat template, nil if there is none.
    package func chatTemplate() throws -> String? {
        switch kind {
        case .gguf(let file): return try file.string("tokenizer.chat_template")
        case .huggingFace(let directory):
            let url = URL(fileURLWithPath: directory)
                .appendingPathComponent("chat_template.jinja")
            if FileManager.default.fileExists(atPath: url.path) {
                return try Self.text(url)
            }
            switch tokenizerConfig?["chat_template"] {
            case .string(let text): return text
            case .array(let named):
                // Several templates by name; "default" is the one for chatting.
                let entry = named.first { $0["name"]?.stringValue == "default" } ?? named.first
                return entry?["template"]?.stringValue
            default: return nil
            }
        }
    }

    private static func text(_ url: URL) throws -> String {
        let data: Data
        do { data = try Data(contentsOf: url) } catch {
            throw EngineError("cannot read \(url.path): \(error.localizedDescription)")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw EngineError("\(url.path) is not valid UTF-8")
        }
        return text
    }

    /// A JSON file of the directory, nil if it is not there.
    private static func json(_ name: String, in directory: String) throws -> JSONValue? {
        let url = URL(fileURLWithPath: directory).appendingPathComponent(name)
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        return try json(at: url.path)
    }

    static func json(at path: String) throws -> JSONValue {
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
            return try data.withUnsafeBytes { bytes throws(JSONError) in
                try JSONValue(parsing: bytes)
            }
        } catch let error as JSONError {
            throw EngineError("\(path) is not valid JSON: \(error)")
        } catch {
            throw EngineError("cannot read \(path): \(error.localizedDescription)")
        }
    }
}
