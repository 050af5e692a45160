// SPDX-License-Identifier: Apache-2.0
//
// LoRA adapters against peft's unmerged logits; the fixtures come from
// Tools/make_adapter_fixtures.py.

import Foundation
import RetortFormats
import RetortJSON
import RetortModels
import RetortTensor
import TestSupport
import Testing

/// An adapter that peft wrote, and the checkpoint that it changes.
private struct AdapterFixture {
    static let names = [
        "plain", "rank-stabilised", "patterns", "patterns-stabilised", "bf16", "f16-all-linear",
        "tied-head", "latent", "experts-attention",
    ]

    let path: String
    let base: String
    let tokens: [Int32]
    let logits: [Float]

    init(_ name: String) throws {
        path = fixture("adapters/\(name)").path
        let text = try String(contentsOfFile: "\(path)/base.txt", encoding: .utf8)
        base = fixture(text.trimmingCharacters(in: .whitespacesAndNewlines)).path
        let file = try SafetensorsFile(path: path + "/reference.safetensors")
        tokens = try Reference.floats(file, "tokens").map { Int32($0) }
        logits = try Reference.floats(file, "logits")
    }

    /// The relative error of the logits of a checkpoint with the adapter, or of a merged one.
    func error(_ checkpoint: String, isMerged: Bool = false) throws -> Double {
        let model = try LanguageModel(
            try Checkpoint(path: checkpoint), threads: 1,
            adapter: isMerged ? nil : try LowRankFile(path: path))
        return relativeError(try AdapterTests.logits(model, tokens), logits)
    }
}

@Suite struct AdapterTests {
    fileprivate static func logits(_ model: LanguageModel, _ tokens: [Int32]) throws -> [Float] {
        let runner = try ModelRunner(model, batchSize: 16)
        let cache = try runner.makeCache(capacity: tokens.count, dtype: .f32)
        var result: [Float] = []
        try runner.forwardAll(tokens, cache: cache) { _, row in result += Array(row) }
        return result
    }

    @Test("a model with an adapter gives peft's logits", arguments: AdapterFixture.names)
    func logits(name: String) throws {
        let adapter = try AdapterFixture(name)
        #expect(try adapter.error(adapter.base) < 1e-4)
    }

    @Test(
        "an adapter fits a GGUF file of its model, whose rows and cuts are others",
        arguments: AdapterFixture.names)
    func gguf(name: String) throws {
        let adapter = try AdapterFixture(name)
        let folder = try TemporaryFolder()
        let path = folder.path("base.gguf")
        try CheckpointConverter.writeGGUF(
            from: try Checkpoint(path: adapter.base), to: path, dtype: .f32)
        #expect(try adapter.error(path) < 1e-4)
    }

    @Test(
        "merged models written in either format give peft's logits", arguments: AdapterFixture.names
    )
    func merged(name: String) throws {
        let adapter = try AdapterFixture(name)
        let folder = try TemporaryFolder()
        let (plain, merged) = (folder.path("base.gguf"), folder.path("merged.gguf"))
        let (directory, back) = (folder.path("merged"), folder.path("back"))
        let base = try Checkpoint(path: adapter.base)
        let file = try LowRankFile(path: adapter.path)
        try CheckpointConverter.writeGGUF(from: base, to: plain, dtype: .f32)
        try CheckpointConverter.writeHuggingFace(
            from: try base.merging(file), to: directory, dtype: .f32)
        #expect(try adapter.error(directory, isMerged: true) < 1e-4)
        try CheckpointConverter.writeGGUF(
            from: try base.merging(file), to: merged, dtype: .f32)
        #expect(try adapter.error(merged, isMerged: true) < 1e-4)
        let quantless = try Checkpoint(path: plain).merging(file)
        try CheckpointConverter.writeGGUF(from: quantless, to: merged, dtype: .f32)
        #expect(try adapter.error(merged, isMerged: true) < 1e-4)
        try CheckpointConverter.writeHuggingFace(from: quantless, to: back, dtype: .f32)
        #expect(try adapter.error(back, isMerged: true) < 1e-4)
    }

    @Test("an adapter of quantised weights is added to what they stand for")
    func quantised() throws {
        let adapter = try AdapterFixture("rank-stabilised")
        let folder = try TemporaryFolder()
        let (packed, plain) = (folder.path("q8.gguf"), folder.path("f32.gguf"))
        try CheckpointConverter.writeGGUF(
            from: try Checkpoint(path: adapter.base), to: packed, dtype: .q8_0)
        try CheckpointConverter.writeGGUF(
            from: try Checkpoint(path: packed), to: plain, dtype: .f32)
        let file = try LowRankFile(path: adapter.path)
        func logits(_ path: String) throws -> [Float] {
            try Self.logits(
                LanguageModel(try Checkpoint(path: path), threads: 1, adapter: file),
                adapter.tokens)
        }
        // The head has no adapter and stays q8_0; the others are f16.
        #expect(relativeError(try logits(packed), try logits(plain)) < 2e-2)
        let tensor = try Checkpoint(path: packed).merging(file)
            .tensor("model.layers.0.self_attn.q_proj.weight")
        #expect(tensor.dtype == .f16)
    }

    @Test("adapters of single experts fit stacked experts as well")
    func experts() throws {
        let folder = try TemporaryFolder()
        let (adapter, stacked) = (folder.path("adapter"), folder.path("stacked.gguf"))
        try FileManager.default.createDirectory(
            atPath: adapter, withIntermediateDirectories: false)
        let base = try Checkpoint(path: fixture("qwen3-moe").path)
        var random = SeededRandom(seed: 3)
        var tensors: [TensorSource] = []
        for (layer, expert, name, inputs, outputs) in [
            (0, 3, "gate_proj", 32, 20), (0, 5, "gate_proj", 32, 20), (1, 0, "down_proj", 20, 32),
        ] {
            let names = LowRankFile.names(
                ofWeight: "model.layers.\(layer).mlp.experts.\(expert).\(name).weight")
            tensors.append(
                TensorSource(name: names.a, shape: [2, inputs], floats: random.floats(2 * inputs)))
            tensors.append(
                TensorSource(
                    name: names.b, shape: [outputs, 2], floats: random.floats(2 * outputs)))
        }
        try LowRankFile.write(
            tensors, rank: 2, alpha: 1, targets: ["gate_proj"], base: "", to: adapter)
        try CheckpointConverter.writeGGUF(from: base, to: stacked, dtype: .f32)
        let file = try LowRankFile(path: adapter)
        let tokens = (0..<24).map { Int32($0 * 3) }
        let plain = try Self.logits(LanguageModel(base, threads: 1), tokens)
        let single = try Self.logits(LanguageModel(base, threads: 1, adapter: file), tokens)
        let gguf = try Self.logits(
            LanguageModel(try Checkpoint(path: stacked), threads: 1, adapter: file), tokens)
        #expect(relativeError(single, plain) > 1e-2)
        #expect(relativeError(gguf, single) < 1e-5)
        let merged = folder.path("merged")
        try CheckpointConverter.writeHuggingFace(
            from: try Checkpoint(path: stacked).merging(file), to: merged, dtype: .f32)
        let written = try Self.logits(
            LanguageModel(try Checkpoint(path: merged), threads: 1), tokens)
        #expect(relativeError(written, single) < 1e-5)
    }

    @Test("an adapter of another model is refused by the name of the weight")
    func otherModels() throws {
        let base = try Checkpoint(path: fixture("llama-mha").path)
        let unknown = try LowRankFile(path: try AdapterFixture("latent").path)
        let first = #expect(throws: FormatError.self) {
            try LanguageModel(base, threads: 1, adapter: unknown)
        }
        #expect(first?.description.contains("kv_a_proj_with_mqa.weight, which") ?? false)
        let wide = try LowRankFile(path: try AdapterFixture("patterns").path)
        let second = #expect(throws: FormatError.self) {
            try LanguageModel(base, threads: 1, adapter: wide)
        }
        #expect(second?.description.contains("the model's has the shape") ?? false)
        let fitting = try LowRankFile(path: try AdapterFixture("plain").path)
        #expect(throws: FormatError.self) { try base.merging(fitting).merging(fitting) }
    }

    @Test("a head that was trained as a whole is refused")
    func changedCopy() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(
            atPath: try AdapterFixture("tied-head").path, toPath: folder.path("adapter"))
        let path = folder.path("adapter/adapter_model.safetensors")
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let file = try SafetensorsFile(path: path)
        let name = try #require(file.tensorNames.first { $0.hasSuffix("base_layer.weight") })
        let tensor = try file.tensor(name)
        let end = Array(tensor.bytes.suffix(64))
        let place = try #require(
            (0..<bytes.count - 64).first { Array(bytes[$0..<$0 + 64]) == end })
        bytes[place + 3] ^= 0x80
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let changed = try LowRankFile(path: folder.path("adapter"))
        let error = #expect(throws: FormatError.self) {
            try Checkpoint(path: fixture("llama-mqa-tied").path).merging(changed)
        }
        #expect(error?.description.contains("brings its own lm_head.weight") ?? false)
    }
}
