// SPDX-License-Identifier: Apache-2.0
//
// What a token's logits are trained towards. The gradient takes the place of the logits, so that the
// logits of a whole batch are never in memory.

import CRetortKernels

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
