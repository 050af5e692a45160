// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortModels
import RetortTensor

/// A policy that is not trained, which the trained one shall not leave too far.
final class ReferencePolicy {
    let graph: TrainingGraph
    let loss: PolicyLoss
    let store: ParameterStore

    /// - Parameter path: A Hugging Face directory.
    /// - Throws: ``TrainingError`` if it is another model than the trained one, and the errors of the
    ///   parts.
    init(
        path: String, like trained: TrainedModel, rows: Int, length: Int, temperature: Float,
        arena: ScratchBuffer
    ) throws {
        let source = try ParameterSource(Checkpoint(path: path))
        guard source.config == trained.config else {
            throw TrainingError("\(path) is of a model with another configuration than the policy")
        }
        let model = try LanguageModel(training: source, sharingThreadsOf: trained.model)
        loss = PolicyLoss(try PolicyLoss.Tokens(count: rows * length))
        loss.temperature = temperature
        var options = TrainingOptions()
        options.predicts = false
        store = source.store
        graph = try TrainingGraph(
            model, rows: rows, length: length, engine: trained.engine, arena: arena,
            options: options, loss: loss)
    }

    /// Becomes what the policy is now.
    func copy(_ other: ParameterStore) throws {
        for parameter in store.parameters {
            guard let source = other.find(parameter.name), source.count == parameter.count else {
                throw TrainingError("the policy has no \(parameter.name)")
            }
            parameter.values.update(from: source.values, count: parameter.count)
        }
    }
}
