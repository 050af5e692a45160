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
    /// Energy of all steps so far; nil if a part of the run was not measured.
    var joules: Double?
    /// The place in the data.
    var data: BatchState?
    /// The smallest loss on the validation data, and after which step it was.
    var bestLoss: Double?
    var bestStep: Int?
}
