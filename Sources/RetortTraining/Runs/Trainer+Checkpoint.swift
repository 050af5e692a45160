// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints: a Hugging Face directory that loads everywhere, with the state of training beside it.

import Foundation
import RetortFormats
import RetortJSON
import RetortTensor
import RetortTokenizers

extension Trainer {
    /// Writes a checkpoint of the present step; the first rank does it, the others wait.
    func save() throws {
        try checkWeights()
        if group.rank == 0 {
            try directory.write(step: state.step) { path in
                if adapters.isEmpty {
                    // Resuming gives the same bits only if nothing is rounded.
                    try writeWeights(path, .f32)
                } else if let lowRank = recipe.lowRank {
                    try AdapterFiles.write(adapters, lowRank, base: baseName, to: path)
                }
                try writeTokenizer(path)
                try optimizer.save(directory: path)
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
                try OutputFile.write(
                    String(decoding: try encoder.encode(state), as: UTF8.self) + "\n",
                    to: "\(path)/\(TrainerState.fileName)")
            }
            if let best = state.bestStep, best == state.step { try directory.markBest(best) }
            directory.prune(keeping: recipe.checkpoints.keep, best: state.bestStep)
        }
        try group.barrier()
    }

    /// Writes the finished model, or adapter.
    func writeModel() throws {
        try directory.replace(directory.model) { path in
            if adapters.isEmpty {
                try writeWeights(path, recipe.checkpoints.dtype)
            } else if let lowRank = recipe.lowRank {
                try AdapterFiles.write(adapters, lowRank, base: baseName, to: path)
            }
            try writeTokenizer(path)
        }
    }

    private var baseName: String {
        if case .directory(let path) = recipe.model { return path }
        return ""
    }

    private func writeWeights(_ path: String, _ dtype: DType) throws {
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

extension TrainerState {
    /// Reads the state of a checkpoint.
    /// - Throws: ``TrainingError`` if it is damaged or of another version.
    init(checkpoint: String) throws {
        let path = "\(checkpoint)/\(Self.fileName)"
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw TrainingError("cannot read \(path); the checkpoint is damaged")
        }
        do { self = try JSONDecoder().decode(TrainerState.self, from: bytes) } catch {
            throw TrainingError(
                "\(path) is damaged; remove the checkpoint to go on from an earlier one")
        }
        guard step >= 0, tokens >= 0, tokens < 1 << 62, seconds >= 0, seconds.isFinite else {
            throw TrainingError("\(path) has numbers out of range; the checkpoint is damaged")
        }
        guard version == 1 else {
            throw TrainingError("\(path) has the version \(version); this program reads 1")
        }
    }
}
