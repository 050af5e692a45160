// SPDX-License-Identifier: Apache-2.0
//
// Prefill and decode speed, with the bytes and operations that set their floors.

import RetortFormats
import RetortModels
import RetortTensor

/// What `retort bench` reports.
public struct SpeedMeasurement: Sendable {
    public var promptTokens: Int
    public var generatedTokens: Int
    public var threads: Int
    public var instructionSet: String
    /// Medians over the repetitions.
    public var prefillTokensPerSecond: Double
    public var decodeTokensPerSecond: Double
    /// Bytes of weights that each generated token reads.
    public var bytesPerToken: Int
    /// Operations of the linear layers for each prompt token.
    public var operationsPerToken: Int

    public var decodeBytesPerSecond: Double { decodeTokensPerSecond * Double(bytesPerToken) }
    public var prefillOperationsPerSecond: Double {
        prefillTokensPerSecond * Double(operationsPerToken)
    }
}

extension ReasoningModel {
    /// Measures with arbitrary tokens, after one run that is not counted.
    /// - Parameters:
    ///   - promptTokens: Tokens of the timed prefill.
    ///   - generatedTokens: Tokens of the timed decoding.
    ///   - depth: Tokens already in the cache when decoding is timed.
    ///   - repetitions: Counted runs.
    ///   - cacheType: The type of the KV cache.
    ///   - onRepetition: Told the number of each finished run.
    public func measureSpeed(
        promptTokens: Int, generatedTokens: Int, depth: Int = 0, repetitions: Int = 3,
        cacheType: DType = .f16, onRepetition: (Int) -> Void = { _ in }
    ) throws -> SpeedMeasurement {
        let longest = max(promptTokens, depth + generatedTokens)
        guard promptTokens > 0, generatedTokens > 0, depth >= 0, repetitions > 0,
            longest <= config.maxPositionEmbeddings
        else {
            throw EngineError(
                "the prompt and the generated tokens must be at least 1 and fit the context of \(config.maxPositionEmbeddings)"
            )
        }
        let runner = try ModelRunner(languageModel, batchSize: min(512, max(promptTokens, depth)))
        let cache = try runner.makeCache(capacity: longest, dtype: cacheType)
        // Scattered over the vocabulary, so that the embedding is not all in the cache.
        let tokens = (0..<max(promptTokens, depth)).map {
            Int32(($0 &* 7919 &+ 17) % config.vocabSize)
        }
        var prefill: [Double] = []
        var decode: [Double] = []
        for repetition in 0...repetitions {
            cache.truncate(to: 0)
            let start = ContinuousClock.now
            try runner.forward(Array(tokens.prefix(promptTokens)), cache: cache)
            let read = ContinuousClock.now
            cache.truncate(to: 0)
            if depth > 0 { try runner.forward(Array(tokens.prefix(depth)), cache: cache) }
            let begin = ContinuousClock.now
            for index in 0..<generatedTokens {
                _ = try runner.forward(
                    Int32((index &* 104_729 &+ 5) % config.vocabSize), cache: cache)
            }
            let end = ContinuousClock.now
            if repetition > 0 {
                prefill.append(Double(promptTokens) / ((read - start) / .seconds(1)))
                decode.append(Double(generatedTokens) / ((end - begin) / .seconds(1)))
            }
            onRepetition(repetition)
        }
        return SpeedMeasurement(
            promptTokens: promptTokens, generatedTokens: generatedTokens,
            threads: languageModel.threadCount, instructionSet: languageModel.instructionSet,
            prefillTokensPerSecond: Self.median(prefill),
            decodeTokensPerSecond: Self.median(decode),
            bytesPerToken: languageModel.bytesPerToken,
            operationsPerToken: languageModel.operationsPerPromptToken)
    }

    static func median(_ values: some Collection<Double>) -> Double {
        values.sorted()[values.count / 2]
    }
}
