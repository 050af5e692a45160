// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortGuard
import RetortJSON

struct GuardCostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cost",
        abstract: "Measure what a watermark costs of a model's decoding.",
        discussion:
            "Each token is chosen twice from the same logits, with and without the mark, so that the difference is not the machine's noise."
    )

    @Argument(help: "A GGUF file, a Hugging Face directory, a name in the store, or 'bundled'.")
    var model = "bundled"

    @Option(help: ArgumentHelp("The key's file.", valueName: "file"), completion: .file())
    var key: String

    @Option(help: "Tokens of the prompt.")
    var promptTokens = 32

    @Option(help: "Tokens to generate.")
    var tokens = 200

    @Option(help: "Divides the logits; 0 takes the most likely token.")
    var temperature: Float = 1

    @Option(name: .customLong("top-p"), help: "Keep the likeliest tokens up to this probability.")
    var topP: Float = 1

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    func run() throws {
        var sampling = SamplingParameters()
        sampling.temperature = temperature
        sampling.topP = topP
        sampling.seed = 1
        sampling.watermark = try WatermarkKey(path: key).parameters
        let cost = try modelOptions.open(model).measureWatermark(
            promptTokens: promptTokens, tokens: tokens, sampling: sampling)
        if json {
            Output.json([
                "tokens": .integer(Int64(cost.tokens)),
                "seconds_per_token": .double(cost.decodeSeconds),
                "plain_choice_seconds": .double(cost.plainSeconds),
                "marked_choice_seconds": .double(cost.markedSeconds),
                "share": .double(cost.share),
            ])
        } else {
            Output.line(
                String(
                    format:
                        "%d tokens: %.1f µs a token; a choice takes %.2f µs without and %.2f µs with the mark: %.2f %% of decoding",
                    cost.tokens, cost.decodeSeconds * 1e6, cost.plainSeconds * 1e6,
                    cost.markedSeconds * 1e6, cost.share * 100))
        }
    }
}
