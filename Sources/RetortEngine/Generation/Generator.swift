// SPDX-License-Identifier: Apache-2.0
//
// The loop at the heart of it: forward pass, choice of a token, hand-over. Token ids only; text is
// the business of `ChatSession`.

import RetortFormats
import RetortModels
import RetortTensor

/// Generates tokens for one sequence at a time and keeps the cache between calls, so that a prompt
/// that continues the last one is read only from where it differs. Not for two threads at a time.
public final class Generator {
    public let model: ReasoningModel
    /// Tokens of prompt and answer that fit together.
    public let contextLength: Int
    private let runner: ModelRunner
    private let cache: KVCache
    /// The tokens whose keys and values the cache holds.
    private var cached: [Int32] = []

    /// - Parameters:
    ///   - model: Gives the weights, shared, and the tokenizer.
    ///   - contextLength: Nil takes the model's, but at most 32,768.
    ///   - batchSize: Prompt tokens per forward pass.
    ///   - cacheType: f16, bf16 or f32.
    public init(
        _ model: ReasoningModel, contextLength: Int? = nil, batchSize: Int = 512,
        cacheType: DType = .f16
    ) throws {
        self.model = model
        let longest = model.config.maxPositionEmbeddings
        if let contextLength, contextLength < 1 || contextLength > longest {
            throw EngineError("a context of \(contextLength) is not within 1 … \(longest)")
        }
        self.contextLength = contextLength ?? min(longest, 32_768)
        runner = try ModelRunner(
            model.languageModel, batchSize: min(batchSize, self.contextLength))
        cache = try runner.makeCache(capacity: self.contextLength, dtype: cacheType)
        cached.reserveCapacity(self.contextLength)
    }

    /// Reads the prompt and generates until a stop token, the limit or a refusal of `onToken`.
    /// - Parameters:
    ///   - request: The prompt's tokens, sampling and limits.
    ///   - cancellation: Ends the generation after the token at hand.
    ///   - onToken: Gets each token, stop tokens excepted; returns whether to go on.
    /// - Returns: The reason for the end, and what it cost (`reasoningTokens` is left to the caller).
    /// - Throws: ``EngineError`` if the prompt is empty or longer than the context.
    public func generate(
        _ request: GenerationRequest, cancellation: Cancellation? = nil,
        onToken: (Int32) throws -> Bool
    ) throws -> (FinishReason, GenerationUsage) {
        let prompt = request.prompt
        guard !prompt.isEmpty else { throw EngineError("the prompt is empty") }
        guard prompt.count < contextLength else {
            throw EngineError(
                "the prompt has \(prompt.count) tokens, the context holds \(contextLength) with the answer; shorten it or ask for a longer context (the model allows \(model.config.maxPositionEmbeddings))"
            )
        }
        let sampler = try Sampler(
            parameters: request.sampling, vocabSize: model.config.vocabSize)
        sampler.observe(prompt: prompt)
        var usage = GenerationUsage()
        usage.promptTokens = prompt.count
        usage.cachedTokens = keepCommonPrefix(of: prompt)
        let limit = min(request.maximumTokens ?? .max, contextLength - prompt.count)
        guard limit > 0 else { return (.length, usage) }

        let start = ContinuousClock.now
        guard var logits = try read(prompt, from: usage.cachedTokens, cancellation) else {
            return (.cancelled, usage)
        }
        var firstToken: ContinuousClock.Instant?
        while true {
            let token = try sampler.next(logits)
            if firstToken == nil {
                let now = ContinuousClock.now
                firstToken = now
                usage.promptSeconds = (now - start) / .seconds(1)
            }
            func finish(_ reason: FinishReason) -> (FinishReason, GenerationUsage) {
                usage.decodeSeconds = firstToken.map { (.now - $0) / .seconds(1) } ?? 0
                return (reason, usage)
            }
            if !request.ignoresStopTokens, model.stopTokens.contains(token) {
                return finish(.stop)
            }
            usage.completionTokens += 1
            guard try onToken(token) else { return finish(.stop) }
            if usage.completionTokens >= limit { return finish(.length) }
            if cancellation?.isCancelled == true { return finish(.cancelled) }
            logits = try runner.forward(token, cache: cache)
            cached.append(token)
        }
    }

    /// Drops from the cache what differs from `prompt`, and returns how many tokens are left. The
    /// last token of the prompt is always run again, since its logits are not kept.
    private func keepCommonPrefix(of prompt: [Int32]) -> Int {
        var common = 0
        while common < min(cached.count, prompt.count - 1), cached[common] == prompt[common] {
            common += 1
        }
        cache.truncate(to: common)
        cached.removeSubrange(common...)
        return common
    }

    /// Runs the rest of the prompt in batches; nil if it was cancelled between two.
    private func read(_ prompt: [Int32], from start: Int, _ cancellation: Cancellation?) throws
        -> UnsafeMutableBufferPointer<Float>?
    {
        var logits: UnsafeMutableBufferPointer<Float>?
        for first in stride(from: start, to: prompt.count, by: runner.batchSize) {
            if cancellation?.isCancelled == true { return nil }
            let part = Array(prompt[first..<min(first + runner.batchSize, prompt.count)])
            logits = try runner.forward(part, cache: cache)
            cached.append(contentsOf: part)
        }
        return logits
    }
}
