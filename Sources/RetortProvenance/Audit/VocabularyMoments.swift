// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a model expects of the log-probability of the next token.
public struct VocabularyMoments: Sendable, Equatable {
    /// Of log p over tokens drawn from p: minus the entropy, nats.
    public let mean: Double
    /// Standard deviation of the same.
    public let deviation: Double
    /// log p of the token that came.
    public let logProbability: Double

    /// - Parameter logits: `[vocabSize]`.
    /// - Throws: ``ProvenanceError`` for a token that is not of the vocabulary and logits that are
    ///   not finite.
    /// - Complexity: O(vocabSize), without allocation.
    public init(of token: Int, in logits: UnsafeBufferPointer<Float>) throws(ProvenanceError) {
        guard logits.indices.contains(token) else {
            throw ProvenanceError("token \(token)", expected: "0 to \(logits.count - 1)")
        }
        var largest = -Float.infinity
        for logit in logits { largest = max(largest, logit) }
        var (mass, first, second) = (0.0, 0.0, 0.0)
        for logit in logits {
            let shifted = Double(logit) - Double(largest)
            let weight = exp(shifted)
            mass += weight
            // A token that is masked has no weight, and no logarithm.
            if weight > 0 {
                first += weight * shifted
                second += weight * shifted * shifted
            }
        }
        guard mass.isFinite, largest.isFinite else {
            throw ProvenanceError("the logits are not finite", advice: "check the model's weights")
        }
        let mean = first / mass
        deviation = max(0, second / mass - mean * mean).squareRoot()
        self.mean = mean - log(mass)
        logProbability = Double(logits[token]) - Double(largest) - log(mass)
    }
}
