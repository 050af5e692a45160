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
    private var lastSpeculation: Speculation?
    private var lastSpeculator: Speculator?

    /// - Parameters:
    ///   - model: Gives the weights, shared, and the tokenizer.
    ///   - contextLength: Nil takes the model's, but at most 32,768.
    ///   - batchSize: Prompt tokens per forward pass.
    ///   - cacheType: f32, f16, bf16, or q8_0 where the model's heads fill blocks of 32.
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
    /// - Throws: ``EngineError`` if the prompt is empty or longer than the context, or a draft model
    ///   has another vocabulary.
    public func generate(
        _ request: GenerationRequest, cancellation: Cancellation? = nil,
        onToken: (Int32) throws -> Bool
    ) throws -> (FinishReason, GenerationUsage) {
        let sampler = try Sampler(
            parameters: request.sampling, vocabSize: model.config.vocabSize)
        sampler.observe(prompt: request.prompt)
        return try generate(
            request, speculator: try speculator(for: request.speculation),
            cancellation: cancellation, choosing: { try sampler.next($0) }, onToken: onToken)
    }

    /// Generates with a drafter and a choice of tokens from outside: for tests and measurements.
    /// - Parameter choosing: Gets the logits, `[vocabSize]`, once for each token, in order.
    package func generate(
        _ request: GenerationRequest, speculator: Speculator?,
        cancellation: Cancellation? = nil,
        choosing: (UnsafeMutableBufferPointer<Float>) throws -> Int32,
        onToken: (Int32) throws -> Bool
    ) throws -> (FinishReason, GenerationUsage) {
        let prompt = request.prompt
        guard !prompt.isEmpty else { throw EngineError("the prompt is empty") }
        guard prompt.count < contextLength else {
            throw EngineError(
                "the prompt has \(prompt.count) tokens, the context holds \(contextLength) with the answer; shorten it or ask for a longer context (the model allows \(model.config.maxPositionEmbeddings))"
            )
        }
        var usage = GenerationUsage()
        usage.promptTokens = prompt.count
        usage.cachedTokens = keepCommonPrefix(of: prompt)
        usage.speculation = speculator.map { _ in SpeculationUsage() }
        let limit = min(request.maximumTokens ?? .max, contextLength - prompt.count)
        guard limit > 0 else { return (.length, usage) }

        let start = ContinuousClock.now
        guard var logits = try read(prompt, from: usage.cachedTokens, speculator, cancellation)
        else { return (.cancelled, usage) }
        var firstToken: ContinuousClock.Instant?
        func finish(_ reason: FinishReason) -> (FinishReason, GenerationUsage) {
            // Guesses past the end are not part of the sequence.
            cache.truncate(to: cached.count)
            usage.decodeSeconds = firstToken.map { (.now - $0) / .seconds(1) } ?? 0
            return (reason, usage)
        }
        // Each turn handles one chosen token. Where guesses were run along, the logits of several
        // rows are there, and the next is used as long as the guess before it was right.
        var row = 0
        var isPrompt = true  // the logits are those of the prompt's last token alone
        while true {
            let token = try choosing(line(row, of: logits))
            if firstToken == nil {
                let now = ContinuousClock.now
                firstToken = now
                usage.promptSeconds = (now - start) / .seconds(1)
            }
            let isGuessed = speculator?.accepts(token, after: row) ?? false
            if isGuessed { usage.speculation?.acceptedTokens += 1 }
            if !request.ignoresStopTokens, model.stopTokens.contains(token) {
                return finish(.stop)
            }
            usage.completionTokens += 1
            guard try onToken(token) else { return finish(.stop) }
            if usage.completionTokens >= limit { return finish(.length) }
            if cancellation?.isCancelled == true { return finish(.cancelled) }
            try speculator?.append(token, chosenAfter: isPrompt ? nil : row, runner)
            if isGuessed {
                row += 1
            } else {
                cache.truncate(to: cached.count)
                // The pass gives one token more than it checks guesses.
                let most = limit - usage.completionTokens - 1
                logits = try run(token, speculator, most: most, &usage.speculation)
                row = 0
                isPrompt = false
            }
            cached.append(token)
        }
    }

    /// Runs a chosen token and guesses after it.
    /// - Returns: The logits after each, `[tokens, vocabSize]`.
    private func run(
        _ token: Int32, _ speculator: Speculator?, most: Int, _ usage: inout SpeculationUsage?
    ) throws -> UnsafeMutableBufferPointer<Float> {
        guard let speculator else { return try runner.forward(token, cache: cache) }
        let batch = try speculator.batch(after: token, most: most)
        let start = ContinuousClock.now
        let logits = try runner.forwardRows(batch, cache: cache)
        speculator.passTook((.now - start) / .seconds(1))
        if batch.count > 1 {
            usage?.draftedTokens += batch.count - 1
            usage?.verificationPasses += 1
        }
        return logits
    }

    private func line(_ row: Int, of logits: UnsafeMutableBufferPointer<Float>)
        -> UnsafeMutableBufferPointer<Float>
    {
        let size = model.config.vocabSize
        return UnsafeMutableBufferPointer(rebasing: logits[(row * size)..<((row + 1) * size)])
    }

    /// The speculator of the last generation if the method is the same, since it has learnt.
    private func speculator(for speculation: Speculation?) throws -> Speculator? {
        guard let speculation else { return nil }
        try speculation.validate()
        if lastSpeculation?.hasMethod(of: speculation) != true {
            lastSpeculator = try makeSpeculator(speculation)
            lastSpeculation = speculation
        }
        lastSpeculator?.draftTokens = speculation.draftTokens
        return lastSpeculator
    }

    /// A speculator that has learnt nothing.
    func makeSpeculator(_ speculation: Speculation) throws -> Speculator {
        let speculator = Speculator(
            try speculation.makeDrafter(for: model, contextLength: contextLength),
            mostRows: runner.mostRows)
        speculator.draftTokens = speculation.draftTokens
        return speculator
    }

    /// Drops from the cache what differs from `prompt`, and returns how many tokens are left. The
    /// last token of the prompt is always run again, since its logits are not kept.
    private func keepCommonPrefix(of prompt: [Int32]) -> Int {
        let common = min(cached.commonPrefixLength(with: prompt), prompt.count - 1)
        cache.truncate(to: common)
        cached.removeSubrange(common...)
        return common
    }

    /// Runs the rest of the prompt in batches; nil if it was cancelled between two.
    private func read(
        _ prompt: [Int32], from start: Int, _ speculator: Speculator?, _ cancellation: Cancellation?
    ) throws -> UnsafeMutableBufferPointer<Float>? {
        var logits: UnsafeMutableBufferPointer<Float>?
        try speculator?.begin(prompt, cached: start)
        for first in stride(from: start, to: prompt.count, by: runner.batchSize) {
            if cancellation?.isCancelled == true { return nil }
            let part = Array(prompt[first..<min(first + runner.batchSize, prompt.count)])
            logits = try runner.forward(part, cache: cache)
            cached.append(contentsOf: part)
            try speculator?.appendPrompt(prompt, after: first, count: part.count, runner)
        }
        return logits
    }
}

extension Array where Element == Int32 {
    /// How many tokens at the beginning are the same.
    func commonPrefixLength(with other: [Int32]) -> Int {
        var length = 0
        while length < Swift.min(count, other.count), self[length] == other[length] { length += 1 }
        return length
    }
}
