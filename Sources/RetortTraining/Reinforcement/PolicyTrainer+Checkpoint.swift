// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortModels
import RetortTensor

extension PolicyTrainer {
    /// Writes a checkpoint of the present step, from which the run goes on with the same bits.
    func save() throws {
        try directory.write(step: state.step) { path in
            try trained.write(to: path, .f32)
            try optimizer.save(directory: path)
            if let reference, state.referenceStep > 0 {
                try FileManager.default.createDirectory(
                    atPath: "\(path)/\(Self.referenceName)", withIntermediateDirectories: false)
                try trained.write(reference.store, to: "\(path)/\(Self.referenceName)")
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try OutputFile.write(
                String(decoding: try encoder.encode(state), as: UTF8.self) + "\n",
                to: "\(path)/\(PolicyState.fileName)")
        }
        if let best = state.bestStep, best == state.step { try directory.markBest(best) }
        directory.prune(keeping: recipe.checkpoints.keep, best: state.bestStep)
    }

    private static let referenceName = "reference"

    /// The reference: the model that the run began with, or one that was taken on the way.
    func makeReference(checkpoint: String?) throws -> ReferencePolicy {
        let taken = checkpoint.map { "\($0)/\(Self.referenceName)" }
        let path: String
        if state.referenceStep > 0, let taken {
            path = taken
        } else if case .directory(let start) = recipe.model {
            path = start
        } else {
            throw TrainingError(
                "recipe: 'rl.kl' needs a reference; give 'model.from' instead of 'model.config'")
        }
        return try ReferencePolicy(
            path: path, like: trained, rows: recipe.batch, length: recipe.data.length,
            temperature: settings.temperature, arena: graph.tape.sharedArena)
    }
}

extension PolicyState {
    /// Reads the state of a checkpoint.
    /// - Throws: ``TrainingError`` if it is damaged, of another version or of another task.
    init(checkpoint: String, levels: Int) throws {
        let path = "\(checkpoint)/\(Self.fileName)"
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw TrainingError(
                "cannot read \(path); the checkpoint is damaged or of another kind of training")
        }
        do { self = try JSONDecoder().decode(PolicyState.self, from: bytes) } catch {
            throw TrainingError(
                "\(path) is damaged; remove the checkpoint to go on from an earlier one")
        }
        guard version == 1 else {
            throw TrainingError("\(path) has the version \(version); this program reads 1")
        }
        guard step >= 0, updates >= 0, seconds >= 0, seconds.isFinite,
            taken.allSatisfy({ $0 >= 0 && $0 < 1 << 60 })
        else {
            throw TrainingError("\(path) has numbers out of range; the checkpoint is damaged")
        }
        guard taken.count == levels, passRates.count == levels else {
            throw TrainingError(
                "\(path) is of a task with \(taken.count) levels, this one has \(levels); go on with the same or choose another output"
            )
        }
    }
}
