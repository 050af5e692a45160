// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortGuard
import RetortJSON

struct ChatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Chat with a model; with no MODEL, with the bundled one.",
        discussion: """
            On a terminal it is a conversation. With -p, or with text on stdin, it answers once: the \
            answer goes to stdout, the thought and the speed to stderr.
            """)

    @Argument(help: "A GGUF file, a Hugging Face directory, a name in the store, or 'bundled'.")
    var model = "bundled"

    @Option(
        name: [.customShort("p"), .long],
        help: ArgumentHelp("Answer this and exit; '-' reads it from stdin.", valueName: "text"))
    var prompt: String?

    @Option(help: ArgumentHelp("The system prompt.", valueName: "text"))
    var system: String?

    @Option(help: "The most tokens of an answer, its thought included.")
    var maxTokens: Int?

    @Option(help: ArgumentHelp("End the answer at this text; repeatable.", valueName: "text"))
    var stop: [String] = []

    @Option(help: "Tokens of the whole conversation; by default the model's, at most 32768.")
    var context: Int?

    @Option(help: CacheType.help)
    var cacheType = CacheType.f16

    @Flag(help: "Show that the model thinks, not what.")
    var hideThinking = false

    @Flag(help: "Ask the chat template for an answer without a thought, where it knows how.")
    var noThink = false

    @Flag(help: "Print one JSON object: reasoning, answer, finish_reason, usage.")
    var json = false

    @OptionGroup(title: "Sampling") var sampling: SamplingOptions
    @OptionGroup(title: "Watermark") var watermark: WatermarkOptions
    @OptionGroup(title: "Speculative decoding") var speculation: SpeculationOptions
    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    func validate() throws {
        if let maxTokens, maxTokens < 1 {
            throw ValidationError("--max-tokens must be at least 1.")
        }
        if let context, context < 1 { throw ValidationError("--context must be at least 1.") }
    }

    func run() throws {
        let isInteractive =
            prompt == nil && !json && Terminal.inputIsTerminal && Terminal.outputIsTerminal
        // The input first: a bad one should not wait for the model to be opened.
        let question = isInteractive ? nil : try prompt.flatMap { $0 == "-" ? nil : $0 } ?? stdin()
        let key = try watermark.key()
        let model = try modelOptions.open(model)
        var options = ChatOptions()
        var sampling = try sampling.parameters(model.recommendedSampling)
        sampling.watermark = key?.parameters
        options.sampling = sampling
        options.maximumTokens = maxTokens
        options.stopStrings = stop
        options.thinks = !noThink
        options.speculation = try speculation.open(modelOptions, for: model)
        try options.speculation?.validate(for: model)
        let session = try ChatSession(
            model, system: system, contextLength: context, cacheType: cacheType.dtype)
        let interrupt = InterruptSignal()
        if let question {
            try answer(question, session, options, interrupt)
        } else {
            Conversation(
                session: session, options: options, hidesThinking: hideThinking,
                interrupt: interrupt
            ).run()
        }
    }

    private func stdin() throws -> String {
        let text = try InputFile.text(path: "-")
        let trimmed = text.trimmingCharacters(in: .newlines)
        guard !trimmed.isEmpty else {
            throw CommandError("there is no question: stdin is empty; use -p TEXT or a terminal")
        }
        return trimmed
    }

    private func answer(
        _ question: String, _ session: ChatSession, _ options: ChatOptions,
        _ interrupt: InterruptSignal
    ) throws {
        interrupt.catchDuringAnswer()
        if json {
            let response = try session.respond(
                to: question, options: options, cancellation: interrupt.cancellation
            ) { _ in }
            Output.json(response.json)
        } else {
            var printer = ResponsePrinter(hidesThinking: hideThinking)
            let response = try session.respond(
                to: question, options: options, cancellation: interrupt.cancellation
            ) { printer.show($0) }
            printer.finish(response)
        }
        if interrupt.cancellation.isCancelled { throw ExitCode(130) }
    }
}

extension ChatResponse {
    /// The contract of `chat --json`.
    var json: JSONValue {
        [
            "reasoning": .string(reasoning),
            "answer": .string(answer),
            "finish_reason": .string(finishReason.rawValue),
            "usage": .object(usage.json),
        ]
    }
}

extension GenerationUsage {
    fileprivate var json: JSONObject {
        var fields = JSONObject([
            ("prompt_tokens", .integer(Int64(promptTokens))),
            ("cached_tokens", .integer(Int64(cachedTokens))),
            ("completion_tokens", .integer(Int64(completionTokens))),
            ("reasoning_tokens", .integer(Int64(reasoningTokens))),
            ("total_tokens", .integer(Int64(promptTokens + completionTokens))),
            ("prompt_seconds", .number(promptSeconds)),
            ("decode_seconds", .number(decodeSeconds)),
            ("prefill_tokens_per_second", .number(promptTokensPerSecond)),
            ("decode_tokens_per_second", .number(decodeTokensPerSecond)),
        ])
        speculation?.add(to: &fields)
        return fields
    }
}

extension SpeculationUsage {
    /// Only there where speculation is on.
    func add(to fields: inout JSONObject) {
        fields["drafted_tokens"] = .integer(Int64(draftedTokens))
        fields["accepted_tokens"] = .integer(Int64(acceptedTokens))
        fields["acceptance_rate"] = .number(acceptanceRate)
        fields["verification_passes"] = .integer(Int64(verificationPasses))
    }
}
