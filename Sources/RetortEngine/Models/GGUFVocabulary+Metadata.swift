// SPDX-License-Identifier: Apache-2.0
//
// The tokenizer's part of a GGUF file's metadata. It stands here because formats do not know
// tokenizers and tokenizers do not know files.

import RetortFormats
import RetortTokenizers

extension GGUFVocabulary {
    /// The metadata of a file without a vocabulary, in llama.cpp's words.
    package static let noMetadata: [(key: String, value: GGUFValue)] = [
        ("tokenizer.ggml.model", .text("none"))
    ]

    /// Nil if the file has no vocabulary.
    /// - Throws: `FormatError` if a value has the wrong type.
    package init?(metadataOf file: GGUFFile) throws {
        let prefix = "tokenizer.ggml."
        guard let model = try file.string(prefix + "model"), model != "none", model != "no_vocab",
            let tokens = try file.array(prefix + "tokens")?.strings
        else { return nil }
        func id(_ name: String) throws -> Int32? {
            try file.integer(prefix + name + "_token_id").flatMap { Int32(exactly: $0) }
        }
        self.init(
            model: model, pre: try file.string(prefix + "pre"), tokens: tokens,
            tokenTypes: try file.array(prefix + "token_type")?.integers?
                .map { Int32(clamping: $0) } ?? [],
            scores: try file.array(prefix + "scores")?.floats ?? [],
            merges: try file.array(prefix + "merges")?.strings ?? [],
            bosID: try id("bos"), eosID: try id("eos"), unknownID: try id("unknown"),
            padID: try id("padding"), addBOS: try file.flag(prefix + "add_bos_token"),
            addEOS: try file.flag(prefix + "add_eos_token"),
            addSpacePrefix: try file.flag(prefix + "add_space_prefix"))
    }

    /// The metadata that llama.cpp and others read.
    package var metadata: [(key: String, value: GGUFValue)] {
        let prefix = "tokenizer.ggml."
        var entries: [(key: String, value: GGUFValue)] = [
            (prefix + "model", .text(model)),
            (prefix + "tokens", .array(GGUFArray(strings: tokens))),
            (prefix + "token_type", .array(GGUFArray(int32: tokenTypes))),
        ]
        if let pre { entries.append((prefix + "pre", .text(pre))) }
        if !scores.isEmpty {
            entries.append((prefix + "scores", .array(GGUFArray(float32: scores))))
        }
        if !merges.isEmpty {
            entries.append((prefix + "merges", .array(GGUFArray(strings: merges))))
        }
        for (name, id) in [
            ("bos", bosID), ("eos", eosID), ("unknown", unknownID), ("padding", padID),
        ] {
            if let id, let value = UInt32(exactly: id) {
                entries.append((prefix + name + "_token_id", .uint32(value)))
            }
        }
        for (name, flag) in [
            ("add_bos_token", addBOS), ("add_eos_token", addEOS),
            ("add_space_prefix", addSpacePrefix),
        ] {
            if let flag { entries.append((prefix + name, .bool(flag))) }
        }
        return entries
    }
}
