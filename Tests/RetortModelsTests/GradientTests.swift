// SPDX-License-Identifier: Apache-2.0
//
// Gradients of whole models against transformers in float32; the fixtures come from
// Tools/make_gradient_fixtures.py.

import Foundation
import RetortFormats
import RetortModels
import RetortTensor
import TestSupport
import Testing

/// A batch, its loss and the gradients of all parameters.
struct GradientReference {
    static let names = [
        "llama-mha", "llama-biases", "llama-mqa-tied", "llama-head-dim", "llama-yarn", "qwen2-gqa",
        "qwen3-head-dim", "qwen3-tied-bias", "qwen3-moe", "deepseek-v2-lite", "deepseek-v3",
        "deepseek-v3-yarn-magnitudes", "deepseek-v3-unnormalised", "deepseek-v3-half-split",
        "deepseek-v3-mtp",
    ]

    /// Without experts: rounding changes which of them are chosen.
    static let dense = names.filter { !$0.contains("moe") && !$0.contains("deepseek") }

    let path: String
    let rows: Int
    let length: Int
    let tokens: [Int32]
    let targets: [Int32]
    let starts: [Int32]
    let positions: [Int32]
    let loss: Float
    let file: SafetensorsFile

    init(_ name: String) throws {
        path = fixture(name).path
        let file = try SafetensorsFile(path: path + "/gradients.safetensors")
        let shape = try file.tensor("tokens").shape
        rows = shape[0]
        length = shape[1]
        func integers(_ name: String) throws -> [Int32] {
            try Reference.floats(file, name).map { Int32($0) }
        }
        tokens = try integers("tokens")
        targets = try integers("targets")
        starts = try integers("starts")
        positions = try integers("positions")
        loss = try Reference.floats(file, "loss")[0]
        self.file = file
    }

    var targetCount: Int { targets.count { $0 >= 0 } }

    func withBatch<Result>(_ body: (TapeBatch) throws -> Result) throws -> Result {
        try tokens.withUnsafeBufferPointer { tokens in
            try targets.withUnsafeBufferPointer { targets in
                try starts.withUnsafeBufferPointer { starts in
                    try positions.withUnsafeBufferPointer { positions in
                        try body(
                            TapeBatch(
                                rows: rows, length: length,
                                tokens: try #require(tokens.baseAddress),
                                targets: try #require(targets.baseAddress),
                                documentStarts: try #require(starts.baseAddress),
                                positions: try #require(positions.baseAddress)))
                    }
                }
            }
        }
    }

    /// A graph of the checkpoint with all parameters trained.
    func graph(
        _ type: ComputeType, kernels: Kernels? = nil, threads: Int = 2,
        checkpointing: Bool = false
    ) throws -> (TrainingGraph, ParameterStore) {
        let source = try ParameterSource(Checkpoint(path: path))
        let model = try LanguageModel(training: source, threads: threads)
        try source.store.train { _ in true }
        let engine = try MatrixEngine(
            pool: ThreadPool(threadCount: threads), kernels: try kernels ?? .current(),
            computeType: type)
        var options = TrainingOptions()
        options.checkpointing = checkpointing
        options.balanceWeight = 0
        let graph = try TrainingGraph(
            model, rows: rows, length: length, engine: engine, options: options)
        return (graph, source.store)
    }

    /// The largest relative error of a parameter's gradient, and which it is.
    func worst(_ store: ParameterStore) throws -> (error: Double, name: String) {
        var worst = (error: 0.0, name: "")
        for parameter in store.trained where !parameter.name.hasSuffix("e_score_correction_bias") {
            let expected = try Reference.floats(file, parameter.name)
            let gradient = try #require(parameter.gradient)
            let found = Array(UnsafeBufferPointer(start: gradient, count: parameter.count))
            let error = relativeError(found, expected)
            if !(error <= worst.error) { worst = (error, parameter.name) }
        }
        return worst
    }
}

@Suite struct GradientTests {
    @Test(
        "every parameter's gradient is transformers'", arguments: GradientReference.names,
        Kernels.available.map(\.name))
    func gradients(name: String, kernels: String) throws {
        let reference = try GradientReference(name)
        let (graph, store) = try reference.graph(.f32, kernels: Kernels(named: kernels))
        let count = reference.targetCount
        // Twice, since what a step leaves in memory must not matter to the next.
        for _ in 0..<2 {
            store.forgetGradients()
            let (loss, targets) = try reference.withBatch {
                try graph.run($0, scale: 1 / Float(count))
            }
            #expect(targets == count)
            #expect(abs(Float(loss) / Float(count) - reference.loss) < 1e-4)
            let worst = try reference.worst(store)
            #expect(worst.error < 1e-4, "\(worst.name)")
        }
    }

    @Test("layers computed again give the same bits", arguments: GradientReference.names)
    func checkpointing(name: String) throws {
        let reference = try GradientReference(name)
        let (kept, keptStore) = try reference.graph(.f32)
        let (again, againStore) = try reference.graph(.f32, checkpointing: true)
        for graph in [kept, again] { _ = try reference.withBatch { try graph.run($0, scale: 1) } }
        #expect(again.tape.plannedBytes < kept.tape.plannedBytes)
        #expect(Array(keptStore.allGradients) == Array(againStore.allGradients))
    }

    @Test("gradients of several batches add up", arguments: ["llama-biases", "deepseek-v3"])
    func accumulation(name: String) throws {
        let reference = try GradientReference(name)
        let (graph, store) = try reference.graph(.f32)
        for _ in 0..<2 {
            _ = try reference.withBatch {
                try graph.run($0, scale: 0.5 / Float(reference.targetCount))
            }
        }
        let worst = try reference.worst(store)
        #expect(worst.error < 1e-4, "\(worst.name)")
    }

    @Test(
        "bf16 gradients are near f32's", arguments: GradientReference.dense,
        Kernels.available.map(\.name))
    func halves(name: String, kernels: String) throws {
        let reference = try GradientReference(name)
        let (graph, store) = try reference.graph(.bf16, kernels: Kernels(named: kernels))
        let (loss, targets) = try reference.withBatch {
            try graph.run($0, scale: 1 / Float(reference.targetCount))
        }
        #expect(abs(Float(loss) / Float(targets) - reference.loss) < 0.05)
        let worst = try reference.worst(store)
        #expect(worst.error < 0.2, "\(worst.name)")
    }
}
