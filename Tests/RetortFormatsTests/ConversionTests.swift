// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortJSON
import RetortTensor
import TestSupport
import Testing

@Suite struct ConversionTests {
    @Test(
        "Hugging Face to GGUF gives what gguf-py makes of the same weights",
        arguments: [
            ("llama", "llama-f16.gguf", DType.f16), ("qwen2", "qwen2-q8_0.gguf", .q8_0),
            ("qwen3", "qwen3-bf16-split-00001-of-00003.gguf", .bf16),
        ])
    func toGGUF(source: String, reference: String, dtype: DType) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("out.gguf")
        try CheckpointConverter.writeGGUF(
            from: Checkpoint(path: fixture(source).path), to: path, dtype: dtype)
        let expected = try GGUFFile(path: fixture(reference).path)
        let actual = try GGUFFile(path: path)
        #expect(Set(actual.tensorNames) == Set(expected.tensorNames))
        for name in expected.tensorNames {
            let (a, b) = (try actual.tensor(name), try expected.tensor(name))
            #expect(a.shape == b.shape && a.dtype == b.dtype, "\(name)")
            if dtype == .q8_0, a.shape.count == 2 {
                // A quotient halfway between two integers may round either way.
                #expect(relativeError(floats(a), floats(b)) < 1e-3, "\(name)")
            } else if name == "rope_freqs.weight" {
                #expect(relativeError(floats(a), floats(b)) < 1e-6)
            } else {
                #expect(a.bytes.elementsEqual(b.bytes), "\(name)")
            }
        }
        for (key, value) in expected.metadata
        where key.hasPrefix("\(source).") || key == "general.architecture" {
            #expect(actual[key]?.doubleValue == value.doubleValue, "\(key)")
            #expect(actual[key]?.type == value.type, "\(key)")
        }
        #expect(
            try Checkpoint(path: path).generationConfig.eosTokenIds
                == Checkpoint(path: fixture(source).path).generationConfig.eosTokenIds)
    }

    @Test(
        "GGUF to Hugging Face gives back the checkpoint it was made from",
        arguments: [
            ("llama-f16.gguf", "llama", DType.bf16), ("qwen2-q8_0.gguf", "qwen2", .f16),
            ("qwen3-bf16-split-00001-of-00003.gguf", "qwen3", .f32),
        ])
    func toHuggingFace(source: String, reference: String, dtype: DType) throws {
        let directory = try TemporaryDirectory()
        let checkpoint = try Checkpoint(path: fixture(source).path)
        try CheckpointConverter.writeHuggingFace(from: checkpoint, to: directory.path, dtype: dtype)
        let actual = try Checkpoint(path: directory.path)
        let expected = try Checkpoint(path: fixture(reference).path)
        #expect(actual.config == expected.config)
        #expect(Set(actual.tensorNames) == Set(expected.tensorNames))
        for name in expected.tensorNames {
            let (a, b) = (try actual.tensor(name), try expected.tensor(name))
            #expect(a.shape == b.shape && a.dtype == dtype, "\(name)")
            let limit = source.contains("q8_0") ? 1e-2 : 4e-3
            #expect(relativeError(floats(a), floats(b)) < limit, "\(name)")
        }
        #expect(actual.generationConfig.eosTokenIds == checkpoint.generationConfig.eosTokenIds)
        #expect(actual.generationConfig.temperature == checkpoint.generationConfig.temperature)
    }

    @Test(
        "There and back changes nothing where the type holds the numbers",
        arguments: [
            "llama", "qwen2", "qwen3",
        ])
    func roundTrip(name: String) throws {
        let directory = try TemporaryDirectory()
        let original = try Checkpoint(path: fixture(name).path)
        let dtype = try original.tensor("model.embed_tokens.weight").dtype
        try CheckpointConverter.writeGGUF(
            from: original, to: directory.file("a.gguf"), dtype: .f32)
        try CheckpointConverter.writeGGUF(
            from: Checkpoint(path: directory.file("a.gguf")), to: directory.file("b.gguf"),
            dtype: dtype)
        try CheckpointConverter.writeHuggingFace(
            from: Checkpoint(path: directory.file("b.gguf")), to: directory.file("hf"),
            dtype: dtype, maximumShardBytes: 10_000)
        let result = try Checkpoint(path: directory.file("hf"))
        #expect(result.config == original.config)
        for tensor in original.tensorNames {
            #expect(
                try result.tensor(tensor).bytes.elementsEqual(original.tensor(tensor).bytes),
                "\(tensor)")
        }
        #expect(result.files.contains { $0.hasSuffix("model.safetensors.index.json") })
    }

    @Test("Hugging Face to Hugging Face changes the type") func retype() throws {
        let directory = try TemporaryDirectory()
        let original = try Checkpoint(path: fixture("llama").path)
        try CheckpointConverter.writeHuggingFace(
            from: original, to: directory.path, dtype: .f32)
        let copy = try Checkpoint(path: directory.path)
        #expect(copy.config == original.config)
        for name in original.tensorNames {
            #expect(try copy.tensor(name).dtype == .f32)
            #expect(try floats(copy.tensor(name)) == floats(original.tensor(name)))
        }
        let config = try JSONValue(parsing: bytes(of: directory.file("config.json")))
        #expect(config["torch_dtype"]?.stringValue == "float32")
    }

    @Test("Metadata of the caller is kept and wins") func extraMetadata() throws {
        let directory = try TemporaryDirectory()
        let checkpoint = try Checkpoint(path: fixture("qwen2").path)
        let path = directory.file("x.gguf")
        let tokens = GGUFArray(strings: (0..<40).map { "t\($0)" })
        try CheckpointConverter.writeGGUF(
            from: checkpoint, to: path, dtype: .f16,
            extraMetadata: [
                ("general.name", .text("mine")), ("tokenizer.ggml.tokens", .array(tokens)),
                ("tokenizer.ggml.eos_token_id", .uint32(9)),
            ])
        let file = try GGUFFile(path: path)
        #expect(try file.string("general.name") == "mine")
        #expect(try file.array("tokenizer.ggml.tokens")?.count == 40)
        #expect(try file.integer("tokenizer.ggml.eos_token_id") == 9)
        #expect(try file.integer("general.file_type") == 1)
        let short = failure {
            try CheckpointConverter.writeGGUF(
                from: checkpoint, to: path, dtype: .f16,
                extraMetadata: [("tokenizer.ggml.tokens", .array(GGUFArray(strings: ["a"])))])
        }
        #expect(short.contains("1 tokens") && short.contains("40 rows"))
    }

    /// A qwen3 checkpoint with one tensor replaced.
    private func checkpoint(
        _ directory: TemporaryDirectory, replacing name: String, by source: TensorSource
    ) throws -> Checkpoint {
        let original = try Checkpoint(path: fixture("qwen3").path)
        let tensors = try original.tensorNames.map {
            $0 == name ? source : TensorSource(try original.tensor($0))
        }
        let path = directory.file("changed")
        try SafetensorsWriter.write(tensors, directory: path)
        let config = original.config.json(dtype: .f32).text()
        try directory.write(config, to: "changed/config.json")
        return try Checkpoint(path: path)
    }

    @Test("Rows that fill no block keep their type when q8_0 is asked for") func narrowRows() throws
    {
        let directory = try TemporaryDirectory()
        let name = "model.layers.0.mlp.down_proj.weight"
        let narrow = TensorSource(
            name: name, shape: [64, 16], floats: [Float](repeating: 0.5, count: 1024))
        let source = try checkpoint(directory, replacing: name, by: narrow)
        try CheckpointConverter.writeGGUF(from: source, to: directory.file("x.gguf"), dtype: .q8_0)
        let file = try GGUFFile(path: directory.file("x.gguf"))
        #expect(try file.tensor("blk.0.ffn_down.weight").dtype == .f32)
        #expect(try file.tensor("blk.0.ffn_up.weight").dtype == .q8_0)
        #expect(try file.tensor("blk.0.attn_norm.weight").dtype == .f32)
        #expect(try file.integer("general.file_type") == 7)
    }

    @Test(
        "Rows of 256 become a k-quant, shorter ones q8_0",
        arguments: [(DType.q4_k, 15, 0.08), (.q5_k, 17, 0.04), (.q6_k, 18, 0.02)])
    func superBlocks(dtype: DType, fileType: Int, error: Double) throws {
        let directory = try TemporaryDirectory()
        let name = "model.layers.0.mlp.up_proj.weight"
        var random = SeededRandom(seed: 3)
        let values = random.floats(3 * 512)
        let wide = TensorSource(name: name, shape: [3, 512], floats: values)
        let source = try checkpoint(directory, replacing: name, by: wide)
        try CheckpointConverter.writeGGUF(from: source, to: directory.file("x.gguf"), dtype: dtype)
        let file = try GGUFFile(path: directory.file("x.gguf"))
        let tensor = try file.tensor("blk.0.ffn_up.weight")
        #expect(tensor.dtype == dtype && tensor.firstNonFinite() == nil)
        var found = [Float](repeating: 0, count: values.count)
        let base = try #require(tensor.bytes.baseAddress)
        dtype.convert(&found, from: base, count: values.count)
        #expect(relativeError(found, values) < error)
        #expect(try file.tensor("blk.0.ffn_gate.weight").dtype == .q8_0)
        #expect(try file.integer("general.file_type") == fileType)
    }

    @Test("q4_k gives the matrices more bits that llama.cpp's Q4_K_M gives them") func mixture() {
        let mixture = QuantMixture(dtype: .q4_k, layers: 28, isTied: false)
        for part in ["attn_v", "ffn_down", "ffn_down_exps"] {
            let layers = (0..<28).filter {
                mixture?.deservesMoreBits("blk.\($0).\(part).weight") == true
            }
            #expect(layers == [0, 1, 2, 5, 8, 11, 14, 17, 20, 23, 24, 25, 26, 27])
        }
        #expect(mixture?.deservesMoreBits("blk.0.ffn_up.weight") == false)
        #expect(mixture?.deservesMoreBits("blk.0.attn_v.bias.weight") == false)
        #expect(mixture?.deservesMoreBits("output.weight") == true)
        #expect(mixture?.deservesMoreBits("token_embd.weight") == false)
        let tied = QuantMixture(dtype: .q5_k, layers: 28, isTied: true)
        #expect(tied?.deservesMoreBits("token_embd.weight") == true)
        #expect(QuantMixture(dtype: .q6_k, layers: 28, isTied: true) == nil)
    }

    @Test(
        "A number the type cannot hold is an error, not infinity",
        arguments: [
            (Float(70_000), DType.f16, false), (70_000, .bf16, true), (1e8, .q8_0, false),
            (.nan, .q8_0, false), (.infinity, .bf16, false), (1e8, .q4_0, false),
        ])
    func overflow(value: Float, dtype: DType, fits: Bool) throws {
        let directory = try TemporaryDirectory()
        let name = "model.layers.0.mlp.down_proj.weight"
        var floats = [Float](repeating: 0.5, count: 1024)
        floats[777] = value
        let source = try checkpoint(
            directory, replacing: name,
            by: TensorSource(name: name, shape: [32, 32], floats: floats))
        let path = directory.file("x.gguf")
        if fits {
            try CheckpointConverter.writeGGUF(from: source, to: path, dtype: dtype)
        } else {
            let message = failure {
                try CheckpointConverter.writeGGUF(from: source, to: path, dtype: dtype)
            }
            #expect(message.contains(name) && message.contains(dtype.rawValue))
            #expect(directory.names == ["changed"])
        }
    }

    @Test("Llama 3 factors that are not the usual ones are found again") func fittedFactors() throws
    {
        let directory = try TemporaryDirectory()
        let original = try Checkpoint(path: fixture("llama").path)
        var config = original.config
        config.headDim = 128
        config.numAttentionHeads = 2
        config.numKeyValueHeads = 1
        config.ropeTheta = 500_000
        config.ropeScaling = .llama3(
            factor: 32, lowFreqFactor: 1, highFreqFactor: 8, originalMaxPositionEmbeddings: 4096)
        let tensors = try original.tensorNames.map { name -> TensorSource in
            guard let kind = ["q_proj", "k_proj"].first(where: { name.contains($0) }) else {
                return TensorSource(try original.tensor(name))
            }
            let rows = kind == "q_proj" ? 256 : 128
            return TensorSource(
                name: name, shape: [rows, 32], floats: [Float](repeating: 0.5, count: rows * 32))
        }
        try SafetensorsWriter.write(tensors, directory: directory.file("hf"))
        try directory.write(config.json(dtype: .f32).text(), to: "hf/config.json")
        let gguf = directory.file("x.gguf")
        try CheckpointConverter.writeGGUF(
            from: Checkpoint(path: directory.file("hf")), to: gguf, dtype: .f16)
        // Without our hint only the fit is left.
        let file = try GGUFFile(path: gguf)
        let bare = directory.file("bare.gguf")
        try GGUFWriter.write(
            to: bare,
            metadata: file.metadata.filter { !$0.key.hasSuffix("original_context_length") },
            tensors: file.tensorNames.map { TensorSource(try file.tensor($0)) })
        for path in [gguf, bare] {
            let target = directory.file(path == gguf ? "one" : "two")
            try CheckpointConverter.writeHuggingFace(
                from: Checkpoint(path: path), to: target, dtype: .f16)
            guard
                case .llama3(let factor, let low, let high, let context) =
                    try Checkpoint(path: target).config.ropeScaling
            else {
                Issue.record("llama3 scaling was expected")
                continue
            }
            #expect(factor == 32 && low == 1 && high == 8 && context == 4096)
        }
    }

    @Test("Yarn survives the way through GGUF") func yarn() throws {
        let directory = try TemporaryDirectory()
        let original = try Checkpoint(path: fixture("qwen3").path)
        var config = original.config
        config.ropeScaling = .yarn(
            .init(
                factor: 4, originalMaxPositionEmbeddings: 32, betaFast: 16, betaSlow: 2,
                attentionFactor: 1.25))
        try SafetensorsWriter.write(
            original.tensorNames.map { TensorSource(try original.tensor($0)) },
            directory: directory.file("hf"))
        try directory.write(config.json(dtype: .f32).text(), to: "hf/config.json")
        try CheckpointConverter.writeGGUF(
            from: Checkpoint(path: directory.file("hf")), to: directory.file("x.gguf"), dtype: .f32)
        guard
            case .yarn(let yarn) = try Checkpoint(path: directory.file("x.gguf")).config.ropeScaling
        else {
            Issue.record("yarn was expected")
            return
        }
        #expect(yarn.factor == 4 && yarn.originalMaxPositionEmbeddings == 32)
        #expect(yarn.betaFast == 16 && yarn.betaSlow == 2)
        #expect(abs(yarn.attentionFactorOrDefault - 1.25) < 1e-6)
    }

    @Test("What the target cannot hold is an error") func impossible() throws {
        let directory = try TemporaryDirectory()
        let llama = try Checkpoint(path: fixture("llama").path)
        let quantised = failure {
            try CheckpointConverter.writeHuggingFace(
                from: llama, to: directory.file("hf"), dtype: .q8_0)
        }
        #expect(quantised.contains("q8_0"))
        let gguf = try GGUFFile(path: fixture("qwen2-q8_0.gguf").path)
        try GGUFWriter.write(
            to: directory.file("x.gguf"), metadata: gguf.metadata,
            tensors: gguf.tensorNames.map { TensorSource(try gguf.tensor($0)) }
                + [TensorSource(name: "odd.weight", shape: [1], floats: [1])])
        let unplaced = failure {
            try CheckpointConverter.writeHuggingFace(
                from: Checkpoint(path: directory.file("x.gguf")), to: directory.file("hf"),
                dtype: .f32)
        }
        #expect(unplaced.contains("odd.weight"))
        #expect(directory.names == ["x.gguf"])
    }
}
