// SPDX-License-Identifier: Apache-2.0
//
// What a token's logits are trained towards. The gradient takes the place of the logits, so that the
// logits of a whole batch are never in memory.

import CRetortKernels

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A loss of one token at a time.
package protocol TokenLoss: AnyObject {
    /// The loss of a token.
    /// - Parameters:
    ///   - logits: `[vocabulary]`; replaced by `scale` times their gradient.
    ///   - token: The index of the token in the batch.
    ///   - target: What is to be predicted, below `vocabulary`.
    func loss(
        _ logits: UnsafeMutablePointer<Float>, vocabulary: Int, token: Int, target: Int,
        scale: Float, _ table: UnsafePointer<rk_kernels>
    ) -> Float
}

/// −log p(target)
package final class CrossEntropy: TokenLoss {
    package init() {}

    package func loss(
        _ logits: UnsafeMutablePointer<Float>, vocabulary: Int, token: Int, target: Int,
        scale: Float, _ table: UnsafePointer<rk_kernels>
    ) -> Float {
        let wanted = logits[target]
        let logSum = table.pointee.softmax_saving(logits, vocabulary, 1)
        table.pointee.scale(logits, vocabulary, scale)
        logits[target] -= scale
        return logSum - wanted
    }
}

/// The divergence of a student's distribution from a teacher's.
package final class Divergence: TokenLoss {
    package enum Kind: String, Sendable, CaseIterable {
        /// KL(teacher ‖ student)
        case forward
        /// KL(student ‖ teacher)
        case reverse
        /// The mean of both ones' KL to their mean (Jensen and Shannon).
        case jensenShannon
    }

    package let kind: Kind
    /// The teacher's probabilities, `[tokens, vocabulary]`.
    package var teacher: UnsafePointer<Float>

    package init(_ kind: Kind, teacher: UnsafePointer<Float>) {
        self.kind = kind
        self.teacher = teacher
    }

    package func loss(
        _ logits: UnsafeMutablePointer<Float>, vocabulary: Int, token: Int, target: Int,
        scale: Float, _ table: UnsafePointer<rk_kernels>
    ) -> Float {
        let q = teacher + token * vocabulary
        _ = table.pointee.softmax_saving(logits, vocabulary, 1)
        let p = logits
        // Of a probability that has become zero, x log x is zero; its own logarithm is bounded.
        func logarithm(_ x: Float) -> Float { logf(max(x, 1e-30)) }
        var loss: Float = 0
        switch kind {
        case .forward:
            for index in 0..<vocabulary where q[index] > 0 {
                loss += q[index] * (logarithm(q[index]) - logarithm(p[index]))
            }
            var mass: Float = 0
            for index in 0..<vocabulary { mass += q[index] }
            for index in 0..<vocabulary { logits[index] = scale * (mass * p[index] - q[index]) }
        case .reverse:
            for index in 0..<vocabulary where p[index] > 0 {
                loss += p[index] * (logarithm(p[index]) - logarithm(q[index]))
            }
            for index in 0..<vocabulary {
                let ratio = logarithm(p[index]) - logarithm(q[index])
                logits[index] = scale * p[index] * (ratio - loss)
            }
        case .jensenShannon:
            var mean: Float = 0
            for index in 0..<vocabulary {
                let middle = logarithm((p[index] + q[index]) / 2)
                let own = p[index] > 0 ? logarithm(p[index]) - middle : 0
                loss += p[index] * own / 2
                if q[index] > 0 { loss += q[index] * (logarithm(q[index]) - middle) / 2 }
                mean += p[index] * own / 2
            }
            for index in 0..<vocabulary where p[index] > 0 {
                let own = logarithm(p[index]) - logarithm((p[index] + q[index]) / 2)
                logits[index] = scale * p[index] * (own / 2 - mean)
            }
        }
        return loss
    }
}
