// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortModels
import RetortTensor

/// What marking costs: each token is chosen twice from the same logits, with and without.
public struct WatermarkCost: Sendable {
    public let tokens: Int
    /// Of a token with the forward pass and one marked choice; medians, all of them.
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
        var plainTimes: [Double] = []
        var markedTimes: [Double] = []
        var tokenTimes: [Double] = []
        let clock = ContinuousClock()
        var last: ContinuousClock.Instant?
        _ = try generator.generate(
            request, speculator: nil,
            choosing: { logits in
                let before = clock.now
                for index in copy.indices { copy[index] = logits[index] }
                let start = clock.now
                _ = try copy.withUnsafeMutableBufferPointer { try plain.next($0) }
                let middle = clock.now
                let token = try marked.next(logits)
                let end = clock.now
                plainTimes.append((middle - start) / .seconds(1))
                markedTimes.append((end - middle) / .seconds(1))
                if let last { tokenTimes.append((before - last + (end - middle)) / .seconds(1)) }
                last = end
                return token
            }, onToken: { _ in true })
        return WatermarkCost(
            tokens: plainTimes.count, decodeSeconds: Self.median(tokenTimes),
            plainSeconds: Self.median(plainTimes), markedSeconds: Self.median(markedTimes))
    }
}
