// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// weight · x / sqrt(mean(x²) + eps)
struct RMSNorm {
    let weight: FloatVector
    let eps: Float

    func forward(_ out: Rows, _ x: Rows, _ context: ComputeContext) {
        context.rmsNorm(out, x, weight: weight.base, eps: eps)
    }

    /// Every head of `headDim` columns by itself, in place.
    func forwardHeads(_ x: Rows, _ context: ComputeContext) {
        context.rmsNormHeads(x, headDim: weight.count, weight: weight.base, eps: eps)
    }
}
