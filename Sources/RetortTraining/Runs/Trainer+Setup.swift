// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortJSON
import RetortModels
import RetortTensor
import RetortTokenizers

extension Trainer {
    /// The data of a recipe: a dataset from the disk, or files that are read into memory.
    static func data(_ recipe: Recipe, _ tokenizer: DataTokenizer) throws -> (
        train: TokenDataset, validation: TokenDataset?
    ) {
        if let directory = recipe.data.dataset {
            let train = try TokenDataset(directory: directory)
            try train.check(tokenizer)
            let manifest = try DatasetManifest(directory: directory)
            let validation =
                manifest.validation.shards.isEmpty
                ? nil : try TokenDataset(directory: directory, split: .validation)
            return (train, validation)
        }
        let builder = try recipe.datasetBuilder(tokenizer)
        let loaded = try builder.load(try recipe.sources(recipe.data.files))
        if !recipe.data.validationFiles.isEmpty {
            var apart = builder
            apart.validationEvery = nil
            let other = try apart.load(try recipe.sources(recipe.data.validationFiles))
            return (loaded.train, other.train)
        }
        guard recipe.data.validationEvery == nil || loaded.validation.documentCount > 0 else {
            throw TrainingError(
                "recipe: 'data.validation_every' keeps no document apart; a smaller number or 'data.validation' is needed"
            )
        }
        return (loaded.train, loaded.validation.documentCount > 0 ? loaded.validation : nil)
    }
}

extension Recipe {
    /// The files with their formats.
    func sources(_ files: [DataFile]) throws(TrainingError) -> [CorpusSource] {
        var sources: [CorpusSource] = []
        for file in files {
            if let format = file.format {
                sources.append(CorpusSource(path: file.path, format: format))
            } else {
                sources.append(try CorpusSource(detecting: file.path))
            }
        }
        return sources
    }

    /// What makes datasets of the recipe's files.
    func datasetBuilder(_ tokenizer: DataTokenizer) throws -> DatasetBuilder {
        var options = SampleOptions()
        options.maximumTokens = data.maximumTokens
        options.turns = data.turns
        let template = try data.chatTemplate.map { path in
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw TrainingError("cannot read the chat template \(path)")
            }
            return text
        }
        var builder = DatasetBuilder(
            try SampleEncoder(tokenizer, template: template, options: options))
        builder.validationEvery = data.validationFiles.isEmpty ? data.validationEvery : nil
        if let threads { builder.threads = threads }
        return builder
    }
}

extension Trainer {
    /// Tokenises the files of a recipe into a dataset directory.
    /// - Throws: ``TrainingError`` if a record is wrong or the directory cannot be written.
    public static func prepare(
        _ recipe: Recipe, to directory: String, replacesExisting: Bool = false,
        progress: DatasetBuilder.Progress = { _ in }
    ) throws -> DatasetManifest {
        guard !recipe.data.files.isEmpty else {
            throw TrainingError("recipe: 'data.train' names no files to prepare")
        }
        var builder = try recipe.datasetBuilder(TrainedModel.tokenizer(recipe))
        builder.replacesExisting = replacesExisting
        guard recipe.data.validationFiles.isEmpty else {
            throw TrainingError(
                "recipe: 'data.validation' names files; prepare them by themselves, or use 'validation_every'"
            )
        }
        return try builder.write(
            recipe.sources(recipe.data.files), to: directory, progress: progress)
    }
}
