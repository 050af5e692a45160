// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortEngine

/// Options that override what the checkpoint recommends.
struct SamplingOptions: ParsableArguments {
    @Option(help: "Divides the logits; 0 takes the most likely token.")
    var temperature: Float?

    @Option(name: .customLong("top-p"), help: "Keep the likeliest tokens up to this probability.")
    var topP: Float?

    @Option(name: .customLong("top-k"), help: "Keep this many likeliest tokens; 0 keeps all.")
    var topK: Int?

    @Option(
        name: .customLong("min-p"),
        help: "Keep tokens at least this many times as likely as the likeliest.")
    var minP: Float?

    @Option(help: "Divides the logits of tokens seen; 1 is off.")
    var repetitionPenalty: Float?

    @Option(help: "Subtracted from the logits of tokens in the answer.")
    var presencePenalty: Float?

    @Option(help: "Subtracted for each time a token stands in the answer.")
    var frequencyPenalty: Float?

    @Option(
        help: ArgumentHelp(
            "Added to the logit of a token; may be given more than once.", valueName: "id=value"))
    var logitBias: [String] = []

    @Option(help: "Makes the choice repeatable.")
    var seed: UInt64?

    /// - Parameter recommended: What holds where an option is absent.
    func parameters(_ recommended: SamplingParameters) throws -> SamplingParameters {
        var result = recommended
        result.temperature = temperature ?? result.temperature
        result.topP = topP ?? result.topP
        result.topK = topK ?? result.topK
        result.minP = minP ?? result.minP
        result.repetitionPenalty = repetitionPenalty ?? result.repetitionPenalty
        result.presencePenalty = presencePenalty ?? result.presencePenalty
        result.frequencyPenalty = frequencyPenalty ?? result.frequencyPenalty
        result.seed = seed
        for entry in logitBias {
            let (token, value) = try Self.bias(entry)
            result.logitBias[token] = value
        }
        return result
    }

    private static func bias(_ entry: String) throws -> (Int32, Float) {
        let parts = entry.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let token = Int32(parts[0]), let value = Float(parts[1]) else {
            throw ValidationError("--logit-bias wants ID=VALUE, such as 42=-100.")
        }
        return (token, value)
    }

    func validate() throws {
        do { try parameters(SamplingParameters()).validate() } catch let error as EngineError {
            throw ValidationError(error.description)
        }
    }
}
