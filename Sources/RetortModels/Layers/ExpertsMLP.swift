// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortTensor

/// A mixture of experts: the weighted sum of the experts that the gate chose for a token, and of
/// the shared ones (DeepSeekMoE, Dai et al. 2024).
struct ExpertsMLP {
    let gate: ExpertGate  // gate
    let experts: [GatedMLP]  // experts.N
    let sharedExperts: GatedMLP?  // shared_experts
    let config: ExpertsConfig

    init(_ weights: WeightLoader, config: ModelConfig, experts shape: ExpertsConfig) throws {
        self.config = shape
        let hidden = config.hiddenSize
        let hasBias = shape.selection == .biasedTopTwoGroups
        gate = ExpertGate(
            weight: try weights.floatMatrix(
                "gate.weight", rows: shape.numRoutedExperts, columns: hidden),
            correctionBias: hasBias
                ? try weights.vector("gate.e_score_correction_bias", count: shape.numRoutedExperts)
                : nil,
            config: shape)
        experts = try weights.experts(config: config, experts: shape)
        sharedExperts =
            shape.numSharedExperts == 0
            ? nil
            : try GatedMLP(
                weights.scope("shared_experts"), config: config,
                intermediateSize: shape.moeIntermediateSize * shape.numSharedExperts)
    }

    /// out, x: `[tokens, hiddenSize]`.
    func forward(_ out: Rows, _ x: Rows, _ state: RunState) {
        guard let routing = state.routing, let gathered = state.gathered else { return }
        gate.forward(x, routing, state.context)
        // Row by row as far as rows must get the bits that they have alone.
        if x.rows <= ComputeContext.exactRows {
            for row in 0..<x.rows { forwardOne(out, x, row, routing, state) }
            return
        }
        if let sharedExperts {
            sharedExperts.forward(out, x, state)
        } else {
            for row in 0..<x.rows { out[row].update(repeating: 0, count: x.columns) }
        }
        forwardGrouped(out, x, routing, gathered, state)
    }

    /// One token: the first layers of its experts at once, then their last layers.
    private func forwardOne(
        _ out: Rows, _ x: Rows, _ row: Int, _ routing: Routing, _ state: RunState
    ) {
        guard let gate = state.expertGate, let up = state.expertUp, let parts = state.expertOut
        else { return }
        let context = state.context
        let chosen = config.numExpertsPerTok
        let assigned = row * chosen
        let count = chosen + (sharedExperts == nil ? 0 : 1)
        func expert(_ place: Int) -> GatedMLP {
            place < chosen
                ? experts[Int(routing.experts[assigned + place])] : sharedExperts ?? experts[0]
        }
        context.beginGroup()
        for place in 0..<count {
            let mlp = expert(place)
            context.addToGroup(
                gate[place], x[row], mlp.gateProj.weight, bias: mlp.gateProj.bias?.base)
            context.addToGroup(up[place], x[row], mlp.upProj.weight, bias: mlp.upProj.bias?.base)
        }
        context.runGroup()
        context.beginGroup()
        for place in 0..<count {
            let mlp = expert(place)
            let inner = mlp.gateProj.weight.rows
            let hidden = Rows(gate[place], rows: 1, columns: inner)
            context.siluMultiply(hidden, Rows(up[place], rows: 1, columns: inner))
            // The weight of an expert can be given to its last layer's input as well as to its output.
            if place < chosen { context.scale(hidden, routing.weights[assigned + place]) }
            context.addToGroup(
                parts[place], hidden.base, mlp.downProj.weight, bias: mlp.downProj.bias?.base)
        }
        context.runGroup()
        let target = Rows(out[row], rows: 1, columns: out.columns)
        target.base.update(from: parts[0], count: out.columns)
        for place in 1..<count {
            context.add(target, Rows(parts[place], rows: 1, columns: out.columns))
        }
    }

    /// Each expert once, on all tokens that go to it.
    private func forwardGrouped(
        _ out: Rows, _ x: Rows, _ routing: Routing, _ gathered: Rows, _ state: RunState
    ) {
        let perToken = config.numExpertsPerTok
        routing.sortByExpert(tokens: x.rows, config: config)
        for (index, expert) in experts.enumerated() {
            let start = Int(routing.starts[index])
            let count = Int(routing.starts[index + 1]) - start
            guard count > 0 else { continue }
            let inputs = gathered.prefix(count)  // [tokens of this expert, hiddenSize]
            for row in 0..<count {
                let token = Int(routing.order[start + row]) / perToken
                inputs[row].update(from: x[token], count: x.columns)
            }
            expert.forward(inputs, inputs, state)
            for row in 0..<count {
                let assignment = Int(routing.order[start + row])
                let token = assignment / perToken
                state.context.addScaled(
                    Rows(out[token], rows: 1, columns: x.columns),
                    Rows(inputs[row], rows: 1, columns: x.columns), routing.weights[assignment])
            }
        }
    }

    /// The linear layers that every token passes, and the routed ones of an average token.
    var linears: [Linear] {
        (sharedExperts?.linears ?? []) + experts.prefix(config.numExpertsPerTok).flatMap(\.linears)
    }
}
