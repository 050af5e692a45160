// SPDX-License-Identifier: Apache-2.0

/// The shape of a mixture of experts and how its gate chooses. Names as in config.json.
public struct ExpertsConfig: Sendable, Equatable {
    /// What turns the gate's logits into scores.
    public enum ScoringFunction: String, Sendable {
        case softmax, sigmoid
    }

    /// How experts are chosen by their scores.
    public enum SelectionMethod: String, Sendable {
        /// The best of all.
        case greedy
        /// The best of the best groups, a group being as good as its best expert (DeepSeek-V2).
        case groupLimitedGreedy = "group_limited_greedy"
        /// As before, by scores with a bias, a group being as good as its best two (DeepSeek-V3).
        case biasedTopTwoGroups = "noaux_tc"
    }

    public var numRoutedExperts: Int
    public var numExpertsPerTok: Int
    /// Experts that every token uses, computed as one of this many times the width.
    public var numSharedExperts: Int
    public var moeIntermediateSize: Int
    /// Layers that have experts, by index.
    public var sparseLayers: Set<Int>
    public var scoring: ScoringFunction
    public var selection: SelectionMethod
    public var numGroups: Int
    public var topkGroup: Int
    /// Whether the chosen weights are divided by their sum.
    public var normTopkProb: Bool
    /// Multiplies the chosen weights.
    public var routedScalingFactor: Float

    public init(
        numRoutedExperts: Int, numExpertsPerTok: Int, numSharedExperts: Int = 0,
        moeIntermediateSize: Int, sparseLayers: Set<Int>, scoring: ScoringFunction = .softmax,
        selection: SelectionMethod = .greedy, numGroups: Int = 1, topkGroup: Int = 1,
        normTopkProb: Bool = false, routedScalingFactor: Float = 1
    ) {
        self.numRoutedExperts = numRoutedExperts
        self.numExpertsPerTok = numExpertsPerTok
        self.numSharedExperts = numSharedExperts
        self.moeIntermediateSize = moeIntermediateSize
        self.sparseLayers = sparseLayers
        self.scoring = scoring
        self.selection = selection
        self.numGroups = numGroups
        self.topkGroup = topkGroup
        self.normTopkProb = normTopkProb
        self.routedScalingFactor = routedScalingFactor
    }

    /// How many layers come before those with experts, nil if the two kinds are mixed.
    func leadingDenseLayers(of layers: Int) -> Int? {
        let dense = layers - sparseLayers.count
        return sparseLayers == Set(dense..<layers) ? dense : nil
    }

    func validate(path: String) throws(FormatError) {
        let limits: [(name: String, value: Int, limit: Int)] = [
            ("n_routed_experts", numRoutedExperts, 1 << 14),
            ("num_experts_per_tok", numExpertsPerTok, numRoutedExperts),
            ("moe_intermediate_size", moeIntermediateSize, 1 << 20),
            ("n_shared_experts", numSharedExperts + 1, 1 << 8),
            ("n_group", numGroups, numRoutedExperts),
            ("topk_group", topkGroup, numGroups),
        ]
        for (name, value, limit) in limits where value < 1 || value > limit {
            throw FormatError("\(path): \(name) is \(value); it must be between 1 and \(limit)")
        }
        guard moeIntermediateSize * max(1, numSharedExperts) <= 1 << 22 else {
            throw FormatError("\(path): the shared experts are too wide")
        }
        if selection != .greedy {
            guard numRoutedExperts % numGroups == 0 else {
                throw FormatError(
                    "\(path): \(numRoutedExperts) experts do not form \(numGroups) equal groups")
            }
            let perGroup = numRoutedExperts / numGroups
            guard topkGroup * perGroup >= numExpertsPerTok,
                selection != .biasedTopTwoGroups || perGroup >= 2
            else {
                throw FormatError(
                    "\(path): \(topkGroup) groups of \(perGroup) experts are too few for \(numExpertsPerTok) per token"
                )
            }
        }
        guard routedScalingFactor > 0, routedScalingFactor.isFinite else {
            throw FormatError(
                "\(path): routed_scaling_factor is \(routedScalingFactor); it must be positive")
        }
    }
}
