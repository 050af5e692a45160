// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortTensor

/// down(silu(gate(x)) · up(x)): SwiGLU (Shazeer 2020).
struct GatedMLP {
    let gateProj: Linear  // gate_proj
    let upProj: Linear  // up_proj
    let downProj: Linear  // down_proj

    init(_ weights: WeightLoader, config: ModelConfig) throws {
        let (hidden, inner) = (config.hiddenSize, config.intermediateSize)
        gateProj = try weights.linear("gate_proj", from: hidden, to: inner, bias: config.mlpBias)
        upProj = try weights.linear("up_proj", from: hidden, to: inner, bias: config.mlpBias)
        downProj = try weights.linear("down_proj", from: inner, to: hidden, bias: config.mlpBias)
    }

    /// out, x: `[tokens, hiddenSize]`.
    func forward(_ out: Rows, _ x: Rows, _ state: RunState) {
        let gate = state.gate.prefix(x.rows)  // [tokens, intermediateSize]
        let up = state.up.prefix(x.rows)  // [tokens, intermediateSize]
        gateProj.forward(gate, x, state.context)
        upProj.forward(up, x, state.context)
        state.context.siluMultiply(gate, up)
        downProj.forward(out, gate, state.context)
    }
}
