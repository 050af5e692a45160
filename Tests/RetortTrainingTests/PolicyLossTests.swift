// SPDX-License-Identifier: Apache-2.0
//
// Losses and gradients of policy optimisation against TRL's; the fixtures come from
// Tools/make_policy_fixtures.py.

import Foundation
import RetortFormats
import RetortModels
import RetortTensor
import RetortTraining
import TestSupport
import Testing

@Suite struct PolicyLossTests {
    static let cases = [
        "grpo-plain", "grpo-moved", "dr_grpo-moved", "dapo-moved", "dapo-warm", "rloo-plain",
    ]
    static let (groups, count, prompt, answer, longest) = (2, 4, 5, 9, 12)

    private struct Reference {
        let file: SafetensorsFile

        init(_ name: String) throws {
            file = try SafetensorsFile(path: fixture("policy/\(name).safetensors").path)
        }

        func floats(_ name: String) throws -> [Float] {
            defer { withExtendedLifetime(file) {} }
            return try file.tensor(name).bytes.withMemoryRebound(to: Float.self) { Array($0) }
        }
    }

    /// The samples of a fixture, their advantages and weights computed here.
    private func samples(_ reference: Reference, _ variant: PolicyVariant) throws -> [PolicySample]
    {
        let width = Self.prompt + Self.answer
        let tokens = try reference.floats("tokens").map { Int32($0) }
        let rewards = try reference.floats("rewards").map { Double($0) }
        let (old, kept) = (try reference.floats("old"), try reference.floats("reference"))
        var samples: [PolicySample] = []
        let rows = (0..<Self.groups * Self.count).map { row in
            tokens[row * width..<(row + 1) * width].filter { $0 >= 0 }
        }
        let total = rows.reduce(0) { $0 + $1.count - Self.prompt }
        for group in 0..<Self.groups {
            let own = group * Self.count..<(group + 1) * Self.count
            let advantages = variant.advantages(Array(rewards[own]))
            for (place, row) in own.enumerated() {
                let length = rows[row].count - Self.prompt
                var sample = PolicySample(
                    tokens: rows[row], promptCount: Self.prompt,
                    advantage: Float(advantages[place]),
                    weight: Float(
                        variant.weight(
                            length: length, answers: rows.count, tokens: total,
                            maximumTokens: Self.longest)))
                let first = row * Self.answer
                sample.old = Array(old[first..<first + length])
                sample.reference = Array(kept[first..<first + length])
                samples.append(sample)
            }
        }
        return samples
    }

    @Test("losses and gradients are TRL's", arguments: cases)
    func equal(name: String) throws {
        let reference = try Reference(name)
        let variant = try #require(
            PolicyVariant(rawValue: String(name.split(separator: "-").first ?? "")))
        let settings = try reference.floats("settings")
        let samples = try samples(reference, variant)
        let advantages = try reference.floats("advantages")
        #expect(zip(samples, advantages).allSatisfy { abs($0.advantage - $1) < 1e-5 })

        let path = fixture("../../RetortModelsTests/Fixtures/llama-mha").path
        let source = try ParameterSource(Checkpoint(path: path))
        let model = try LanguageModel(training: source, threads: 2)
        try source.store.train { _ in true }
        let engine = try MatrixEngine(
            pool: model.trainingPool, kernels: .current(), computeType: .f32)
        let (rows, length) = (2, 24)
        let tokens = try PolicyLoss.Tokens(count: rows * length)
        let loss = PolicyLoss(tokens)
        (loss.klWeight, loss.hasOld) = (settings[0], settings[1] > 0)
        (loss.clipLow, loss.clipHigh, loss.temperature) = (settings[2], settings[3], settings[4])
        let graph = try TrainingGraph(
            model, rows: rows, length: length, engine: engine, loss: loss)
        let batch = try TrainingBatch(rows: rows, length: length)
        let packing = try PolicyPacking(samples, rows: rows, length: length)
        #expect(packing.batches.count > 1)
        let logps = try reference.floats("logps")
        var (sum, entropy, targets) = (0.0, 0.0, 0)
        source.store.forgetGradients()
        for index in packing.batches.indices {
            packing.fill(batch, tokens, index, from: samples, padding: 0)
            let result = try graph.run(batch.view, scale: 1)
            sum += result.loss
            targets += result.targets
            #expect(result.targets == batch.targetCount)
            packing.read(tokens.found, index, of: samples) { sample, place, value in
                #expect(abs(value - logps[sample * Self.answer + place]) < 1e-4)
            }
            packing.read(tokens.entropy, index, of: samples) { _, _, value in
                entropy += Double(value)
            }
        }
        let expected = try reference.floats("loss")[0]
        // TRL's RLOO has a loss for each answer as a whole, with the same gradient.
        if variant != .rloo { #expect(abs(Float(sum) - expected) < 1e-4) }
        #expect(abs(Float(entropy / Double(targets)) - (try reference.floats("entropy")[0])) < 1e-4)
        for parameter in source.store.parameters {
            let gradient = try #require(parameter.gradient)
            let found = Array(UnsafeBufferPointer(start: gradient, count: parameter.count))
            let wanted = try reference.floats("grad.\(parameter.name)")
            #expect(relativeError(found, wanted) < 1e-3, "\(parameter.name)")
        }
    }

    @Test("equal rewards teach nothing", arguments: PolicyVariant.allCases)
    func equalRewards(variant: PolicyVariant) {
        #expect(variant.advantages([0.3, 0.3, 0.3]) == [0, 0, 0])
        #expect(variant.advantages([1]) == [0])
        let found = variant.advantages([1, 0, 0, 0])
        #expect(abs(found.reduce(0, +)) < 1e-9 && found[0] > 0 && found[1] < 0)
    }

    @Test("answers that are only measured have no gradient") func measured() throws {
        let path = fixture("../../RetortModelsTests/Fixtures/llama-mha").path
        let source = try ParameterSource(Checkpoint(path: path))
        let model = try LanguageModel(training: source, threads: 1)
        let engine = try MatrixEngine(
            pool: model.trainingPool, kernels: .current(), computeType: .f32)
        let tokens = try PolicyLoss.Tokens(count: 48)
        let loss = PolicyLoss(tokens)
        loss.onlyMeasures = true
        let graph = try TrainingGraph(model, rows: 2, length: 24, engine: engine, loss: loss)
        let reference = try Reference("grpo-plain")
        let samples = try samples(reference, .grpo)
        let packing = try PolicyPacking(samples, rows: 2, length: 24)
        let batch = try TrainingBatch(rows: 2, length: 24)
        let logps = try reference.floats("logps")
        packing.fill(batch, tokens, 0, from: samples, padding: 0)
        #expect(try graph.evaluate(batch.view).loss == 0)
        packing.read(tokens.found, 0, of: samples) { sample, place, value in
            #expect(abs(value - logps[sample * Self.answer + place]) < 1e-4)
        }
    }

    @Test("answers are packed whole, each once, without overlap") func packing() throws {
        var random = SeededRandom(seed: 4)
        let samples = (0..<60).map { _ in
            PolicySample(
                tokens: Array(repeating: 3, count: Int.random(in: 1...17, using: &random)),
                promptCount: 1, advantage: 0, weight: 1)
        }
        let packing = try PolicyPacking(samples, rows: 3, length: 17)
        var seen: [Int: Int] = [:]
        for batch in packing.batches {
            var used = Set<Int>()
            for place in batch {
                seen[place.sample, default: 0] += 1
                let count = samples[place.sample].tokens.count
                #expect(place.first / 17 == (place.first + count - 1) / 17)
                for index in place.first..<place.first + count {
                    #expect(index < 51 && used.insert(index).inserted)
                }
            }
        }
        #expect(seen.count == 60 && seen.values.allSatisfy { $0 == 1 })
        let tokens = samples.reduce(0) { $0 + $1.tokens.count }
        #expect(packing.batches.count <= tokens / 51 + 2)
        #expect(throws: TrainingError.self) {
            _ = try PolicyPacking(samples, rows: 3, length: 16)
        }
    }
}
