// SPDX-License-Identifier: Apache-2.0
//
// Directories that are no adapters this program can add.

import Foundation
import RetortFormats
import RetortJSON
import TestSupport
import Testing

@Suite struct LowRankFileTests {
    private static let prefix = "base_model.model.model.layers.0.self_attn.q_proj"

    /// Writes a directory; nil leaves a file out.
    private static func error(
        _ config: String?,
        _ tensors: [(name: String, shape: [Int])]? = [
            (prefix + ".lora_A.weight", [2, 4]), (prefix + ".lora_B.weight", [6, 2]),
        ]
    ) throws -> String {
        let folder = try TemporaryFolder()
        if let config {
            try Data(config.utf8).write(
                to: URL(fileURLWithPath: folder.path("adapter_config.json")))
        }
        if let tensors {
            try SafetensorsWriter.write(
                tensors.map {
                    TensorSource(
                        name: $0.name, shape: $0.shape,
                        floats: Array(repeating: 1, count: $0.shape.reduce(1, *)))
                }, to: folder.path("adapter_model.safetensors"))
        }
        do {
            _ = try LowRankFile(path: folder.url.path)
            return ""
        } catch { return error.description }
    }

    @Test("a plain adapter is read")
    func plain() throws {
        #expect(try Self.error(#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4}"#) == "")
    }

    @Test("missing files are named")
    func missing() throws {
        #expect(try Self.error(nil).contains("adapter_config.json"))
        #expect(try Self.error(#"{"r": 2}"#, nil).contains("adapter_model.safetensors"))
    }

    @Test(
        "what is no plain LoRA is refused by the key that says so",
        arguments: [
            (#"{"peft_type": "IA3", "r": 2}"#, "peft_type is IA3"),
            (#"{"r": 2, "use_dora": true}"#, "use_dora"),
            (#"{"r": 2, "bias": "all"}"#, "bias is all"),
            (#"{"r": 2, "modules_to_save": ["lm_head"]}"#, "modules_to_save"),
            (#"{"r": 2, "layer_replication": [[0, 1]]}"#, "layer_replication"),
            (#"{"r": 2, "target_parameters": ["gate_up_proj"]}"#, "target_parameters"),
            (#"{"r": 2, "init_lora_weights": "pissa_niter_16"}"#, "pissa"),
            (#"{"r": 2, "alpha_pattern": {"(": 3}}"#, "no regular expression"),
            (#"{"r": 2, "alpha_pattern": {"q_proj": "x"}}"#, "a number was expected"),
            (#"{"r": 0}"#, "no rank"), (#"[]"#, "an object"), (#"{"r": 2"#, "adapter_config.json"),
        ])
    func kinds(config: String, expected: String) throws {
        #expect(try Self.error(config).contains(expected))
    }

    @Test("tensors that are no pairs of fitting matrices are refused")
    func tensors() throws {
        let config = #"{"r": 2}"#
        let (a, b) = (Self.prefix + ".lora_A.weight", Self.prefix + ".lora_B.weight")
        #expect(
            try Self.error(config, [(a, [2, 4]), (b, [6, 3])]).contains("do not fit together"))
        #expect(try Self.error(config, [(a, [2, 4])]).contains("lora_B"))
        #expect(
            try Self.error(config, [("x.lora_A.weight", [2, 4])]).contains("does not begin with"))
        #expect(
            try Self.error(config, [(Self.prefix + ".lora_embedding_A", [2, 4])])
                .contains("no adapter of a linear layer"))
        #expect(try Self.error(config, [(b, [6, 2])]).contains("has no adapters"))
    }
}
