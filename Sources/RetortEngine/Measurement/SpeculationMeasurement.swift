// SPDX-License-Identifier: Apache-2.0
//
// What guessing ahead gains: the same tokens decoded in turn with and without it.

import RetortFormats
import RetortModels
import RetortTensor

/// What `retort bench --speculative` reports.
public struct SpeculationMeasurement: Sendable {
    public var promptTokens: Int
    public var generatedTokens: Int
    /// Medians over the repetitions.
    public var plainTokensPerSecond: Double
    public var speculativeTokensPerSecond: Double
    /// The median of the repetitions' own ratios, since a machine's speed drifts.
    public var speedup: Double
    /// Of the last repetition.
    public var usage: SpeculationUsage
    /// What a pass over so many tokens takes, relative to a pass over one.
    public var passCosts: [(tokens: Int, cost: Double)]
}

extension ReasoningModel {
    /// Decodes the same tokens with and without speculation, in turn, after a run of both that is not
    /// counted.
    /// - Parameters:
    ///   - speculation: The method; it begins each repetition with nothing learnt.
    ///   - prompt: What is in the cache before; at least one token.
    ///   - answer: Decoded as though the model had chosen it, so that the text decides what guesses
    ///     are worth, whatever the weights. Nil decodes what the model chooses.
    ///   - generatedTokens: At least 2, and no more than `answer` has.
    ///   - repetitions: Counted runs.
    ///   - cacheType: The type of the model's KV cache.
    ///   - onRepetition: Told the number of each finished run.
    public func measureSpeculation(
        _ speculation: Speculation, prompt: [Int32], answer: [Int32]?, generatedTokens: Int,
        repetitions: Int = 3, cacheType: DType = .f16, onRepetition: (Int) -> Void = { _ in }
    ) throws -> SpeculationMeasurement {
        let total = prompt.count + generatedTokens
        guard !prompt.isEmpty, 2...(answer?.count ?? .max) ~= generatedTokens, repetitions > 0,
            total <= config.maxPositionEmbeddings
        else {
            throw EngineError(
                "a prompt of \(prompt.count) tokens and \(generatedTokens) to decode were given; it must be at least 1 and 2, and together no more than the context of \(config.maxPositionEmbeddings)"
            )
        }
        try speculation.validate()
        let generator = try Generator(self, contextLength: total, cacheType: cacheType)
        var request = GenerationRequest(prompt: prompt)
        request.maximumTokens = generatedTokens
        request.ignoresStopTokens = true
        var plain: [Double] = []
        var speculative: [Double] = []
        var usage = SpeculationUsage()
        for repetition in 0...repetitions {
            let without = try decode(request, nil, answer, generator)
            let speculator = try generator.makeSpeculator(speculation)
            let with = try decode(request, speculator, answer, generator)
            if repetition > 0 {
                plain.append(without.decodeTokensPerSecond)
                speculative.append(with.decodeTokensPerSecond)
                usage = with.speculation ?? usage
            }
            onRepetition(repetition)
        }
        return SpeculationMeasurement(
            promptTokens: prompt.count, generatedTokens: generatedTokens,
            plainTokensPerSecond: Self.median(plain),
            speculativeTokensPerSecond: Self.median(speculative),
            speedup: Self.median(zip(speculative, plain).map { $0 / $1 }), usage: usage,
            passCosts: try passCosts(after: prompt, cacheType))
    }

    private func decode(
        _ request: GenerationRequest, _ speculator: Speculator?, _ answer: [Int32]?,
        _ generator: Generator
    ) throws -> GenerationUsage {
        var place = 0
        return try generator.generate(
            request, speculator: speculator,
            choosing: { logits in
                // The choice costs what it does in a real answer.
                let best = Int32(Sampler.largest(logits).index)
                defer { place += 1 }
                return answer?[place] ?? best
            },
            onToken: { _ in true }
        ).1
    }

    /// The time of passes over several tokens, in passes over one.
    private func passCosts(after prompt: [Int32], _ cacheType: DType) throws
        -> [(tokens: Int, cost: Double)]
    {
        let runner = try ModelRunner(languageModel)
        let sizes = [1, 2, 4, 8, 16].filter {
            $0 <= runner.mostRows && prompt.count + $0 <= config.maxPositionEmbeddings
        }
        let cache = try runner.makeCache(
            capacity: prompt.count + (sizes.last ?? 1), dtype: cacheType)
        try runner.forward(prompt, cache: cache)
        var seconds = sizes.map { _ in [Double]() }
        for repetition in 0..<10 {
            for (index, size) in sizes.enumerated() {
                let tokens = (0..<size).map {
                    Int32((($0 + repetition) &* 104_729 &+ 5) % config.vocabSize)
                }
                cache.truncate(to: prompt.count)
                let start = ContinuousClock.now
                _ = try tokens.withUnsafeBufferPointer {
                    try runner.forwardRows($0, cache: cache)
                }
                seconds[index].append((.now - start) / .seconds(1))
            }
        }
        let one = Self.median(seconds[0].dropFirst(2))
        return zip(sizes, seconds).map { ($0, Self.median($1.dropFirst(2)) / one) }
    }
}
