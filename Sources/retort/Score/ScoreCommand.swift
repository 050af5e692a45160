// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortEngine
import RetortFormats
import RetortJSON
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

    @Option(help: CacheType.help)
    var cacheType = CacheType.f32

    @Flag(help: "Print {\"ids\": …, \"logprobs\": …, \"perplexity\": …}.")
    var json = false

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    func validate() throws {
        guard [ids != nil, text != nil, file != nil].count(where: { $0 }) == 1 else {
            throw ValidationError("Give one of --ids, --text and --file.")
        }
    }

    func run() throws {
        let input = try text ?? file.map { try InputFile.text(path: $0) }
        let model = try modelOptions.open(model)
        let tokens = try ids?.ids ?? model.tokenizer.encode(input ?? "")
        let scorer = Scorer(model)
        let score: Score
        if let logits {
            score = try scorer.writeLogits(of: tokens, to: logits, cacheType: cacheType.dtype)
        } else {
            score = try scorer.score(tokens, cacheType: cacheType.dtype)
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
