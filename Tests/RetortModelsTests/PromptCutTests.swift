// SPDX-License-Identifier: Apache-2.0
//
// A prompt that is gone on with where another one left it has to give the bits of one that is read as
// a whole: the prefix cache relies on it, wherever it ends and whatever the weights' type.

import Foundation
import RetortFormats
import RetortModels
import RetortTensor
import TestSupport
import Testing

/// A Llama of random weights whose rows fill the blocks of every type.
private enum WideModel {
    static let vocabulary = 64
    private static let (hidden, inner, layers) = (256, 768, 2)

    /// Writes a Hugging Face directory.
    static func write(to folder: TemporaryFolder) throws {
        let config = """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": \(hidden),
             "intermediate_size": \(inner), "num_hidden_layers": \(layers), "num_attention_heads": 4,
             "num_key_value_heads": 2, "head_dim": 64, "vocab_size": \(vocabulary),
             "max_position_embeddings": 256, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
             "tie_word_embeddings": false, "eos_token_id": 1, "bos_token_id": 0}
            """
        try config.write(toFile: folder.path("config.json"), atomically: true, encoding: .utf8)
        var shapes = [
            ("model.embed_tokens.weight", [vocabulary, hidden]),
            ("lm_head.weight", [vocabulary, hidden]), ("model.norm.weight", [hidden]),
        ]
        for layer in 0..<layers {
            let name = "model.layers.\(layer)."
            shapes += [
                (name + "input_layernorm.weight", [hidden]),
                (name + "post_attention_layernorm.weight", [hidden]),
                (name + "self_attn.q_proj.weight", [256, hidden]),
                (name + "self_attn.k_proj.weight", [128, hidden]),
                (name + "self_attn.v_proj.weight", [128, hidden]),
                (name + "self_attn.o_proj.weight", [hidden, 256]),
                (name + "mlp.gate_proj.weight", [inner, hidden]),
                (name + "mlp.up_proj.weight", [inner, hidden]),
                (name + "mlp.down_proj.weight", [hidden, inner]),
            ]
        }
        var random = SeededRandom(seed: 11)
        var data = Data()
        var entries: [String] = []
        for (name, shape) in shapes {
            // Such that neither the residual stream nor what is added to it drowns the other.
            let isNorm = shape.count == 1
            let values = random.floats(shape.reduce(1, *)).map { isNorm ? 1 + $0 : $0 * 0.2 }
            let start = data.count
            values.withUnsafeBytes { data.append(contentsOf: $0) }
            entries.append(
                "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(start),\(data.count)]}"
            )
        }
        var header = "{\(entries.joined(separator: ","))}"
        header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        var file = Data()
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { file.append(contentsOf: $0) }
        file.append(Data(header.utf8))
        file.append(data)
        try file.write(to: URL(fileURLWithPath: folder.path("model.safetensors")))
    }
}

@Suite struct PromptCutTests {
    @Test(
        "a prompt of a quantised model gives the same bits however it is cut",
        arguments: DType.allCases.filter(\.isQuantized))
    func cuts(dtype: DType) throws {
        let folder = try TemporaryFolder()
        try WideModel.write(to: folder)
        let path = folder.path("model.gguf")
        try CheckpointConverter.writeGGUF(
            from: try Checkpoint(path: folder.url.path), to: path, dtype: dtype)
        let model = try LanguageModel(try Checkpoint(path: path), threads: 2)
        #expect(model.readsPromptsAlike)
        let runner = try ModelRunner(model, batchSize: 64)
        var random = SeededRandom(seed: 3)
        let prompt = (0..<70).map { _ in
            Int32.random(in: 0..<Int32(WideModel.vocabulary), using: &random)
        }
        func logits(cuts: [Int]) throws -> [UInt32] {
            let cache = try runner.makeCache(capacity: 80, dtype: .f16)
            var start = 0
            for end in cuts {
                try runner.append(Array(prompt[start..<end]), cache: cache)
                start = end
            }
            // Logits alone would hide most: activations are rounded to 8 bits before them.
            let logits = try runner.forward(Array(prompt[start...]), cache: cache)
            return (Array(logits) + runner.hiddenStates.suffix(256)).map(\.bitPattern)
        }
        let whole = try logits(cuts: [])
        for cuts in [[69], [1], [64], [60, 61], [1, 2, 3, 10], [16, 32, 48, 69]] {
            #expect(try logits(cuts: cuts) == whole, "cut at \(cuts)")
        }
    }
}
