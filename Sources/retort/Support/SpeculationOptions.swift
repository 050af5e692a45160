// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortEngine

/// Options of speculative decoding.
struct SpeculationOptions: ParsableArguments {
    enum Method: String, ExpressibleByArgument, CaseIterable {
        case none
        case promptLookup = "prompt-lookup"
        case draftModel = "draft-model"
        case multiTokenPrediction = "mtp"
    }

    @Option(
        help: ArgumentHelp(
            "Guess tokens ahead: none, prompt-lookup, draft-model or mtp (the checkpoint's own layer). Faster, the same text.",
            valueName: "method"))
    var speculative: Method?

    @Option(
        help: ArgumentHelp(
            "A smaller model with the same vocabulary that guesses.", valueName: "model"))
    var draftModel: String?

    @Option(
        help: ArgumentHelp(
            "The most tokens to guess at a time, up to \(Speculation.mostDraftTokens).",
            valueName: "n"))
    var draftTokens = Speculation.defaultDraftTokens

    /// What is asked for: a draft model alone means its use.
    private var method: Method { speculative ?? (draftModel == nil ? .none : .draftModel) }

    func validate() throws {
        guard 1...Speculation.mostDraftTokens ~= draftTokens else {
            throw ValidationError(
                "--draft-tokens must lie between 1 and \(Speculation.mostDraftTokens).")
        }
        guard (method == .draftModel) == (draftModel != nil) else {
            throw ValidationError(
                "--speculative draft-model and --draft-model MODEL belong together.")
        }
    }

    var isAskedFor: Bool { method != .none }

    /// The method asked for, with its model opened; nil for none.
    func open(_ options: ModelOptions, for target: ReasoningModel) throws -> Speculation? {
        var speculation: Speculation
        switch method {
        case .none: return nil
        case .promptLookup: speculation = .promptLookup
        case .multiTokenPrediction: speculation = .multiTokenPrediction
        case .draftModel:
            speculation = .draftModel(try options.open(draftModel ?? "", draftingFor: target))
        }
        speculation.draftTokens = draftTokens
        return speculation
    }
}
