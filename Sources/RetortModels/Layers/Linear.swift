// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// y = x Wᵀ + b
struct Linear {
    let weight: WeightMatrix  // [outputs, inputs]
    let bias: FloatVector?  // [outputs]

    func forward(_ out: Rows, _ x: Rows, _ context: ComputeContext) {
        context.linear(out, x, weight, bias: bias?.base)
    }
}
