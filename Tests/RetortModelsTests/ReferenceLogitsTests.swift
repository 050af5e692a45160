// SPDX-License-Identifier: Apache-2.0
//
// Logits and greedy tokens against transformers in float32; the fixtures come from
// Tools/make_model_fixtures.py.

import Foundation
import RetortFormats
import RetortModels
import RetortTensor
import TestSupport
import Testing

/// What a fixture folder holds.
struct Reference {
    static let names =
        [
            "llama-mha", "llama-mqa-tied", "llama-head-dim", "llama-biases", "llama-llama3",
            "llama-linear-f16", "llama-yarn", "llama-bf16-sharded", "qwen2-gqa", "qwen2-tied-bf16",
            "qwen2-wide", "qwen2-yarn-sharded", "qwen3-head-dim", "qwen3-tied-bias",
            "qwen3-yarn-bf16-sharded", "qwen3-moe", "qwen3-moe-mixed", "qwen3-moe-bf16",
            "qwen3-blocks",
        ] + deepseek

    static let deepseek = [
        "deepseek-v2-lite", "deepseek-v2-lite-yarn", "deepseek-v2-groups",
        "deepseek-v2-bf16-sharded", "deepseek-v3", "deepseek-v3-yarn",
        "deepseek-v3-yarn-magnitudes", "deepseek-v3-unnormalised", "deepseek-v3-half-split",
        "deepseek-v3-bf16-sharded", "deepseek-v3-mtp", "deepseek-v3-blocks",
    ]

    /// Those whose cache fills blocks of 32.
    static let blocks = ["qwen3-blocks", "deepseek-v3-blocks"]

    let path: String
    let tokens: [Int32]
    let logits: [Float]
    let greedy: [Int32]

    init(_ name: String) throws {
        path = fixture(name).path
        let file = try SafetensorsFile(path: path + "/reference.safetensors")
        tokens = try Self.floats(file, "tokens").map { Int32($0) }
        greedy = try Self.floats(file, "greedy").map { Int32($0) }
        logits = try Self.floats(file, "logits")
    }

    static func floats(_ file: SafetensorsFile, _ name: String) throws -> [Float] {
        try file.tensor(name).bytes.withMemoryRebound(to: Float.self) { Array($0) }
    }

    /// 1e-3 for f32; 1e-2 is allowed for bf16 by the contract, but since the reference runs on the
    /// same rounded numbers, the activations' precision decides, which is f32 for all.
    static let tolerance = 1e-4

    /// All logits of the reference's tokens, run in passes of `batchSize`.
    func run(
        _ model: LanguageModel, batchSize: Int, cacheType: DType = .f32,
        latentForm: LatentForm = .cheaper
    ) throws -> [Float] {
        let runner = try ModelRunner(model, batchSize: batchSize, latentForm: latentForm)
        let cache = try runner.makeCache(capacity: tokens.count, dtype: cacheType)
        var result: [Float] = []
        try runner.forwardAll(tokens, cache: cache) { _, row in result += Array(row) }
        return result
    }
}

@Suite struct ReferenceLogitsTests {
    @Test(
        "logits equal transformers' in passes of any size", arguments: Reference.names, [1, 7, 512])
    func logits(name: String, batchSize: Int) throws {
        let reference = try Reference(name)
        let model = try LanguageModel(try Checkpoint(path: reference.path), threads: 2)
        let logits = try reference.run(model, batchSize: batchSize)
        #expect(relativeError(logits, reference.logits) < Reference.tolerance)
    }

    @Test("64 greedy tokens equal transformers'", arguments: Reference.names)
    func greedy(name: String) throws {
        let reference = try Reference(name)
        let model = try LanguageModel(try Checkpoint(path: reference.path), threads: 2)
        let runner = try ModelRunner(model)
        let cache = try runner.makeCache(capacity: 80, dtype: .f32)
        var logits = try runner.forward(Array(reference.tokens.prefix(8)), cache: cache)
        var tokens: [Int32] = []
        for _ in 0..<64 {
            let best = logits.indices.max { logits[$0] < logits[$1] }
            tokens.append(Int32(try #require(best)))
            logits = try runner.forward(tokens[tokens.count - 1], cache: cache)
        }
        #expect(tokens == reference.greedy)
    }

    @Test(
        "8-bit weights with block factors compute as what they stand for, also after conversion",
        arguments: [1, 7, 90])
    func blockScaled(batchSize: Int) throws {
        let reference = try Reference("deepseek-v3-fp8")
        let checkpoint = try Checkpoint(path: reference.path)
        let folder = try TemporaryFolder()
        let (gguf, back) = (folder.path("plain.gguf"), folder.path("plain"))
        try CheckpointConverter.writeGGUF(from: checkpoint, to: gguf, dtype: .f32)
        try CheckpointConverter.writeHuggingFace(from: checkpoint, to: back, dtype: .f32)
        for (path, limit) in [(reference.path, 1e-4), (gguf, 1e-4), (back, 1e-4)] {
            let model = try LanguageModel(try Checkpoint(path: path), threads: 2)
            let logits = try reference.run(model, batchSize: batchSize)
            #expect(relativeError(logits, reference.logits) < limit)
        }
    }

    @Test("the predicting layer's logits equal transformers'", arguments: [1, 7, 512])
    func prediction(batchSize: Int) throws {
        let reference = try Reference("deepseek-v3-mtp")
        let file = try SafetensorsFile(path: reference.path + "/reference.safetensors")
        let expected = try Reference.floats(file, "predicted")
        let model = try LanguageModel(try Checkpoint(path: reference.path), threads: 2)
        let runner = try ModelRunner(model, batchSize: batchSize)
        #expect(runner.canPredict)
        let capacity = reference.tokens.count
        let cache = try runner.makeCache(capacity: capacity, dtype: .f32)
        let predictions = try runner.makePredictionCache(capacity: capacity, dtype: .f32)
        let vocabulary = model.config.vocabSize
        for start in stride(from: 0, to: capacity - 1, by: batchSize) {
            let end = min(start + batchSize, capacity - 1)
            try runner.forward(Array(reference.tokens[start..<end]), cache: cache)
            let logits = try runner.predict(
                Array(reference.tokens[start + 1...end]), cache: predictions)
            let last = (end - 1) * vocabulary
            #expect(
                relativeError(Array(logits), Array(expected[last..<last + vocabulary]))
                    < Reference.tolerance)
        }
        // One more step on the layer's own state changes the prediction and takes room.
        _ = try runner.predictFurther(3, cache: predictions)
        #expect(predictions.count == capacity)
        #expect(throws: ModelError.self) {
            try runner.predict(Array(repeating: 1, count: batchSize + 1), cache: predictions)
        }
    }

    @Test(
        "the absorbed and the expanded form of latent attention agree",
        arguments: Reference.deepseek, [1, 7, 90])
    func latentForms(name: String, batchSize: Int) throws {
        let reference = try Reference(name)
        let model = try LanguageModel(try Checkpoint(path: reference.path), threads: 2)
        let absorbed = try reference.run(model, batchSize: batchSize, latentForm: .absorbed)
        let expanded = try reference.run(model, batchSize: batchSize, latentForm: .expanded)
        #expect(relativeError(absorbed, expanded) < 1e-4)
        #expect(relativeError(expanded, reference.logits) < Reference.tolerance)
    }

    @Test("a 16-bit cache changes the logits by less than 1 %", arguments: [DType.f16, .bf16])
    func cacheTypes(dtype: DType) throws {
        let reference = try Reference("qwen3-head-dim")
        let model = try LanguageModel(try Checkpoint(path: reference.path), threads: 2)
        let logits = try reference.run(model, batchSize: 512, cacheType: dtype)
        #expect(relativeError(logits, reference.logits) < (dtype == .f16 ? 2e-3 : 1e-2))
    }

    @Test(
        "a q8_0 cache changes the logits by less than 1 %, in both forms of latent attention",
        arguments: Reference.blocks, [1, 7, 512])
    func quantisedCache(name: String, batchSize: Int) throws {
        let reference = try Reference(name)
        let model = try LanguageModel(try Checkpoint(path: reference.path), threads: 2)
        for form in [LatentForm.absorbed, .expanded] {
            let logits = try reference.run(
                model, batchSize: batchSize, cacheType: .q8_0, latentForm: form)
            let error = relativeError(logits, reference.logits)
            // Below would be a cache of another type.
            #expect(error < 1e-2)
            #expect(error > 1e-4)
        }
    }

    @Test("GGUF files of the same weights give the same logits", arguments: Reference.names)
    func gguf(name: String) throws {
        let reference = try Reference(name)
        let folder = try TemporaryFolder()
        let path = folder.path("model.gguf")
        try CheckpointConverter.writeGGUF(
            from: try Checkpoint(path: reference.path), to: path, dtype: .f32)
        let model = try LanguageModel(try Checkpoint(path: path), threads: 1)
        let logits = try reference.run(model, batchSize: 16)
        #expect(relativeError(logits, reference.logits) < Reference.tolerance)
    }

    @Test(
        "q8_0 weights compute as their dequantised selves do, but for the int8 activations",
        arguments: ["llama-mha", "qwen2-gqa", "qwen3-tied-bias"])
    func quantised(name: String) throws {
        let reference = try Reference(name)
        let folder = try TemporaryFolder()
        let (packed, plain) = (folder.path("q8.gguf"), folder.path("f32.gguf"))
        try CheckpointConverter.writeGGUF(
            from: try Checkpoint(path: reference.path), to: packed, dtype: .q8_0)
        try CheckpointConverter.writeGGUF(
            from: try Checkpoint(path: packed), to: plain, dtype: .f32)
        func logits(_ path: String) throws -> [Float] {
            try reference.run(
                try LanguageModel(try Checkpoint(path: path), threads: 2), batchSize: 16)
        }
        let error = relativeError(try logits(packed), try logits(plain))
        // Each product is within 1 % (KernelConformanceTests); these networks of 32 random features
        // with large weights turn that into three times as much.
        #expect(error < 6e-2)
    }

    @Test("one thread and two give the same logits to the last bit")
    func threads() throws {
        let reference = try Reference("llama-mha")
        let checkpoint = try Checkpoint(path: reference.path)
        let one = try reference.run(try LanguageModel(checkpoint, threads: 1), batchSize: 512)
        let two = try reference.run(try LanguageModel(checkpoint, threads: 2), batchSize: 512)
        #expect(one == two)
    }
}
