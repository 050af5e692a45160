// SPDX-License-Identifier: Apache-2.0
//
// Converts a whole model: weights and configuration by RetortFormats, the tokenizer by
// RetortTokenizers, the chat template as it is.

import Foundation
import RetortFormats
import RetortJSON
import RetortTensor
import RetortTokenizers

/// Converts between Hugging Face directories and GGUF files.
public enum ModelConverter {
    /// Reads `source` and writes `destination`.
    /// - Parameters:
    ///   - source: A Hugging Face directory or a GGUF file.
    ///   - destination: A path that ends in `.gguf`, or a directory to be made.
    ///   - dtype: The type of the matrices; nil takes that of most of the weights, or f16 where a
    ///     directory cannot hold it. Vectors in GGUF are f32.
    ///   - adapterPath: The directory of a LoRA adapter in peft's files, which the weights written
    ///     include.
    /// - Throws: What is wrong with the source, or why the destination cannot be written. Nothing
    ///   half-written is left under its name.
    public static func convert(
        _ source: String, to destination: String, dtype: DType? = nil,
        adapterPath: String? = nil
    ) throws {
        let checkpoint = try Checkpoint.open(path: source, adapterPath: adapterPath)
        let files = try ModelFiles(kind: checkpoint.kind)
        let dtype = dtype ?? prevalentType(checkpoint)
        if destination.hasSuffix(".gguf") {
            try writeGGUF(checkpoint, files, to: destination, dtype: dtype)
        } else {
            try writeHuggingFace(
                checkpoint, files, to: destination, dtype: dtype.isQuantized ? .f16 : dtype)
        }
    }

    /// The type that takes the most bytes.
    private static func prevalentType(_ checkpoint: Checkpoint) -> DType {
        var bytes: [String: Int] = [:]
        for name in checkpoint.tensorNames {
            guard let info = checkpoint.info(name) else { continue }
            bytes[info.type, default: 0] += info.byteCount
        }
        let name = bytes.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key
        let type = name.flatMap { DType(rawValue: $0.lowercased()) } ?? .f32
        // 8-bit floats with factors are DeepSeek's own; everyone reads what they stand for.
        return type == .f8e4m3 ? .bf16 : type
    }

    private static func writeGGUF(
        _ checkpoint: Checkpoint, _ files: ModelFiles, to path: String, dtype: DType
    ) throws {
        var metadata: [(key: String, value: GGUFValue)] = []
        if let tokenizer = try files.tokenizer() {
            guard let vocabulary = tokenizer.ggufVocabulary() else {
                throw EngineError(
                    "this tokenizer has a pre-tokenizer that GGUF has no name for, so the model cannot be written as GGUF"
                )
            }
            metadata += vocabulary.padded(to: checkpoint.config.vocabSize).metadata
        } else {
            metadata += GGUFVocabulary.noMetadata
        }
        if let template = try files.chatTemplate() {
            metadata.append(("tokenizer.chat_template", .text(template)))
        }
        try CheckpointConverter.writeGGUF(
            from: checkpoint, to: path, dtype: dtype, extraMetadata: metadata)
    }

    private static func writeHuggingFace(
        _ checkpoint: Checkpoint, _ files: ModelFiles, to directory: String, dtype: DType
    ) throws {
        let tokenizer = try files.tokenizer()
        try CheckpointConverter.writeHuggingFace(
            from: checkpoint, to: directory, dtype: dtype)
        let folder = URL(fileURLWithPath: directory)
        if let template = try files.chatTemplate() {
            try write(template, to: folder, "chat_template.jinja")
        }
        guard let tokenizer else { return }
        try write(tokenizer.tokenizerJSON().text(), to: folder, "tokenizer.json")
        var config = JSONObject([("tokenizer_class", "PreTrainedTokenizerFast")])
        for (key, id) in [
            ("bos_token", tokenizer.bosID), ("eos_token", tokenizer.eosID),
            ("pad_token", tokenizer.padID), ("unk_token", tokenizer.unknownID),
        ] {
            if let id { config[key] = .string(tokenizer.decode([id])) }
        }
        config["clean_up_tokenization_spaces"] = false
        config["model_max_length"] = .integer(Int64(checkpoint.config.maxPositionEmbeddings))
        try write(JSONValue.object(config).text(.pretty), to: folder, "tokenizer_config.json")
    }

    private static func write(_ text: String, to folder: URL, _ name: String) throws {
        let url = folder.appendingPathComponent(name)
        do { try Data(text.utf8).write(to: url, options: .atomic) } catch {
            throw EngineError("cannot write \(url.path): \(error.localizedDescription)")
        }
    }
}
