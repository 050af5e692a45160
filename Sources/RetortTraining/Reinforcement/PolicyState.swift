// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// What a checkpoint of reinforcement learning holds beside weights and moments.
struct PolicyState: Codable, Equatable {
    static let fileName = "policy_state.json"

    var version = 1
    var step = 0
    /// Optimizer steps; fewer where a step had nothing to learn from, more with minibatches.
    var updates = 0
    /// Problems taken from each level.
    var taken: [Int]
    /// By level, the share of correct answers, averaged over about the last 10 steps that had any.
    var passRates: [Double?]
    /// Tokens that were sampled, and that were trained on.
    var sampledTokens = 0
    var trainedTokens = 0
    var seconds = 0.0
    /// After which step the reference was taken; 0 is the model that the run began with.
    var referenceStep = 0
    var bestAccuracy: Double?
    var bestStep: Int?

    init(levels: Int) {
        taken = Array(repeating: 0, count: levels)
        passRates = Array(repeating: nil, count: levels)
    }

    /// The level of each prompt of a step: levels where answers differ most are taken most, those that
    /// always or never succeed now and then.
    func levels(count: Int, seed: UInt64) -> [Int] {
        let weights = passRates.map { rate in
            rate.map { $0 * (1 - $0) + 0.02 } ?? 0.27
        }
        let total = weights.reduce(0, +)
        var random = SplitMix64(
            seed: SplitMix64.mix(seed ^ 0x6c65_7665_6c73) ^ SplitMix64.mix(UInt64(step)))
        return (0..<count).map { _ in
            var left = Double(random.next() >> 11) * 0x1p-53 * total
            for (level, weight) in weights.enumerated() {
                left -= weight
                if left < 0 { return level }
            }
            return weights.count - 1
        }
    }

    mutating func count(_ correct: Int, of answers: Int, level: Int) {
        guard answers > 0 else { return }
        let rate = Double(correct) / Double(answers)
        passRates[level] = passRates[level].map { $0 + 0.1 * (rate - $0) } ?? rate
    }
}
