// SPDX-License-Identifier: Apache-2.0
//
// Which experts a token goes to and with what weights: every gate of DeepSeek-V2 and V3 (2024) and
// of Qwen3-MoE.

import RetortFormats
import RetortTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct ExpertGate {
    let weight: WeightMatrix  // gate.weight, [experts, hiddenSize], always f32
    let correctionBias: FloatVector?  // gate.e_score_correction_bias, [experts]
    let config: ExpertsConfig

    /// Scores all tokens and chooses.
    /// - Parameters:
    ///   - x: `[tokens, hiddenSize]`.
    ///   - routing: Gets `numExpertsPerTok` experts and weights for each token.
    func forward(_ x: Rows, _ routing: Routing, _ context: ComputeContext) {
        let scores = routing.scores.prefix(x.rows)  // [tokens, experts]
        context.linear(scores, x, weight)
        let chosen = config.numExpertsPerTok
        for row in 0..<x.rows {
            choose(
                scores[row], experts: routing.experts + row * chosen,
                weights: routing.weights + row * chosen, ranks: routing.ranks,
                groups: routing.groups)
        }
    }

    /// - Parameters:
    ///   - scores: `[experts]`, logits; become scores.
    ///   - experts, weights: Get the chosen, `[numExpertsPerTok]`.
    ///   - ranks, groups: Scratch memory, `[experts]` and `[groups]`.
    func choose(
        _ scores: UnsafeMutablePointer<Float>, experts: UnsafeMutablePointer<Int32>,
        weights: UnsafeMutablePointer<Float>, ranks: UnsafeMutablePointer<Float>,
        groups: UnsafeMutablePointer<Float>
    ) {
        let count = config.numRoutedExperts
        switch config.scoring {
        case .softmax: softmax(scores, count)
        case .sigmoid: for index in 0..<count { scores[index] = 1 / (1 + expf(-scores[index])) }
        }
        // What the choice goes by; the weights are the scores themselves.
        for index in 0..<count { ranks[index] = scores[index] + (correctionBias?.base[index] ?? 0) }
        if config.selection != .greedy { excludeGroups(ranks, quality: groups) }

        let chosen = config.numExpertsPerTok
        var sum: Float = 0
        for place in 0..<chosen {
            let best = Self.largest(ranks, count)
            experts[place] = Int32(best)
            weights[place] = scores[best]
            sum += scores[best]
            ranks[best] = -.infinity
        }
        let scale = config.routedScalingFactor / (config.normTopkProb ? sum + 1e-20 : 1)
        for place in 0..<chosen { weights[place] *= scale }
    }

    private func softmax(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
        let largest = x[Self.largest(x, count)]
        var sum: Float = 0
        for index in 0..<count {
            x[index] = expf(x[index] - largest)
            sum += x[index]
        }
        for index in 0..<count { x[index] /= sum }
    }

    /// Leaves the experts of the best groups.
    private func excludeGroups(
        _ ranks: UnsafeMutablePointer<Float>, quality: UnsafeMutablePointer<Float>
    ) {
        let groups = config.numGroups
        let size = config.numRoutedExperts / groups
        for group in 0..<groups {
            var (first, second) = (-Float.infinity, -Float.infinity)
            for index in group * size..<(group + 1) * size {
                if ranks[index] > first {
                    second = first
                    first = ranks[index]
                } else if ranks[index] > second {
                    second = ranks[index]
                }
            }
            quality[group] = config.selection == .biasedTopTwoGroups ? first + second : first
        }
        for _ in 0..<config.topkGroup { quality[Self.largest(quality, groups)] = .nan }
        for group in 0..<groups where !quality[group].isNaN {
            (ranks + group * size).update(repeating: -.infinity, count: size)
        }
    }

    /// The index of the first of the largest; NaN never is.
    private static func largest(_ x: UnsafePointer<Float>, _ count: Int) -> Int {
        var best = 0
        var value = -Float.infinity
        for index in 0..<count where x[index] > value {
            best = index
            value = x[index]
        }
        return best
    }
}

/// The memory of the gates, made once for the largest batch of tokens and reused by all layers.
final class Routing {
    let scores: Rows  // [tokens, experts]
    let ranks: UnsafeMutablePointer<Float>  // [experts]
    let groups: UnsafeMutablePointer<Float>  // [groups]
    let weights: UnsafeMutablePointer<Float>  // [tokens, experts per token]
    let experts: UnsafeMutablePointer<Int32>  // [tokens, experts per token]
    /// Where each expert's tokens begin in `tokens`, `[experts + 1]`.
    let starts: UnsafeMutablePointer<Int32>
    /// Assignments (token * experts per token + place) in the order of their experts.
    let order: UnsafeMutablePointer<Int32>
    private let buffers: [AlignedBuffer]

    init(config: ExpertsConfig, tokens: Int) throws {
        let assignments = tokens * config.numExpertsPerTok
        var buffers: [AlignedBuffer] = []
        func words(_ count: Int) throws -> UnsafeMutablePointer<Float> {
            let buffer = try AlignedBuffer.floats(count)
            buffers.append(buffer)
            return buffer.floats
        }
        func integers(_ count: Int) throws -> UnsafeMutablePointer<Int32> {
            UnsafeMutableRawPointer(try words(count)).assumingMemoryBound(to: Int32.self)
        }
        scores = Rows(
            try words(tokens * config.numRoutedExperts + 32), rows: tokens,
            columns: config.numRoutedExperts)
        ranks = try words(config.numRoutedExperts)
        groups = try words(config.numGroups)
        weights = try words(assignments)
        experts = try integers(assignments)
        starts = try integers(config.numRoutedExperts + 1)
        order = try integers(assignments)
        self.buffers = buffers
    }

    /// Sorts the assignments of `tokens` tokens by expert (a counting sort, so ties keep their order).
    func sortByExpert(tokens: Int, config: ExpertsConfig) {
        let assignments = tokens * config.numExpertsPerTok
        let count = config.numRoutedExperts
        starts.update(repeating: 0, count: count + 1)
        for index in 0..<assignments { starts[Int(experts[index]) + 1] += 1 }
        for expert in 0..<count { starts[expert + 1] += starts[expert] }
        for index in 0..<assignments {
            let expert = Int(experts[index])
            order[Int(starts[expert])] = Int32(index)
            starts[expert] += 1
        }
        // Each start has moved to its end: move all back by one place.
        for expert in stride(from: count, to: 0, by: -1) { starts[expert] = starts[expert - 1] }
        starts[0] = 0
    }
}
