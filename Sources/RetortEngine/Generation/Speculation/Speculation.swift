// SPDX-License-Identifier: Apache-2.0

import RetortModels

/// How the next tokens are guessed ahead of the model, which then checks several in one pass
/// (Leviathan, Kalman and Matias 2023). The text is the same with every method and with none: a
/// guess counts only where the model, its sampling and its seed choose that very token.
public struct Speculation: Sendable {
    enum Method: Sendable {
        case promptLookup
        case draftModel(ReasoningModel)
        case prediction
    }

    let method: Method
    /// The most tokens to guess at a time; fewer where they seldom come true.
    public var draftTokens = Self.defaultDraftTokens

    public static let defaultDraftTokens = 7
    /// More are not checked in one pass.
    public static let mostDraftTokens = 15

    /// Guesses that what followed the last few tokens before follows them again (Saxena 2023). Costs
    /// next to nothing; helps where the answer repeats the question or itself.
    public static var promptLookup: Speculation { Speculation(method: .promptLookup) }

    /// Lets a smaller model with the same vocabulary guess. It needs its own weights and cache, and
    /// computes with the threads of the model that it guesses for.
    public static func draftModel(_ model: ReasoningModel) -> Speculation {
        Speculation(method: .draftModel(model))
    }

    /// Lets the layer guess that a checkpoint of DeepSeek-V3 has for it. It needs a cache of its own.
    public static var multiTokenPrediction: Speculation { Speculation(method: .prediction) }

    private init(method: Method) { self.method = method }

    /// - Throws: ``EngineError`` if a value is out of its range or the draft model has another
    ///   vocabulary than `model`.
    public func validate(for model: ReasoningModel) throws {
        try validate()
        switch method {
        case .promptLookup: break
        case .draftModel(let draft): _ = try DraftModelDrafter.sharedTokens(draft, model)
        case .prediction:
            guard model.languageModel.canPredict else { throw PredictionDrafter.missing(model) }
        }
    }

    /// - Throws: ``EngineError`` if a value is out of its range.
    func validate() throws(EngineError) {
        guard 1...Self.mostDraftTokens ~= draftTokens else {
            throw EngineError(
                "\(draftTokens) draft tokens were asked for; it must be 1 … \(Self.mostDraftTokens)"
            )
        }
    }

    /// Whether a drafter made for the one can be used for the other.
    func hasMethod(of other: Speculation) -> Bool {
        switch (method, other.method) {
        case (.promptLookup, .promptLookup), (.prediction, .prediction): true
        case (.draftModel(let one), .draftModel(let two)): one === two
        default: false
        }
    }

    /// - Throws: ``EngineError`` if the draft model has another vocabulary, or the model has no
    ///   predicting layer.
    func makeDrafter(for model: ReasoningModel, contextLength: Int) throws -> any Drafter {
        switch method {
        case .promptLookup: PromptLookupDrafter(contextLength: contextLength)
        case .draftModel(let draft):
            try DraftModelDrafter(draft, target: model, contextLength: contextLength)
        case .prediction: try PredictionDrafter(model, contextLength: contextLength)
        }
    }
}

/// What speculation did in one generation.
public struct SpeculationUsage: Sendable, Equatable {
    /// Tokens that were guessed and checked.
    public var draftedTokens = 0
    /// Those of them that the model chose as well.
    public var acceptedTokens = 0
    /// Forward passes that checked at least one guess.
    public var verificationPasses = 0

    public init() {}

    /// 0 where nothing was guessed.
    public var acceptanceRate: Double {
        draftedTokens > 0 ? Double(acceptedTokens) / Double(draftedTokens) : 0
    }
}
