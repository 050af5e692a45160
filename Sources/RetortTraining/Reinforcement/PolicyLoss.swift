// SPDX-License-Identifier: Apache-2.0
//
// The clipped objective of policy optimisation (Schulman et al. 2017) with the k3 estimate of the
// divergence from a reference policy (Schulman 2020; DeepSeek-R1, equation 2).

import CRetortKernels
import RetortTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// −min(r A, clip(r) A) + β (ρ − log ρ − 1), with r = π/π_old and ρ = π_ref/π, for each token.
package final class PolicyLoss: TokenLoss {
    /// What is known of a step's tokens before the pass, and what the pass finds; `[tokens]` each.
    package struct Tokens {
        /// What the token's loss is multiplied with; 0 leaves it out.
        package let weights: UnsafeMutablePointer<Float>
        package let advantages: UnsafeMutablePointer<Float>
        /// The logarithms of the probabilities when the answers were sampled, and of the reference.
        package let old: UnsafeMutablePointer<Float>
        package let reference: UnsafeMutablePointer<Float>
        /// The logarithm of the probability now.
        package let found: UnsafeMutablePointer<Float>
        /// The entropy of the distribution in nats; where it was not measured, negative.
        package let entropy: UnsafeMutablePointer<Float>
        private let memory: AlignedBuffer

        /// - Throws: `TensorError` if memory runs out.
        package init(count: Int) throws(TensorError) {
            memory = try .floats(6 * count)
            weights = memory.floats
            advantages = weights + count
            old = advantages + count
            reference = old + count
            found = reference + count
            entropy = found + count
        }
    }

    package var tokens: Tokens
    /// How far a ratio may go down, and up, before it counts no more.
    package var clipLow: Float = 0.2
    package var clipHigh: Float = 0.2
    /// β
    package var klWeight: Float = 0
    /// What answers are sampled at: the policy is the distribution at this temperature.
    package var temperature: Float = 1
    /// Whether ``Tokens/old`` is given; without it the policy is the one that sampled, and r is 1.
    package var hasOld = false
    /// Whether only probabilities are wanted, and no gradient.
    package var onlyMeasures = false

    /// Multiplications that the entropy of a token may cost: of larger vocabularies it is measured at
    /// some tokens only.
    private static let entropyCost = 4096

    package init(_ tokens: Tokens) { self.tokens = tokens }

    package func replace(
        _ rows: LogitRows, scale: Float, losses: UnsafeMutablePointer<Float>,
        _ table: UnsafePointer<rk_kernels>
    ) {
        let vocabulary = rows.vocabulary
        let every = max(1, vocabulary / Self.entropyCost)
        let factor = 1 / temperature
        for row in 0..<rows.count {
            let (logits, token, target) = rows[row]
            let wanted = factor * logits[target]
            let logSum = table.pointee.softmax_saving(logits, vocabulary, factor)
            let logp = wanted - logSum
            tokens.found[token] = logp
            tokens.entropy[token] = token % every == 0 ? entropy(logits, vocabulary) : -1
            losses[token] = 0
            guard !onlyMeasures else { continue }
            let (loss, slope) = objective(token, logp)
            losses[token] = loss
            // The gradient of log p is the target's one minus all probabilities.
            let step = slope * scale * factor
            table.pointee.scale(logits, vocabulary, -step)
            logits[target] += step
        }
    }

    /// The weighted loss of a token and its derivative by the logarithm of the probability.
    private func objective(_ token: Int, _ logp: Float) -> (loss: Float, slope: Float) {
        let advantage = tokens.advantages[token]
        let ratio = hasOld ? expf(logp - tokens.old[token]) : 1
        let clipped = min(max(ratio, 1 - clipLow), 1 + clipHigh)
        let (plain, bounded) = (ratio * advantage, clipped * advantage)
        var loss = -min(plain, bounded)
        // Where the bounded side is the smaller one, it does not depend on the policy.
        var slope = plain <= bounded ? -plain : 0
        if klWeight > 0 {
            let difference = tokens.reference[token] - logp
            let change = expf(difference)
            loss += klWeight * (change - difference - 1)
            slope += klWeight * (1 - change)
        }
        return (loss * tokens.weights[token], slope * tokens.weights[token])
    }

    private func entropy(_ p: UnsafePointer<Float>, _ count: Int) -> Float {
        var sum: Float = 0
        for index in 0..<count where p[index] > 0 { sum -= p[index] * logf(p[index]) }
        return sum
    }
}
