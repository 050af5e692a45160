// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortModels
import RetortTensor

extension PolicyTrainer {
    /// One step: sample, reward, compare, learn.
    /// - Returns: Nil if it was stopped; nothing has changed then.
    func takeStep(shouldStop: () -> Bool) throws -> PolicyMetrics? {
        let start = ContinuousClock().now
        var next = state
        let problems = try draw(&next)
        let seed = SplitMix64.mix(recipe.seed &+ SplitMix64.mix(UInt64(state.step)))
        guard
            let groups = try sampler.sample(
                problems.map(\.prompt), count: settings.groupSize, sampling: sampling,
                maximumTokens: settings.maximumTokens, seed: seed, shouldStop: shouldStop)
        else { return nil }
        let sampled = ContinuousClock().now
        var metrics = PolicyMetrics()
        var samples = try judge(problems, groups, &metrics, &next)
        let learned = try learn(&samples, &metrics)
        next.step += 1
        next.updates += learned.updates
        next.sampledTokens += metrics.sampledTokens
        next.trainedTokens += learned.tokens
        let end = ContinuousClock().now
        next.seconds += (end - start) / .seconds(1)
        state = next

        metrics.step = state.step
        metrics.sampledTokensPerSecond =
            Double(metrics.sampledTokens) / max(1e-9, (sampled - start) / .seconds(1))
        metrics.trainedTokensPerSecond =
            Double(learned.tokens) / max(1e-9, (end - sampled) / .seconds(1))
        metrics.sampledTokens = state.sampledTokens
        metrics.trainedTokens = state.trainedTokens
        metrics.seconds = state.seconds
        metrics.operations = operations
        for (level, rate) in state.passRates.enumerated() {
            if let rate { metrics.passRates[environment.levels[level]] = rate }
        }
        return metrics
    }

    /// Of all steps so far: a forward pass for each token sampled, forward and backward for each trained,
    /// and a forward pass of the reference and of the teacher.
    private var operations: Double {
        let trained = Double(state.trainedTokens)
        let whole = summary.operationsPerToken
        var sum = Double(state.sampledTokens) * whole / 3 + trained * whole
        if reference != nil { sum += trained * whole / 3 }
        if let teacher { sum += trained * teacher.operationsPerToken }
        return sum
    }

    private func draw(_ state: inout PolicyState) throws -> [PolicyProblem] {
        var problems: [PolicyProblem] = []
        for level in state.levels(count: settings.prompts, seed: recipe.seed) {
            problems.append(try environment.problem(state.taken[level], level: level))
            state.taken[level] += 1
        }
        return problems
    }

    /// Rewards the answers; those that something can be learned from become samples.
    private func judge(
        _ problems: [PolicyProblem], _ groups: [[RolloutSampler.Rollout]],
        _ metrics: inout PolicyMetrics, _ state: inout PolicyState
    ) throws -> [PolicySample] {
        var samples: [PolicySample] = []
        var rewards: [Double] = []
        var (correct, thinking, truncated, informative) = (0, 0, 0, 0)
        let judged = try self.rewards(problems, groups)
        for ((problem, group), found) in zip(zip(problems, groups), judged) {
            let own = found.map(\.total)
            rewards += own
            for reward in found {
                for (name, value) in reward.parts { metrics.rewardParts[name, default: 0] += value }
            }
            let right = found.count { $0.isCorrect }
            correct += right
            thinking += found.count { $0.thinks }
            truncated += group.count { !$0.isFinished }
            metrics.sampledTokens += group.reduce(0) { $0 + $1.tokens.count }
            state.count(right, of: group.count, level: problem.level)
            let advantages = settings.variant.advantages(own)
            let isInformative = advantages.contains { $0 != 0 }
            informative += isInformative ? 1 : 0
            // A teacher has something to say to every token, whatever the answer is worth.
            guard isInformative || teacher != nil else { continue }
            for (answer, advantage) in zip(group, advantages)
            where answer.isFinished || teacher != nil {
                samples.append(
                    PolicySample(
                        tokens: problem.prompt + answer.tokens,
                        promptCount: problem.prompt.count, advantage: Float(advantage), weight: 0))
            }
        }
        let count = Double(max(1, rewards.count))
        metrics.reward = rewards.reduce(0, +) / count
        let square = rewards.reduce(0) { $0 + ($1 - metrics.reward) * ($1 - metrics.reward) }
        metrics.rewardDeviation = (square / count).squareRoot()
        for name in metrics.rewardParts.keys { metrics.rewardParts[name]? /= count }
        metrics.accuracy = Double(correct) / count
        metrics.thinking = Double(thinking) / count
        metrics.truncated = Double(truncated) / count
        metrics.length = Double(metrics.sampledTokens) / count
        metrics.informativeGroups = Double(informative) / Double(max(1, problems.count))
        return samples
    }

    /// The rewards of groups, by group.
    func rewards(_ problems: [PolicyProblem], _ groups: [[RolloutSampler.Rollout]]) throws
        -> [[PolicyReward]]
    {
        var answers: [PolicyAnswer] = []
        for (problem, group) in zip(problems, groups) {
            for answer in group {
                answers.append(
                    PolicyAnswer(
                        problem: problem, tokens: answer.tokens, isFinished: answer.isFinished))
            }
        }
        let found = try environment.rewards(answers)
        guard found.count == answers.count, found.allSatisfy({ $0.total.isFinite }) else {
            throw TrainingError(
                "the task gave \(found.count) rewards for \(answers.count) answers, or one that is no number"
            )
        }
        var first = 0
        return groups.map { group in
            defer { first += group.count }
            return Array(found[first..<first + group.count])
        }
    }

    /// Goes through the answers as often as the recipe says.
    private func learn(_ samples: inout [PolicySample], _ metrics: inout PolicyMetrics) throws
        -> (updates: Int, tokens: Int)
    {
        let rate = schedule.learningRate(step: state.step)
        metrics.learningRate = rate
        guard !samples.isEmpty else { return (0, 0) }
        if settings.leavesPolicy, teacher == nil {
            try measure(&samples, graph, loss) { $0.old = $1 }
        }
        if let reference {
            try measure(&samples, reference.graph, reference.loss) { $0.reference = $1 }
        }
        var tally = Tally()
        var updates = 0
        let parts = min(settings.minibatches, samples.count)
        for epoch in 0..<settings.epochs {
            let order = IndexPermutation(
                count: samples.count, seed: recipe.seed, epoch: state.step,
                stream: UInt64(epoch) + 1)
            for part in 0..<parts {
                let range = samples.count * part / parts..<samples.count * (part + 1) / parts
                // With one part the order does not matter, and stays that of the prompts.
                var own = range.map { samples[parts > 1 ? order[$0] : $0] }
                weigh(&own)
                try update(own, rate, &metrics, &tally)
                updates += 1
            }
        }
        tally.write(to: &metrics, updates: updates, hasKL: reference != nil)
        if teacher != nil { metrics.kl = metrics.loss }
        try trained.model.refresh()
        return (updates, samples.reduce(0) { $0 + $1.tokens.count } * settings.epochs)
    }

    private func weigh(_ samples: inout [PolicySample]) {
        let total = samples.reduce(0) { $0 + $1.answerCount }
        for index in samples.indices {
            samples[index].weight = Float(
                settings.variant.weight(
                    length: samples[index].answerCount, answers: samples.count, tokens: total,
                    maximumTokens: settings.maximumTokens))
        }
    }

    /// One optimizer step.
    private func update(
        _ samples: [PolicySample], _ rate: Float, _ metrics: inout PolicyMetrics,
        _ tally: inout Tally
    ) throws {
        let packing = try PolicyPacking(samples, rows: batch.rows, length: batch.length)
        trained.store.forgetGradients()
        var sum = 0.0
        let count = samples.reduce(0) { $0 + $1.answerCount }
        for index in packing.batches.indices {
            packing.fill(batch, tokens, index, from: samples, padding: padding)
            if let teacher {
                try teacher.score(batch)
                sum += try graph.run(batch.view, scale: 1 / Float(count)).loss / Double(count)
                continue
            }
            sum += try graph.run(batch.view, scale: 1).loss
            packing.read(tokens.found, index, of: samples) { sample, place, logp in
                tally.add(samples[sample], place, logp, loss)
            }
            packing.read(tokens.entropy, index, of: samples) { _, _, value in
                tally.addEntropy(value)
            }
        }
        let norm = optimizer.gradientNorm()
        guard sum.isFinite, norm.isFinite else {
            throw TrainingError(
                "step \(state.step + 1): the loss is \(sum) and the norm of the gradients \(norm); the run diverged. The newest checkpoint is intact: go on from it with a lower learning_rate or a smaller clip_norm"
            )
        }
        try optimizer.step(learningRate: rate, norm: norm)
        tally.loss += sum
        tally.norm += Double(norm)
    }

    /// Probabilities of the answers' tokens by a model.
    private func measure(
        _ samples: inout [PolicySample], _ graph: TrainingGraph, _ loss: PolicyLoss,
        _ store: (inout PolicySample, [Float]) -> Void
    ) throws {
        loss.onlyMeasures = true
        defer { loss.onlyMeasures = false }
        let packing = try PolicyPacking(samples, rows: batch.rows, length: batch.length)
        var found = samples.map { [Float](repeating: 0, count: $0.answerCount) }
        for index in packing.batches.indices {
            packing.fill(batch, loss.tokens, index, from: samples, padding: padding)
            _ = try graph.evaluate(batch.view)
            packing.read(loss.tokens.found, index, of: samples) { found[$0][$1] = $2 }
        }
        for index in samples.indices { store(&samples[index], found[index]) }
    }

    /// Sums over the tokens of a step.
    struct Tally {
        var loss = 0.0
        var norm = 0.0
        private var entropy = (sum: 0.0, count: 0)
        private var kl = 0.0
        private var clipped = 0
        private var count = 0

        mutating func addEntropy(_ value: Float) {
            guard value >= 0 else { return }
            entropy.sum += Double(value)
            entropy.count += 1
        }

        mutating func add(_ sample: PolicySample, _ place: Int, _ logp: Float, _ loss: PolicyLoss) {
            count += 1
            if !sample.reference.isEmpty {
                let difference = Double(sample.reference[place] - logp)
                kl += exp(difference) - difference - 1
            }
            if loss.hasOld, !sample.old.isEmpty {
                let ratio = exp(logp - sample.old[place])
                let isClipped =
                    sample.advantage > 0 ? ratio > 1 + loss.clipHigh : ratio < 1 - loss.clipLow
                clipped += isClipped ? 1 : 0
            }
        }

        func write(to metrics: inout PolicyMetrics, updates: Int, hasKL: Bool) {
            metrics.loss = loss / Double(max(1, updates))
            metrics.gradientNorm = norm / Double(max(1, updates))
            guard count > 0 else { return }
            if entropy.count > 0 { metrics.entropy = entropy.sum / Double(entropy.count) }
            if hasKL { metrics.kl = kl / Double(count) }
            metrics.clipped = Double(clipped) / Double(count)
        }
    }
}
