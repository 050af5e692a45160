// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortTensor

/// A mixture of experts: the weighted sum of the experts that the gate chose for a token, and of
/// the shared ones (DeepSeekMoE, Dai et al. 2024).
struct ExpertsMLP {
    let gate: ExpertGate  // gate
    let experts: [GatedMLP]  // experts.N
    let sharedExperts: GatedMLP?  // shared_experts
    private let config: ExpertsConfig

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
        if let sharedExperts {
            sharedExperts.forward(out, x, state)
        } else {
            for row in 0..<x.rows { out[row].update(repeating: 0, count: x.columns) }
        }
        if x.rows == 1 {
            forwardOne(out, x, routing, gathered, state)
        } else {
            forwardGrouped(out, x, routing, gathered, state)
        }
    }

    private func forwardOne(
        _ out: Rows, _ x: Rows, _ routing: Routing, _ gathered: Rows, _ state: RunState
    ) {
        let result = gathered.prefix(1)
        for place in 0..<config.numExpertsPerTok {
            experts[Int(routing.experts[place])].forward(result, x, state)
            state.context.addScaled(out, result, routing.weights[place])
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
