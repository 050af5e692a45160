// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortFormats
import RetortJSON
import RetortTokenizers

/// A tokenizer, the chat template beside it, and the hash that datasets know it by.
public struct DataTokenizer: Sendable {
    public let tokenizer: Tokenizer
    /// Of the bytes of tokenizer.json; of a tokenizer.json that is written from it where there is
    /// none.
    public let sha256: String
    /// The text of the chat template, nil if there is none.
    public let chatTemplate: String?

    /// Opens those of a Hugging Face directory or a GGUF file, or a tokenizer.json by itself.
    /// - Throws: ``TrainingError`` if there is no tokenizer; the error of the part that is damaged.
    public init(path: String) throws {
        var isDirectory: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        let file = isDirectory.boolValue ? "\(path)/tokenizer.json" : path
        guard isDirectory.boolValue || path.hasSuffix(".json") else {
            let files = try ModelFiles(path: path)
            self.init(
                try files.requiredTokenizer(), chatTemplate: try files.chatTemplate())
            return
        }
        let template = isDirectory.boolValue ? try ModelFiles(path: path).chatTemplate() : nil
        self.init(
            try ReasoningModel.tokenizer(path: path),
            sha256: DataDigest.hex(try MappedFile(path: file)), chatTemplate: template)
    }

    /// - Parameters:
    ///   - tokenizer: The vocabulary.
    ///   - sha256: Of its file; nil makes one of what the tokenizer would be written as.
    ///   - chatTemplate: The text of the template.
    public init(_ tokenizer: Tokenizer, sha256: String? = nil, chatTemplate: String? = nil) {
        self.tokenizer = tokenizer
        self.sha256 = sha256 ?? DataDigest.hex(tokenizer.tokenizerJSON().text())
        self.chatTemplate = chatTemplate
    }
}
