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
                // Resuming gives the same bits only if nothing is rounded.
                try trained.write(to: path, .f32)
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
            try trained.write(to: path, recipe.checkpoints.dtype)
        }
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
