// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What a step did.
public struct StepMetrics: Sendable {
    /// Steps so far, this one included.
    public var step: Int
    /// Cross entropy in nats, the mean of the step's targets.
    public var loss: Double
    public var learningRate: Float
    /// The norm of all gradients before clipping.
    public var gradientNorm: Float
    /// Tokens so far, of all processes, padding left out.
    public var tokens: Int
    public var tokensPerSecond: Double
    /// Floating-point operations a second, as ``TrainingCost`` counts them.
    public var operationsPerSecond: Double
    /// Floating-point operations so far; those of a teacher too, where it was not read from the disk.
    public var operations = 0.0
    /// Seconds of training so far, those before a resumption included.
    public var seconds: Double
    /// The loss of multi-token prediction, where there is a layer for it.
    public var predictionLoss: Double?
    /// The balance loss of the experts, its α included, summed over layers.
    public var balanceLoss: Double?
    /// By layer of experts: the share of each expert in the step's assignments.
    public var expertLoad: [[Double]] = []
    /// What was measured on the validation data after the step.
    public var validation: ValidationMetrics?
    /// Energy of the machine since the run began, everything included, where it tells it.
    public var joules: Double?
}

public struct ValidationMetrics: Sendable {
    /// Cross entropy in nats, the mean of the targets.
    public var loss: Double
    /// The same for each byte of text, in bits; nil where the text's bytes are not known.
    public var bitsPerByte: Double?
    public var targets: Int
}

extension StepMetrics {
    /// The line of the metrics file.
    public var json: JSONValue {
        var object = JSONObject([
            ("step", .integer(Int64(step))), ("loss", .double(loss)),
            ("learning_rate", .double(Double(learningRate))),
            ("gradient_norm", .double(Double(gradientNorm))),
            ("tokens", .integer(Int64(tokens))), ("tokens_per_second", .double(tokensPerSecond)),
            ("flops", .double(operationsPerSecond)), ("seconds", .double(seconds)),
            ("operations", .double(operations)),
        ])
        if let joules { object["joules"] = .double(joules) }
        if let predictionLoss { object["mtp_loss"] = .double(predictionLoss) }
        if let balanceLoss { object["balance_loss"] = .double(balanceLoss) }
        if !expertLoad.isEmpty {
            object["expert_load"] = .array(
                expertLoad.map { .array($0.map { .double($0) }) })
        }
        if let validation {
            object["validation_loss"] = .double(validation.loss)
            object["validation_targets"] = .integer(Int64(validation.targets))
            if let bits = validation.bitsPerByte { object["bits_per_byte"] = .double(bits) }
        }
        return .object(object)
    }
}

/// What a run tells while it goes on.
public enum TrainingEvent: Sendable {
    /// The run is set up: how many steps it has, at which it begins, and what the model is.
    case began(TrainingSummary)
    case step(StepMetrics)
    /// A checkpoint is on the disk.
    case checkpoint(String)
}

public struct TrainingSummary: Sendable {
    public var firstStep: Int
    public var totalSteps: Int
    public var parameters: Int
    public var trainedParameters: Int
    public var activeParameters: Int
    public var tokensPerStep: Int
    public var operationsPerToken: Double
    /// Bytes of parameters, gradients, optimizer state, values and their gradients.
    public var plannedBytes: Int
}
