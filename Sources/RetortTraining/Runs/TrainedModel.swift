// SPDX-License-Identifier: Apache-2.0
//
// What every kind of training trains: a model whose weights are parameters, with its tokenizer and,
// where only these are trained, its adapters.

import Foundation
import RetortFormats
import RetortJSON
import RetortModels
import RetortTensor
import RetortTokenizers

/// A model that is trained, as a recipe says.
final class TrainedModel {
    let recipe: Recipe
    let tokenizer: DataTokenizer
    let config: ModelConfig
    let store: ParameterStore
    let model: LanguageModel
    /// By the name of the weight that they change; empty if all weights are trained.
    let adapters: [String: LowRankAdapter]
    let engine: MatrixEngine

    /// - Parameter checkpoint: Of the same recipe, to go on from.
    /// - Throws: ``TrainingError`` for what does not fit together, and the errors of the parts.
    init(_ recipe: Recipe, checkpoint: String?) throws {
        self.recipe = recipe
        tokenizer = try Self.tokenizer(recipe)
        let threads = recipe.threads ?? Processors.usable

        let parameters = try Self.parameters(recipe, tokenizer, checkpoint: checkpoint)
        config = parameters.config
        guard recipe.data.length <= config.maxPositionEmbeddings else {
            throw TrainingError(
                "recipe: 'data.length' is \(recipe.data.length), more than the model's max_position_embeddings \(config.maxPositionEmbeddings)"
            )
        }
        guard config.numNextnPredictLayers <= 1 else {
            throw TrainingError(
                "num_nextn_predict_layers is \(config.numNextnPredictLayers); at most one is trained"
            )
        }
        store = parameters.store
        model = try LanguageModel(training: parameters, threads: threads)
        adapters = try Self.adapters(recipe, store, checkpoint: checkpoint)
        let adapterNames = Set(adapters.values.flatMap { [$0.a.name, $0.b.name] })
        // Reinforcement has no targets for a layer that guesses ahead.
        let predictor = "model.layers.\(config.numHiddenLayers)."
        let samples = recipe.policy != nil
        try store.train { parameter in
            guard adapterNames.isEmpty else { return adapterNames.contains(parameter.name) }
            return !parameter.name.hasSuffix("e_score_correction_bias")
                && (!samples || !parameter.name.hasPrefix(predictor))
        }
        engine = try MatrixEngine(
            pool: model.trainingPool, kernels: .current(), computeType: recipe.computeType)
    }
}

extension TrainedModel {
    /// The tokenizer of the recipe, or else of the model that training begins from.
    static func tokenizer(_ recipe: Recipe) throws -> DataTokenizer {
        if let path = recipe.tokenizer { return try DataTokenizer(path: path) }
        guard case .directory(let path) = recipe.model else {
            throw TrainingError(
                "recipe: 'tokenizer' is missing; a model from scratch needs a directory with a tokenizer.json"
            )
        }
        return try DataTokenizer(path: path)
    }

    /// The parameters at the start: those of a checkpoint, of another model, or random ones.
    static func parameters(
        _ recipe: Recipe, _ tokenizer: DataTokenizer, checkpoint: String?
    ) throws -> ParameterSource {
        // Adapters stand beside the weights of the model that they change.
        if let checkpoint, recipe.lowRank == nil {
            let source = try ParameterSource(Checkpoint(path: checkpoint))
            if case .scratch(let object, _) = recipe.model {
                let wanted = try config(object, tokenizer)
                guard source.config == wanted else {
                    throw TrainingError(
                        "\(checkpoint) is of a model with another configuration than 'model.config'; go on with the same or choose another output"
                    )
                }
            }
            return source
        }
        switch recipe.model {
        case .directory(let path): return try ParameterSource(Checkpoint(path: path))
        case .scratch(let object, let deviation):
            return ParameterSource(
                config: try config(object, tokenizer), deviation: deviation, seed: recipe.seed)
        }
    }

    private static func config(_ keys: JSONObject, _ tokenizer: DataTokenizer) throws
        -> ModelConfig
    {
        var object = keys
        if object["vocab_size"] == nil {
            object["vocab_size"] = .integer(Int64(tokenizer.tokenizer.vocabularySize))
        }
        return try ModelConfig(
            json: Array(JSONValue.object(object).text().utf8), path: "recipe: model.config")
    }
}
