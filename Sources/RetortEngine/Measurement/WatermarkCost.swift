// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortModels
import RetortTensor

/// What marking costs: each token is chosen twice from the same logits, with and without.
public struct WatermarkCost: Sendable {
    public let tokens: Int
    /// Of a token with the forward pass and one plain choice, on average.
    public let decodeSeconds: Double
    public let plainSeconds: Double
    public let markedSeconds: Double

    /// Of the time that a token takes.
    public var share: Double { (markedSeconds - plainSeconds) / decodeSeconds }
}

extension ReasoningModel {
    /// Generates one sequence from random tokens.
    /// - Parameter sampling: With a watermark; its seed is used.
    /// - Throws: ``EngineError`` if the parameters cannot be used.
    public func measureWatermark(
        promptTokens: Int, tokens: Int, sampling: SamplingParameters, cacheType: DType = .f16
    ) throws -> WatermarkCost {
        let generator = try Generator(
            self,
            contextLength: min(
                config.maxPositionEmbeddings, promptTokens + tokens + 1), cacheType: cacheType)
        var random = SystemRandomNumberGenerator()
        var request = GenerationRequest(
            prompt: (0..<promptTokens).map { _ in
                Int32.random(in: 0..<Int32(config.vocabSize), using: &random)
            })
        request.maximumTokens = tokens
        request.ignoresStopTokens = true
        var plainParameters = sampling
        plainParameters.watermark = nil
        let plain = try Sampler(parameters: plainParameters, vocabSize: config.vocabSize)
        let marked = try Sampler(parameters: sampling, vocabSize: config.vocabSize)
        var copy = [Float](repeating: 0, count: config.vocabSize)
        var plainTime = Duration.zero
        var markedTime = Duration.zero
        var count = 0
        let clock = ContinuousClock()
        let (_, usage) = try generator.generate(
            request, speculator: nil,
            choosing: { logits in
                for index in copy.indices { copy[index] = logits[index] }
                let start = clock.now
                _ = try copy.withUnsafeMutableBufferPointer { try plain.next($0) }
                let middle = clock.now
                let token = try marked.next(logits)
                markedTime += clock.now - middle
                plainTime += middle - start
                count += 1
                return token
            }, onToken: { _ in true })
        let number = Double(max(1, count))
        let decode = usage.decodeSeconds - markedTime / .seconds(1)
        return WatermarkCost(
            tokens: count, decodeSeconds: decode / number,
            plainSeconds: plainTime / .seconds(1) / number,
            markedSeconds: markedTime / .seconds(1) / number)
    }
}
