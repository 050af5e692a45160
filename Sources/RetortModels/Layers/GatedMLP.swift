// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortTensor

/// down(silu(gate(x)) · up(x)): SwiGLU (Shazeer 2020).
struct GatedMLP {
    let gateProj: Linear  // gate_proj
    let upProj: Linear  // up_proj
    let downProj: Linear  // down_proj

    init(gateProj: Linear, upProj: Linear, downProj: Linear) {
        self.gateProj = gateProj
        self.upProj = upProj
        self.downProj = downProj
    }

    init(_ weights: WeightLoader, config: ModelConfig, intermediateSize inner: Int) throws {
        let hidden = config.hiddenSize
        gateProj = try weights.linear("gate_proj", from: hidden, to: inner, bias: config.mlpBias)
        upProj = try weights.linear("up_proj", from: hidden, to: inner, bias: config.mlpBias)
        downProj = try weights.linear("down_proj", from: inner, to: hidden, bias: config.mlpBias)
    }

    /// out, x: `[tokens, hiddenSize]`; they may be the same.
    func forward(_ out: Rows, _ x: Rows, _ state: RunState) {
        let inner = gateProj.weight.rows
        let gate = state.gate.reshaped(rows: x.rows, columns: inner)
        let up = state.up.reshaped(rows: x.rows, columns: inner)
        Linear.forwardPair((gateProj, gate), (upProj, up), x, state.context)
        state.context.siluMultiply(gate, up)
        downProj.forward(out, gate, state.context)
    }

    var linears: [Linear] { [gateProj, upProj, downProj] }
}
