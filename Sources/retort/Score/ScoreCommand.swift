// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortEngine
import RetortFormats
import RetortJSON
import RetortTensor
import RetortTokenizers

struct ScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Per-token log-probabilities and perplexity of a text or of token ids.")

    @Argument(help: "A GGUF file, a Hugging Face directory, a name in the store, or 'bundled'.")
    var model: String

    @Option(help: ArgumentHelp("Token ids, separated by commas.", valueName: "1,2,3"))
    var ids: TokenList?

    @Option(help: "The text, tokenised with the tokens the model expects at its ends.")
    var text: String?

    @Option(help: ArgumentHelp("A file with the text; '-' is stdin.", valueName: "file"))
    var file: String?

    @Option(
        help: ArgumentHelp(
            "Write the logits as tensor \"logits\", f32 [tokens, vocab].", valueName: "safetensors")
    )
    var logits: String?

    @Option(help: "The type of the KV cache: f32, f16 or bf16.")
    var cacheType = "f32"

    @Flag(help: "Print {\"ids\": …, \"logprobs\": …, \"perplexity\": …}.")
    var json = false

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    func validate() throws {
        guard [ids != nil, text != nil, file != nil].count(where: { $0 }) == 1 else {
            throw ValidationError("Give one of --ids, --text and --file.")
        }
        guard ["f32", "f16", "bf16"].contains(cacheType) else {
            throw ValidationError("--cache-type must be f32, f16 or bf16.")
        }
    }

    func run() throws {
        let input = try text ?? file.map { try InputFile.text(path: $0) }
        let model = try modelOptions.open(model)
        let tokens = try ids?.ids ?? model.tokenizer.encode(input ?? "")
        let scorer = Scorer(model)
        let cache = DType(rawValue: cacheType) ?? .f32
        let score: Score
        if let logits {
            score = try scorer.writeLogits(of: tokens, to: logits, cacheType: cache)
        } else {
            score = try scorer.score(tokens, cacheType: cache)
        }
        print(score)
    }

    private func print(_ score: Score) {
        if json {
            Output.json([
                "ids": .array(score.tokens.map { .integer(Int64($0)) }),
                "logprobs": .array(score.logprobs.map { .number($0) }),
                "perplexity": .number(score.perplexity),
            ])
            return
        }
        for (token, logprob) in zip(score.tokens.dropFirst(), score.logprobs) {
            Output.line("\(token)\t\(logprob)")
        }
        Output.line("perplexity \(score.perplexity) over \(score.logprobs.count) tokens")
    }
}
