// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What a step of reinforcement learning did. Names as in TRL where it has them.
public struct PolicyMetrics: Sendable {
    public var step = 0
    /// Means over all answers of the step.
    public var reward = 0.0
    public var rewardDeviation = 0.0
    public var rewardParts: [String: Double] = [:]
    public var accuracy = 0.0
    /// The share of answers that have a thought.
    public var thinking = 0.0
    /// Tokens of an answer.
    public var length = 0.0
    public var truncated = 0.0
    /// The share of prompts whose answers were not all worth the same.
    public var informativeGroups = 0.0
    /// Of the answers that were trained on: mean entropy of a token in nats, estimated divergence from
    /// the reference, and the share of tokens whose ratio was clipped.
    public var entropy: Double?
    public var kl: Double?
    public var clipped: Double?
    public var loss = 0.0
    public var gradientNorm = 0.0
    public var learningRate: Float = 0
    public var sampledTokens = 0
    public var trainedTokens = 0
    public var sampledTokensPerSecond = 0.0
    public var trainedTokensPerSecond = 0.0
    public var seconds = 0.0
    /// Floating-point operations so far, of sampling, training and other models that were asked.
    public var operations = 0.0
    /// By level, the share of correct answers as the curriculum sees it.
    public var passRates: [String: Double] = [:]
    public var evaluation: PolicyEvaluation?

    public var json: JSONValue {
        var object = JSONObject([
            ("step", .integer(Int64(step))), ("reward", .double(reward)),
            ("reward_std", .double(rewardDeviation)), ("accuracy", .double(accuracy)),
            ("p_think", .double(thinking)), ("completion_length", .double(length)),
            ("clipped_ratio", .double(truncated)),
            ("informative_groups", .double(informativeGroups)), ("loss", .double(loss)),
            ("grad_norm", .double(gradientNorm)), ("learning_rate", .double(Double(learningRate))),
            ("sampled_tokens", .integer(Int64(sampledTokens))),
            ("trained_tokens", .integer(Int64(trainedTokens))),
            ("sampled_tokens_per_second", .double(sampledTokensPerSecond)),
            ("trained_tokens_per_second", .double(trainedTokensPerSecond)),
            ("seconds", .double(seconds)), ("operations", .double(operations)),
        ])
        if let entropy { object["entropy"] = .double(entropy) }
        if let kl { object["kl"] = .double(kl) }
        if let clipped { object["clip_ratio"] = .double(clipped) }
        for (name, value) in rewardParts.sorted(by: { $0.key < $1.key }) {
            object["rewards/\(name)"] = .double(value)
        }
        for (name, value) in passRates.sorted(by: { $0.key < $1.key }) {
            object["pass_rate/\(name)"] = .double(value)
        }
        if let evaluation {
            object["eval_accuracy"] = .double(evaluation.accuracy)
            object["eval_p_think"] = .double(evaluation.thinking)
            object["eval_length"] = .double(evaluation.length)
            object["eval_answers"] = .integer(Int64(evaluation.answers))
        }
        return .object(object)
    }
}

/// What was measured on held-out problems.
public struct PolicyEvaluation: Sendable, Equatable {
    public var accuracy: Double
    public var thinking: Double
    public var length: Double
    public var answers: Int
}

/// What a run tells while it goes on.
public enum PolicyEvent: Sendable {
    case began(TrainingSummary)
    /// Measured before the first step.
    case evaluated(PolicyEvaluation)
    case step(PolicyMetrics)
    case checkpoint(String)
}
