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

/// The logits of some tokens, and what is to be predicted.
package struct LogitRows {
    /// `[count, stride]`; the gradients take their place.
    package let logits: UnsafeMutablePointer<Float>
    package let stride: Int
    package let vocabulary: Int
    /// Their indices in the batch, and the ids that are to be predicted, below `vocabulary`.
    package let tokens: UnsafePointer<Int32>
    package let targets: UnsafePointer<Int32>
    package let count: Int

    /// The logits of a token, its index in the batch and its target.
    @inline(__always)
    package subscript(row: Int) -> (logits: UnsafeMutablePointer<Float>, token: Int, target: Int) {
        (logits + row * stride, Int(tokens[row]), Int(targets[row]))
    }
}

/// A loss of each token by itself. Several threads ask for different tokens at once.
package protocol TokenLoss: AnyObject {
    /// Computes the losses of some tokens.
    /// - Parameters:
    ///   - rows: The logits; replaced by `scale` times their gradient.
    ///   - losses: `[tokens of the batch]`; those of the rows are set.
    func replace(
        _ rows: LogitRows, scale: Float, losses: UnsafeMutablePointer<Float>,
        _ table: UnsafePointer<rk_kernels>)
}

/// −log p(target)
package final class CrossEntropy: TokenLoss {
    package init() {}

    package func replace(
        _ rows: LogitRows, scale: Float, losses: UnsafeMutablePointer<Float>,
        _ table: UnsafePointer<rk_kernels>
    ) {
        for row in 0..<rows.count {
            let (logits, token, target) = rows[row]
            let wanted = logits[target]
            let logSum = table.pointee.softmax_saving(logits, rows.vocabulary, 1)
            table.pointee.scale(logits, rows.vocabulary, scale)
            logits[target] -= scale
            losses[token] = logSum - wanted
        }
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

    package func replace(
        _ rows: LogitRows, scale: Float, losses: UnsafeMutablePointer<Float>,
        _ table: UnsafePointer<rk_kernels>
    ) {
        for row in 0..<rows.count {
            let (logits, token, _) = rows[row]
            losses[token] = loss(
                logits, vocabulary: rows.vocabulary, token: token, scale: scale, table)
        }
    }

    private func loss(
        _ logits: UnsafeMutablePointer<Float>, vocabulary: Int, token: Int, scale: Float,
        _ table: UnsafePointer<rk_kernels>
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
