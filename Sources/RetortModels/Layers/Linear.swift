// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// y = x Wᵀ + b
struct Linear {
    let weight: WeightMatrix  // [outputs, inputs]
    let bias: FloatVector?  // [outputs]

    /// Two layers of one input; for one generated row at once. A prompt's row takes the way of all
    /// others, so that it gets their bits.
    static func forwardPair(
        _ first: (layer: Linear, out: Rows), _ second: (layer: Linear, out: Rows), _ x: Rows,
        _ context: ComputeContext
    ) {
        guard x.rows == 1, !context.readsPrompt else {
            first.layer.forward(first.out, x, context)
            second.layer.forward(second.out, x, context)
            return
        }
        context.beginGroup()
        first.layer.addToGroup(first.out, x, context)
        second.layer.addToGroup(second.out, x, context)
        context.runGroup()
    }

    private func addToGroup(_ out: Rows, _ x: Rows, _ context: ComputeContext) {
        context.addToGroup(out.base, x.base, weight, bias: bias?.base)
    }

    func forward(_ out: Rows, _ x: Rows, _ context: ComputeContext) {
        context.linear(out, x, weight, bias: bias?.base)
    }
}
