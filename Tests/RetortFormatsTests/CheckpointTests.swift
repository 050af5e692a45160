// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortJSON
import RetortTensor
import TestSupport
import Testing

@Suite struct CheckpointTests {
    @Test(
        "A Hugging Face directory gives the weights transformers saved",
        arguments: [
            "llama", "qwen2", "qwen3",
        ])
    func huggingFace(name: String) throws {
        let checkpoint = try Checkpoint(path: fixture(name).path)
        let expected = try #require(try json("expected.json")[name]?.objectValue)
        for member in expected.members {
            try expectMatches(checkpoint.tensor(member.key), member.value)
        }
        #expect(Set(checkpoint.tensorNames) == Set(expected.keys))
        #expect(checkpoint.config.architecture.rawValue == name)
        #expect(checkpoint.ropeLayout == .halfSplit)
        #expect(checkpoint.file(named: "config.json") != nil)
        #expect(checkpoint.file(named: "tokenizer.json") == nil)
        #expect(checkpoint.files.contains { $0.hasSuffix("/config.json") })
        try checkpoint.validateFinite()
    }

    @Test(
        "A GGUF file has the same names and shapes",
        arguments: [
            ("llama-f16.gguf", "llama"), ("qwen2-q8_0.gguf", "qwen2"),
            ("qwen3-bf16-split-00001-of-00003.gguf", "qwen3"),
        ])
    func gguf(file: String, directory: String) throws {
        let checkpoint = try Checkpoint(path: fixture(file).path)
        let reference = try Checkpoint(path: fixture(directory).path)
        for name in reference.tensorNames {
            #expect(checkpoint.contains(name))
            #expect(try checkpoint.tensor(name).name == name)
            #expect(try checkpoint.tensor(name).shape == reference.tensor(name).shape)
        }
        let extra: Set<String> = directory == "llama" ? ["rope_freqs.weight"] : []
        #expect(Set(checkpoint.tensorNames) == Set(reference.tensorNames).union(extra))
        #expect(checkpoint.ropeLayout == (directory == "llama" ? .interleaved : .halfSplit))
        var config = reference.config
        if directory == "llama" { config.ropeScaling = nil }
        #expect(checkpoint.config == config)
        #expect(checkpoint.info("model.norm.weight")?.type == "f32")
        #expect(checkpoint.file(named: "config.json") == nil)
        try checkpoint.validateFinite()
    }

    @Test(
        "Values of GGUF tensors are gguf-py's",
        arguments: [
            ("llama-f16.gguf", "llama-f16.gguf"), ("qwen2-q8_0.gguf", "qwen2-q8_0.gguf"),
            ("qwen3-bf16-split-00001-of-00003.gguf", "qwen3-bf16-split.gguf"),
        ])
    func values(file: String, key: String) throws {
        let checkpoint = try Checkpoint(path: fixture(file).path)
        for member in try #require(try json("expected.json")[key]?.objectValue).members {
            try expectMatches(checkpoint.tensor(member.key), member.value)
        }
    }

    @Test("Generation settings come from generation_config.json, config.json or GGUF")
    func generation() throws {
        let llama = try Checkpoint(path: fixture("llama").path).generationConfig
        #expect(llama.eosTokenIds == [2, 3] && llama.bosTokenId == 1)
        #expect(llama.temperature == 0.6 && llama.topP == 0.95 && llama.doSample == true)
        let qwen = try Checkpoint(path: fixture("qwen2").path).generationConfig
        #expect(qwen == GenerationConfig(eosTokenIds: [5]))
        let gguf = try Checkpoint(path: fixture("llama-f16.gguf").path).generationConfig
        #expect(gguf.eosTokenIds == [2, 3] && gguf.bosTokenId == 1)
        #expect(gguf.temperature == 0.6 && gguf.topP == 0.95 && gguf.topK == 20)
    }

    @Test("A GGUF file is known by its bytes, whatever it is called") func anyName() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("sha256-0123")
        try FileManager.default.copyItem(
            atPath: fixture("qwen2-q8_0.gguf").path, toPath: path)
        #expect(try Checkpoint(path: path).config.architecture == .qwen2)
    }

    @Test("What is no checkpoint is an error that says what was expected") func notACheckpoint()
        throws
    {
        let directory = try TemporaryDirectory()
        try directory.write("", to: "empty.gguf")
        try directory.write("hello", to: "text.gguf")
        func message(_ name: String) -> String {
            failure { _ = try Checkpoint(path: directory.file(name)) }
        }
        #expect(message("missing").contains("does not exist"))
        #expect(message("empty.gguf").contains("is empty"))
        #expect(message("text.gguf").contains("not a GGUF file"))
        #expect(message("").contains("no config.json"))
        _ = try directory.copy("types.safetensors")
        #expect(message("types.safetensors").contains("give the directory"))
        _ = try directory.copy("qwen2/config.json")
        #expect(message("").contains("neither model.safetensors nor"))
        try directory.write("x", to: "pytorch_model.bin")
        #expect(message("").contains("only safetensors"))
        _ = try directory.copy("types.gguf")
        #expect(message("types.gguf").contains("'test' is not supported"))
        try directory.write(#"{"model_type":"#, to: "config.json")
        #expect(message("").contains("config.json is not valid JSON"))
    }

    @Test("A shard that is missing is named, with how many there should be") func missingShard()
        throws
    {
        let directory = try TemporaryDirectory()
        for name in [
            "config.json", "model.safetensors.index.json", "model-00001-of-00003.safetensors",
            "model-00003-of-00003.safetensors",
        ] { _ = try directory.copy("llama/\(name)") }
        let message = failure { _ = try Checkpoint(path: directory.path) }
        #expect(message.contains("model-00002-of-00003.safetensors is missing"))
        #expect(message.contains("in 3 files, 2 of them"))
    }

    @Test(
        "An index that does not fit its shards is an error",
        arguments: [
            (#"{"weight_map":{"nothing":"a.safetensors"}}"#, "says that tensor nothing is in"),
            (#"{"weight_map":{"a":"../a.safetensors"}}"#, "no file name"),
            (#"{"weight_map":{"a":".."}}"#, "directory"),
            (#"{"weight_map":{"a":7}}"#, "no file name"),
            (#"{"weight_map":{}}"#, "no weight_map"),
            (#"[]"#, "an object"),
            (#"{"weight_map":{"a":"a.safetensors","b":"b.safetensors"}}"#, "is both in"),
        ])
    func brokenIndex(index: String, expected: String) throws {
        let directory = try TemporaryDirectory()
        _ = try directory.copy("qwen2/config.json")
        try directory.write(index, to: "model.safetensors.index.json")
        let a = TensorSource(name: "a", shape: [1], floats: [1])
        let b = TensorSource(name: "b", shape: [1], floats: [1])
        try SafetensorsWriter.write([a], to: directory.file("a.safetensors"))
        try SafetensorsWriter.write([a, b], to: directory.file("b.safetensors"))
        let message = failure { _ = try Checkpoint(path: directory.path) }
        #expect(message.contains(expected), "\(message)")
    }

    @Test(
        "A tensor full of NaN is found and named",
        arguments: [DType.f32, .f16, .bf16, .q8_0, .q4_0, .q4_k, .q5_k, .q6_k])
    func nonFinite(dtype: DType) throws {
        let directory = try TemporaryDirectory()
        let original = try Checkpoint(path: fixture("qwen2-q8_0.gguf").path)
        guard case .gguf(let gguf) = original.kind else { return }
        let name = "blk.0.ffn_up.weight"
        let path = directory.file("nan.gguf")
        // A block of a k-quant is a row of 256.
        let shape = dtype.blockSize > 32 ? [8, 256] : [64, 32]
        for position in [0, 1000, 2047] {
            let tensors = try gguf.tensorNames.map { stored -> TensorSource in
                guard stored == name else { return TensorSource(try gguf.tensor(stored)) }
                return TensorSource(name: name, dtype: dtype, shape: shape) { sink in
                    var bytes = [UInt8](repeating: 0, count: dtype.byteCount(elements: 2048) ?? 0)
                    let start = position / dtype.blockSize * dtype.blockBytes
                    // All bits of the number (of a block's scale, or of its second one) set: a NaN.
                    let scale = dtype == .q6_k ? 208 : dtype == .q5_k ? 2 : 0
                    for offset in scale..<scale + min(dtype.blockBytes, dtype.isQuantized ? 2 : 4) {
                        bytes[start + offset] = 0xFF
                    }
                    try bytes.withUnsafeBytes { try sink($0) }
                }
            }
            try GGUFWriter.write(to: path, metadata: gguf.metadata, tensors: tensors)
            let checkpoint = try Checkpoint(path: path)
            let found = try checkpoint.tensor("model.layers.0.mlp.up_proj.weight").firstNonFinite()
            #expect(found == position / dtype.blockSize * dtype.blockSize)
            let message = failure { try checkpoint.validateFinite() }
            #expect(message.contains("mlp.up_proj.weight has NaN"))
        }
    }

    @Test("Infinity is not finite, the largest and the smallest numbers are")
    func finiteBoundaries() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("x.safetensors")
        for (value, expected) in [
            (Float.infinity, 70), (-.infinity, 70), (.nan, 70), (.greatestFiniteMagnitude, nil),
            (.leastNonzeroMagnitude, nil), (-0.0, nil),
        ] as [(Float, Int?)] {
            var floats = [Float](repeating: 1, count: 71)
            floats[70] = value
            try SafetensorsWriter.write(
                [TensorSource(name: "x", shape: [71], floats: floats)], to: path)
            #expect(try SafetensorsFile(path: path).tensor("x").firstNonFinite() == expected)
        }
    }

    @Test(
        "GGUF metadata that cannot be run is an error",
        arguments: [
            ("qwen2.block_count", GGUFValue?.none, "no qwen2.block_count"),
            ("qwen2.block_count", .text("1"), "has the type string"),
            ("qwen2.attention.key_length", .uint32(16), "differ"),
            ("qwen2.expert_count", .uint32(8), "8 experts"),
            ("qwen2.attention.sliding_window", .uint32(16), "sliding"),
            ("qwen2.rope.scaling.type", .text("longrope"), "longrope"),
            ("qwen2.attention.head_count_kv", .array(GGUFArray(int32: [1, 2])), "between layers"),
            ("general.architecture", .text("gemma"), "'gemma' is not supported"),
            ("general.architecture", nil, "no general.architecture"),
        ])
    func metadata(key: String, value: GGUFValue?, expected: String) throws {
        let directory = try TemporaryDirectory()
        let gguf = try GGUFFile(path: fixture("qwen2-q8_0.gguf").path)
        var metadata = gguf.metadata.filter { $0.key != key }
        if let value { metadata.append((key, value)) }
        let path = directory.file("x.gguf")
        try GGUFWriter.write(
            to: path, metadata: metadata,
            tensors: gguf.tensorNames.map { TensorSource(try gguf.tensor($0)) })
        let message = failure { _ = try Checkpoint(path: path) }
        #expect(message.contains(expected), "\(message)")
    }

    @Test(
        "Rope scaling in GGUF metadata",
        arguments: [
            ([("factor", 4)], nil, RopeScaling.linear(factor: 4)),
            ([("factor", 4)], "linear", .linear(factor: 4)),
            ([("factor", 4)], "none", nil),
            (
                [("factor", 4), ("original_context_length", 64)], "yarn",
                .yarn(.init(factor: 4, originalMaxPositionEmbeddings: 64))
            ),
            (
                [("factor", 4), ("yarn_attn_factor", 1.5), ("yarn_beta_fast", 16)], "yarn",
                .yarn(
                    .init(
                        factor: 4, originalMaxPositionEmbeddings: 128, betaFast: 16,
                        attentionFactor: 1.5))
            ),
        ] as [([(String, Float)], String?, RopeScaling?)])
    func ropeScaling(numbers: [(String, Float)], type: String?, expected: RopeScaling?) throws {
        let directory = try TemporaryDirectory()
        let gguf = try GGUFFile(path: fixture("qwen2-q8_0.gguf").path)
        var metadata = gguf.metadata
        for (key, value) in numbers {
            let stored =
                key.hasSuffix("length") ? GGUFValue.uint32(UInt32(value)) : .float32(value)
            metadata.append(("qwen2.rope.scaling.\(key)", stored))
        }
        if let type { metadata.append(("qwen2.rope.scaling.type", .text(type))) }
        let path = directory.file("x.gguf")
        try GGUFWriter.write(
            to: path, metadata: metadata,
            tensors: gguf.tensorNames.map { TensorSource(try gguf.tensor($0)) })
        #expect(try Checkpoint(path: path).config.ropeScaling == expected)
    }
}
