// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortJSON

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure prefill and decode speed against what the machine's memory allows.")

    @Argument(help: "A GGUF file, a Hugging Face directory, a name in the store, or 'bundled'.")
    var model = "bundled"

    @Option(help: "Tokens of the prompt.")
    var promptTokens = 512

    @Option(help: "Tokens to generate.")
    var genTokens = 128

    @Option(help: "Tokens in the cache before generating.")
    var depth = 0

    @Option(
        help:
            "Clients that ask at once, each for --gen-tokens after --prompt-tokens, --repetitions times: measures the batching engine."
    )
    var clients: Int?

    @Option(help: "Counted runs; the medians are reported.")
    var repetitions = 3

    @Option(help: CacheType.help)
    var cacheType = CacheType.f16

    @Option(
        help: ArgumentHelp(
            "With --speculative: token ids as 'retort tokenize' prints them; the last --gen-tokens are decoded after the others as though the model had chosen them. '-' is stdin.",
            valueName: "file"))
    var replay: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Speculative decoding, measured instead if a method is given")
    var speculation: SpeculationOptions
    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    func validate() throws {
        guard promptTokens > 0, genTokens > 0, depth >= 0, repetitions > 0, clients ?? 1 > 0 else {
            throw ValidationError(
                "--prompt-tokens, --gen-tokens, --clients and --repetitions must be at least 1, --depth at least 0."
            )
        }
    }

    func run() async throws {
        if try measuredSpeculation() { return }
        if try await measuredClients() { return }
        // Before the model is opened, so that the buffer does not add to the peak of memory.
        let threads = modelOptions.threads ?? ReasoningModel.availableThreads
        let bandwidth = try Bandwidth.measure(threads: threads)
        let model = try modelOptions.open(model)
        let result = try model.measureSpeed(
            promptTokens: promptTokens, generatedTokens: genTokens, depth: depth,
            repetitions: repetitions, cacheType: cacheType.dtype
        ) { repetition in
            if Terminal.errorIsTerminal { Output.note("run \(repetition) of \(repetitions) done") }
        }
        if json { Output.json(Self.json(result, bandwidth)) } else { print(result, bandwidth) }
    }

    private func print(_ result: SpeedMeasurement, _ bandwidth: Double) {
        func number(_ value: Double) -> String { String(format: "%.1f", value) }
        Output.line(
            """
            threads \(result.threads), kernels \(result.instructionSet)
            prefill \(result.promptTokens) tokens: \(number(result.prefillTokensPerSecond)) tokens/s, \
            \(number(result.prefillOperationsPerSecond / 1e9)) Gop/s
            decode \(result.generatedTokens) tokens: \(number(result.decodeTokensPerSecond)) tokens/s, \
            \(number(result.decodeBytesPerSecond / 1e9)) GB/s of weights
            read bandwidth: \(number(bandwidth / 1e9)) GB/s
            """)
    }

    /// The contract of `bench --json`.
    private static func json(_ result: SpeedMeasurement, _ bandwidth: Double) -> JSONValue {
        [
            "prefill_tokens_per_second": .number(result.prefillTokensPerSecond),
            "decode_tokens_per_second": .number(result.decodeTokensPerSecond),
            "threads": .integer(Int64(result.threads)),
            "read_bandwidth_gb_per_second": .number(bandwidth / 1e9),
            "weights_gb_per_second": .number(result.decodeBytesPerSecond / 1e9),
            "prefill_gop_per_second": .number(result.prefillOperationsPerSecond / 1e9),
            "prompt_tokens": .integer(Int64(result.promptTokens)),
            "gen_tokens": .integer(Int64(result.generatedTokens)),
            "instruction_set": .string(result.instructionSet),
        ]
    }
}
