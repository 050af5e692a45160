// SPDX-License-Identifier: Apache-2.0
//
// What a group of answers to one prompt is worth, and how their tokens are weighed. The variants
// differ in nothing else.

import Foundation

/// A method of policy optimisation with groups in place of a critic.
public enum PolicyVariant: String, Sendable, CaseIterable {
    /// Advantages in standard deviations of the group; every answer counts as much as any other
    /// (Shao et al. 2024, DeepSeek-R1 2025).
    case grpo
    /// No division by the deviation, and none by the answer's length, which favoured long wrong
    /// answers (Liu et al. 2025).
    case drGRPO = "dr_grpo"
    /// As `grpo`, but every token of a step counts as much as any other (Yu et al. 2025).
    case dapo
    /// Compared with the mean of the others' rewards; an answer's probability is taken as a whole
    /// (Ahmadian et al. 2024).
    case rloo

    /// The advantages of a group.
    /// - Parameter rewards: Of at least two answers to one prompt.
    /// - Returns: One for each; zeros where all rewards are equal, from which nothing can be learned.
    public func advantages(_ rewards: [Double]) -> [Double] {
        let count = Double(rewards.count)
        guard rewards.count > 1 else { return rewards.map { _ in 0 } }
        let mean = rewards.reduce(0, +) / count
        let differences = rewards.map { $0 - mean }
        guard differences.contains(where: { abs($0) > 1e-12 }) else {
            return rewards.map { _ in 0 }
        }
        switch self {
        case .grpo, .dapo:
            let variance = differences.reduce(0) { $0 + $1 * $1 } / (count - 1)
            return differences.map { $0 / (variance.squareRoot() + 1e-4) }
        case .drGRPO: return differences
        case .rloo: return differences.map { $0 * count / (count - 1) }
        }
    }

    /// What a token's loss is multiplied with.
    /// - Parameters:
    ///   - length: Tokens of its answer.
    ///   - answers: Of the step.
    ///   - tokens: Of all answers of the step.
    ///   - maximumTokens: The longest that an answer may be.
    public func weight(length: Int, answers: Int, tokens: Int, maximumTokens: Int) -> Double {
        switch self {
        case .grpo: 1 / (Double(max(1, length)) * Double(max(1, answers)))
        case .drGRPO: 1 / (Double(max(1, maximumTokens)) * Double(max(1, answers)))
        case .dapo: 1 / Double(max(1, tokens))
        case .rloo: 1 / Double(max(1, answers))
        }
    }
}
