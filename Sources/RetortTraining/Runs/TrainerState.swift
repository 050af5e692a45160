// SPDX-License-Identifier: Apache-2.0

/// What a checkpoint holds beside the weights and the optimizer's moments.
struct TrainerState: Codable, Equatable {
    static let fileName = "trainer_state.json"

    /// Of this file; another is refused.
    var version = 1
    /// Steps taken.
    var step = 0
    /// Tokens of all steps, padding left out.
    var tokens = 0
    /// Seconds that training took.
    var seconds = 0.0
    /// Tokens that a teacher computed.
    var teacherTokens: Int?
    /// Energy of all steps so far; nil if a part of the run was not measured.
    var joules: Double?
    /// Rows of a step, those of all ranks together; checkpoints of old have none.
    var rowsPerStep: Int?
    /// The place in the data.
    var data: BatchState?
    /// The smallest loss on the validation data, and after which step it was.
    var bestLoss: Double?
    var bestStep: Int?
}

extension TrainerState {
    /// Takes down the rows of a step.
    /// - Throws: ``TrainingError`` if they were others before and the run's length counts in epochs: the
    ///   steps done and the schedule would not fit each other.
    mutating func checkRows(_ recipe: Recipe, ranks: Int) throws(TrainingError) {
        let rows = recipe.batch * recipe.accumulation * ranks
        if recipe.steps == nil, let rowsPerStep, rowsPerStep != rows {
            throw TrainingError(
                "the checkpoint was made with \(rowsPerStep) rows a step (batch x accumulation x processes), now there are \(rows); change 'training.batch' or the number of processes"
            )
        }
        rowsPerStep = rows
    }
}
