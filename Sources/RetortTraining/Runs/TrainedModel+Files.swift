// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortJSON
import RetortModels
import RetortTensor
import RetortTokenizers

extension TrainedModel {
    /// Writes a directory that loads everywhere: the model, or the adapter in peft's files, and the
    /// tokenizer.
    func write(to path: String, _ dtype: DType) throws {
        if adapters.isEmpty {
            try writeWeights(store, path, dtype)
        } else if let lowRank = recipe.lowRank {
            try AdapterFiles.write(adapters, lowRank, base: baseName, to: path)
        }
        try writeTokenizer(path)
    }

    private var baseName: String {
        if case .directory(let path) = recipe.model { return path }
        return ""
    }

    /// Writes other weights of this model, in f32 and without a tokenizer.
    func write(_ other: ParameterStore, to path: String) throws {
        try writeWeights(other, path, .f32)
    }

    /// The tokens that end an answer.
    var stopTokens: Set<Int32> { Set(generation.eosTokenIds.compactMap { Int32(exactly: $0) }) }

    private func writeWeights(_ store: ParameterStore, _ path: String, _ dtype: DType) throws {
        try CheckpointConverter.writeHuggingFace(
            store.parameters.map { parameter in
                CheckpointConverter.Weights(
                    name: parameter.name, shape: parameter.shape, values: parameter.values)
            }, config: config, generation: generation, to: path, dtype: dtype)
    }

    private var generation: GenerationConfig {
        let tokenizer = tokenizer.tokenizer
        let own = GenerationConfig(
            eosTokenIds: tokenizer.eosID.map { [Int($0)] } ?? [],
            bosTokenId: tokenizer.bosID.map { Int($0) },
            padTokenId: tokenizer.padID.map { Int($0) })
        // A model that is trained further keeps what its makers say of sampling and of its ends.
        guard case .directory(let path) = recipe.model,
            let bytes = FileManager.default.contents(atPath: "\(path)/generation_config.json"),
            var base = try? GenerationConfig(json: Array(bytes))
        else { return own }
        base.addTokens(of: own)
        return base
    }

    /// The tokenizer's files: those that there are, or what they would be.
    private func writeTokenizer(_ path: String) throws {
        let source = tokenizerPath
        let names = [
            "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
            "chat_template.jinja",
        ]
        for name in names where FileManager.default.fileExists(atPath: "\(source)/\(name)") {
            guard let bytes = FileManager.default.contents(atPath: "\(source)/\(name)") else {
                throw TrainingError("cannot read \(source)/\(name)")
            }
            let file = try OutputFile(path: "\(path)/\(name)")
            try file.write(Array(bytes))
            try file.commit()
        }
        if !FileManager.default.fileExists(atPath: "\(path)/tokenizer.json") {
            try OutputFile.write(
                tokenizer.tokenizer.tokenizerJSON().text(), to: "\(path)/tokenizer.json")
        }
        guard let template = recipe.data.chatTemplate,
            let text = try? String(contentsOfFile: template, encoding: .utf8)
        else { return }
        try OutputFile.write(text, to: "\(path)/chat_template.jinja")
    }

    private var tokenizerPath: String {
        if let path = recipe.tokenizer { return path }
        if case .directory(let path) = recipe.model { return path }
        return ""
    }
}
