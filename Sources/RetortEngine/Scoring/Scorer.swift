// SPDX-License-Identifier: Apache-2.0
//
// How likely a model finds given tokens.

import RetortFormats
import RetortModels
import RetortTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Log-probabilities of a text.
public struct Score: Sendable, Equatable {
    public var tokens: [Int32]
    /// Natural logarithms of the probability of each token given those before it; the first token
    /// has none, so there is one fewer than tokens.
    public var logprobs: [Double]

    /// exp of the mean negative log-probability; NaN for fewer than two tokens.
    public var perplexity: Double {
        exp(-logprobs.reduce(0, +) / Double(logprobs.count))
    }
}

/// Scores tokens, a batch at a time.
public struct Scorer {
    let model: ReasoningModel

    public init(_ model: ReasoningModel) { self.model = model }

    /// - Parameters:
    ///   - tokens: The text; the first token is given, not scored.
    ///   - cacheType: f32 by default, since a score is for comparing.
    ///   - batchSize: Tokens per forward pass.
    ///   - onLogits: Gets the logits after each token in turn, `[vocabSize]`.
    /// - Throws: ``EngineError`` if the tokens do not fit the context.
    public func score(
        _ tokens: [Int32], cacheType: DType = .f32, batchSize: Int = 512,
        onLogits: (UnsafeBufferPointer<Float>) throws -> Void = { _ in }
    ) throws -> Score {
        guard !tokens.isEmpty else { throw EngineError("there is nothing to score") }
        guard tokens.count <= model.config.maxPositionEmbeddings else {
            throw EngineError(
                "\(tokens.count) tokens do not fit the context of \(model.config.maxPositionEmbeddings); shorten the text"
            )
        }
        let runner = try ModelRunner(
            model.languageModel, batchSize: min(batchSize, tokens.count))
        let cache = try runner.makeCache(capacity: tokens.count, dtype: cacheType)
        var logprobs: [Double] = []
        logprobs.reserveCapacity(tokens.count)
        try runner.forwardAll(tokens, cache: cache) { index, logits in
            if index + 1 < tokens.count {
                logprobs.append(Self.logprob(of: Int(tokens[index + 1]), in: logits))
            }
            try onLogits(UnsafeBufferPointer(logits))
        }
        guard logprobs.allSatisfy(\.isFinite) else {
            throw EngineError("the model's logits are not finite; its weights may be damaged")
        }
        return Score(tokens: tokens, logprobs: logprobs)
    }

    private static func logprob(of token: Int, in logits: UnsafeMutableBufferPointer<Float>)
        -> Double
    {
        let largest = Double(Sampler.largest(logits).value)
        var sum = 0.0
        for logit in logits { sum += exp(Double(logit) - largest) }
        return Double(logits[token]) - largest - log(sum)
    }
}
