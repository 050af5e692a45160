// SPDX-License-Identifier: Apache-2.0
//
// Runs of 50 steps against PyTorch's; the fixtures come from Tools/make_optimizer_fixtures.py.

import Foundation
import RetortFormats
import RetortModels
import RetortTensor
import RetortTraining
import TestSupport
import Testing

@Suite struct OptimizerTests {
    static let length = 16

    /// The losses and gradient norms of a run on the batches of a fixture.
    private func run(
        _ name: String, model: String, settings: OptimizerSettings, threads: Int = 2,
        type: ComputeType = .f32
    ) throws -> (losses: [Float], norms: [Float], reference: SafetensorsFile) {
        let file = try SafetensorsFile(path: fixture("\(name)-\(model).safetensors").path)
        let tokens = try Self.floats(file, "tokens").map { Int32($0) }
        let path = fixture("../../RetortModelsTests/Fixtures/\(model)").path
        let source = try ParameterSource(Checkpoint(path: path))
        let language = try LanguageModel(training: source, threads: threads)
        try source.store.train { !$0.name.hasSuffix("e_score_correction_bias") }
        let engine = try MatrixEngine(
            pool: language.trainingPool, kernels: .current(), computeType: type)
        var options = TrainingOptions()
        options.balanceWeight = 0
        let graph = try TrainingGraph(
            language, rows: 2, length: Self.length, engine: engine, options: options)
        let optimizer = try Optimizer(source.store, settings, engine: engine)
        let schedule = Schedule(
            kind: .cosine, peak: 3e-3, warmupSteps: 5, totalSteps: 50, finalFraction: 0.1)
        let batch = try TrainingBatch(rows: 2, length: Self.length)
        let count = 2 * Self.length
        var losses: [Float] = []
        var norms: [Float] = []
        for step in 0..<50 {
            for index in 0..<count {
                let isLast = index % Self.length == Self.length - 1
                batch.tokens[index] = tokens[step * count + index]
                batch.targets[index] = isLast ? -1 : tokens[step * count + index + 1]
                batch.documentStart[index] = 0
                batch.positions[index] = Int32(index % Self.length)
            }
            source.store.forgetGradients()
            let targets = Float(count - 2)
            let result = try graph.run(batch.view, scale: 1 / targets)
            losses.append(Float(result.loss) / targets)
            let norm = optimizer.gradientNorm()
            norms.append(norm)
            try optimizer.step(learningRate: schedule.learningRate(step: step), norm: norm)
        }
        return (losses, norms, file)
    }

    private static func floats(_ file: SafetensorsFile, _ name: String) throws -> [Float] {
        defer { withExtendedLifetime(file) {} }
        return try file.tensor(name).bytes.withMemoryRebound(to: Float.self) { Array($0) }
    }

    @Test(
        "50 steps of AdamW have PyTorch's losses",
        arguments: ["llama-mha", "qwen3-tied-bias", "deepseek-v3"])
    func adamw(model: String) throws {
        let run = try run("adamw", model: model, settings: OptimizerSettings())
        let losses = try Self.floats(run.reference, "losses")
        let norms = try Self.floats(run.reference, "norms")
        #expect(losses[0] - losses[49] > 0.5)
        for step in 0..<50 {
            #expect(abs(run.losses[step] - losses[step]) < 1e-3, "step \(step)")
            #expect(abs(run.norms[step] - norms[step]) < 2e-3 * norms[step], "step \(step)")
        }
    }

    @Test("50 steps of Muon have the losses of Muon written out in PyTorch")
    func muon() throws {
        var settings = OptimizerSettings()
        settings.kind = .muon
        let run = try run("muon", model: "llama-mha", settings: settings)
        let losses = try Self.floats(run.reference, "losses")
        for step in 0..<50 { #expect(abs(run.losses[step] - losses[step]) < 1e-3, "step \(step)") }
    }

    /// Without experts: a small difference changes which of them are chosen.
    @Test("moments of 8 bits train like those of 32", arguments: ["llama-mha", "qwen3-tied-bias"])
    func eightBits(model: String) throws {
        var settings = OptimizerSettings()
        settings.stateBits = 8
        let run = try run("adamw", model: model, settings: settings)
        let losses = try Self.floats(run.reference, "losses")
        for step in 0..<50 { #expect(abs(run.losses[step] - losses[step]) < 0.05, "step \(step)") }
    }

    @Test("a run gives the same bits every time", arguments: [ComputeType.f32, .bf16])
    func repeatable(type: ComputeType) throws {
        let first = try run("adamw", model: "deepseek-v3", settings: .init(), type: type)
        let second = try run("adamw", model: "deepseek-v3", settings: .init(), type: type)
        #expect(first.losses == second.losses)
        #expect(first.norms == second.norms)
    }

    @Test("a schedule warms up, decays and ends where it says")
    func schedule() {
        var schedule = Schedule(
            kind: .linear, peak: 1, warmupSteps: 4, totalSteps: 14, finalFraction: 0.5)
        #expect(schedule.learningRate(step: 0) == 0.25)
        #expect(schedule.learningRate(step: 3) == 1)
        #expect(schedule.learningRate(step: 9) == 0.75)
        #expect(schedule.learningRate(step: 14) == 0.5)
        schedule.kind = .constant
        #expect(schedule.learningRate(step: 13) == 1)
        schedule.kind = .cosine
        #expect(abs(schedule.learningRate(step: 9) - 0.75) < 1e-6)
        schedule.kind = .wsd
        schedule.decayFraction = 0.5
        #expect(schedule.learningRate(step: 8) == 1)
        #expect(schedule.learningRate(step: 14) == 0.5)
    }
}
