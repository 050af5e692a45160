// SPDX-License-Identifier: Apache-2.0
//
// Text of a given entropy, to find out what a test can see: at each place a geometric distribution over tokens in
// an order of its own. As in language, places differ: most are nearly certain, some wide open; their entropies are
// exponential around the mean.

import Foundation
import RetortEngine

/// Writes tokens as a language model of a given entropy would, marked or not.
public struct SyntheticText: Sendable {
    /// Nats a token, on average.
    public let entropy: Double
    public let watermark: WatermarkParameters?
    /// What the sampler makes of the distributions.
    public var temperature: Float = 1

    public static let vocabulary = 512
    /// The widest place.
    private static let mostNats = 4.5
    private static let grain = 0.05
    /// The ratio of each probability to the last one, by the entropy in steps of ``grain``.
    private static let ratios: [Double] = (0...Int(mostNats / grain)).map {
        ratio(entropy: Double($0) * grain)
    }

    public init(entropy: Double, watermark: WatermarkParameters?) {
        self.entropy = entropy
        self.watermark = watermark
    }

    /// - Throws: `EngineError` if the watermark's parameters are out of their range.
    public func tokens(_ count: Int, _ random: inout some RandomNumberGenerator) throws -> [Int32] {
        var parameters = SamplingParameters()
        parameters.temperature = temperature
        parameters.watermark = watermark
        parameters.seed = random.next()
        let sampler = try Sampler(parameters: parameters, vocabSize: Self.vocabulary)
        var logits = [Float](repeating: 0, count: Self.vocabulary)
        return try (0..<count).map { _ in
            place(&logits, &random)
            return try logits.withUnsafeMutableBufferPointer { try sampler.next($0) }
        }
    }

    private func place(_ logits: inout [Float], _ random: inout some RandomNumberGenerator) {
        let nats = min(
            -log(Double.random(in: 0x1p-60..<1, using: &random)) * entropy, Self.mostNats)
        let ratio = Self.ratios[Int(nats / Self.grain)]
        let slope = ratio > 0 ? log(ratio) : -100
        // An odd stride visits every token once.
        var token = Int.random(in: 0..<Self.vocabulary, using: &random)
        let stride = 2 * Int.random(in: 0..<Self.vocabulary / 2, using: &random) + 1
        for rank in 0..<Self.vocabulary {
            logits[token] = Float(slope * Double(rank))
            token = (token + stride) & (Self.vocabulary - 1)
        }
    }

    /// Of a geometric distribution: −ln(1 − q) − q ln q / (1 − q) nats.
    private static func ratio(entropy: Double) -> Double {
        guard entropy > 0 else { return 0 }
        var low = 0.0
        var high = 1.0
        for _ in 0..<60 {
            let q = (low + high) / 2
            let nats = -log(1 - q) - (q > 0 ? q * log(q) / (1 - q) : 0)
            if nats < entropy { low = q } else { high = q }
        }
        return low
    }
}
