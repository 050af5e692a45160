// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortJSON
import RetortTensor
import TestSupport
import Testing

@Suite struct ConfigTests {
    static let base =
        #""hidden_size":64,"intermediate_size":128,"num_hidden_layers":2,"num_attention_heads":4,"vocab_size":100"#

    static func config(_ fields: String) throws -> ModelConfig {
        try ModelConfig(json: Array("{\(fields)}".utf8))
    }

    @Test("Configurations are read as transformers reads them") func references() throws {
        let cases = try #require(try json("configs.json").arrayValue)
        for item in cases {
            let name = item["name"]?.stringValue ?? ""
            let document = try #require(item["config"])
            let config = try ModelConfig(json: Array(document.text().utf8))
            let expected = try #require(item["expected"])
            let rope = try #require(expected["rope"])
            #expect(config.numKeyValueHeads == expected["num_key_value_heads"]?.intValue, "\(name)")
            #expect(config.headDim == expected["head_dim"]?.intValue, "\(name)")
            #expect(
                config.maxPositionEmbeddings == expected["max_position_embeddings"]?.intValue,
                "\(name)")
            #expect(config.rmsNormEps == float(expected["rms_norm_eps"]), "\(name)")
            #expect(config.ropeTheta == float(expected["rope_theta"]), "\(name)")
            #expect(
                config.tieWordEmbeddings == expected["tie_word_embeddings"]?.boolValue, "\(name)")
            #expect(config.attentionBias == expected["attention_bias"]?.boolValue, "\(name)")
            #expect(config.mlpBias == expected["mlp_bias"]?.boolValue, "\(name)")
            try expectScaling(config.ropeScaling, rope, expected, name)
        }
        #expect(cases.count == 12)
    }

    private func float(_ value: JSONValue?) -> Float? { value?.doubleValue.map { Float($0) } }

    private func expectScaling(
        _ scaling: RopeScaling?, _ rope: JSONValue, _ expected: JSONValue, _ name: String
    ) throws {
        let type = rope["rope_type"]?.stringValue
        switch scaling {
        case nil: #expect(type == "default", "\(name)")
        case .linear(let factor):
            #expect(type == "linear" && factor == float(rope["factor"]), "\(name)")
        case .llama3(let factor, let low, let high, let original):
            #expect(type == "llama3", "\(name)")
            #expect(factor == float(rope["factor"]), "\(name)")
            #expect(low == float(rope["low_freq_factor"]), "\(name)")
            #expect(high == float(rope["high_freq_factor"]), "\(name)")
            #expect(original == rope["original_max_position_embeddings"]?.intValue, "\(name)")
        case .yarn(let yarn):
            #expect(type == "yarn", "\(name)")
            #expect(yarn.factor == float(rope["factor"]), "\(name)")
            #expect(
                yarn.originalMaxPositionEmbeddings
                    == rope["original_max_position_embeddings"]?.intValue, "\(name)")
            let attention = try #require(expected["yarn_attention_factor"]?.doubleValue)
            #expect(abs(yarn.attentionFactorOrDefault - attention) < 1e-6, "\(name)")
            let fast = rope["beta_fast"]?.doubleValue ?? 32
            #expect(yarn.betaFast == Float(fast) && yarn.betaSlow == 1, "\(name)")
        }
    }

    @Test(
        "What cannot be run is an error that says what was found",
        arguments: [
            (
                #""model_type":"mixtral""#,
                "'mixtral' is not supported; supported are llama, qwen2, qwen3"
            ),
            (#""architectures":["GPT2LMHeadModel"]"#, "GPT2LMHeadModel"),
            (#""hidden_act":"silu""#, "neither model_type nor architectures"),
            (#""model_type":7"#, "model_type is a number"),
            (#""model_type":"llama","hidden_act":"gelu""#, "hidden_act is 'gelu'"),
            (#""model_type":"llama","quantization_config":{"quant_method":"fp8"}"#, "(fp8)"),
            (#""model_type":"llama","quantization":{"bits":4}"#, "quantization"),
            (
                #""model_type":"llama","rope_scaling":{"rope_type":"longrope","factor":2}"#,
                "longrope"
            ),
            (#""model_type":"llama","rope_scaling":{"type":"dynamic","factor":2}"#, "dynamic"),
            (#""model_type":"llama","rope_scaling":{"type":"linear"}"#, "no factor"),
            (#""model_type":"llama","rope_scaling":{"type":"linear","factor":-1}"#, "factor -1"),
            (#""model_type":"llama","rope_scaling":"linear""#, "an object was expected"),
            (
                #""model_type":"llama","rope_parameters":{"full_attention":{"rope_type":"default"}}"#,
                "layers"
            ),
            (#""model_type":"llama","partial_rotary_factor":0.5"#, "partial_rotary_factor"),
            (
                #""model_type":"qwen2","num_key_value_heads":4,"use_sliding_window":true,"max_window_layers":1"#,
                "sliding"
            ),
            (#""model_type":"llama","head_dim":15"#, "even"),
            (#""model_type":"llama","num_key_value_heads":3"#, "not a multiple"),
            (#""model_type":"llama","num_key_value_heads":0"#, "num_key_value_heads is 0"),
            (#""model_type":"llama","num_key_value_heads":"4""#, "an integer was expected"),
            (#""model_type":"llama","rms_norm_eps":-1"#, "rms_norm_eps"),
            (#""model_type":"llama","rms_norm_eps":1e300"#, "rms_norm_eps"),
            (#""model_type":"llama","rope_theta":0"#, "rope_theta"),
            (
                #""model_type":"llama","max_position_embeddings":9223372036854775807"#,
                "max_position"
            ),
        ])
    func unsupported(fields: String, expected: String) {
        let message = failure { _ = try Self.config("\(Self.base),\(fields)") }
        #expect(message.contains("config.json"))
        #expect(message.contains(expected), "\(message)")
    }

    @Test(
        "A size that is missing, zero or absurd is an error",
        arguments: [
            "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
            "vocab_size",
        ])
    func sizes(key: String) throws {
        let base = try JSONValue(parsing: "{\(Self.base),\"model_type\":\"llama\"}")
        for (value, expected) in [
            (JSONValue?.none, "no \(key)"), (0, key), (-4, key), (.integer(1 << 40), key),
            (.integer(.max), key), (1e18, key),
        ] {
            var object = try #require(base.objectValue)
            object[key] = value
            let text = JSONValue.object(object).text()
            let message = failure { _ = try ModelConfig(json: Array(text.utf8)) }
            #expect(message.contains(expected), "\(message)")
        }
    }

    @Test("A written config.json reads back the same") func roundTrip() throws {
        for item in try #require(try json("configs.json").arrayValue) {
            let document = try #require(item["config"])
            let config = try ModelConfig(json: Array(document.text().utf8))
            let written = config.json(dtype: .bf16).text(.pretty)
            #expect(try ModelConfig(json: Array(written.utf8)) == config, "\(written)")
        }
    }

    @Test("Architectures stand in for a missing model_type") func architectures() throws {
        let config = try Self.config(
            "\(Self.base),\"architectures\":[\"Qwen3ForCausalLM\"],\"num_key_value_heads\":2")
        #expect(config.architecture == .qwen3)
    }

    @Test("generation_config.json is read whole, with one or several end tokens")
    func generation() throws {
        let text =
            #"{"eos_token_id":[7,8,7],"bos_token_id":1,"pad_token_id":null,"do_sample":true,"temperature":0.6,"top_p":0.95,"top_k":20,"min_p":0.0,"repetition_penalty":1.05,"max_new_tokens":99,"transformers_version":"4"}"#
        let config = try GenerationConfig(json: Array(text.utf8))
        #expect(
            config
                == GenerationConfig(
                    eosTokenIds: [7, 8], bosTokenId: 1, doSample: true, temperature: 0.6,
                    topP: 0.95, topK: 20, minP: 0, repetitionPenalty: 1.05, maxNewTokens: 99))
        #expect(try GenerationConfig(json: Array(config.json.text().utf8)) == config)
        #expect(try GenerationConfig(json: Array(#"{"eos_token_id":5}"#.utf8)).eosTokenIds == [5])
        let message = failure {
            _ = try GenerationConfig(json: Array(#"{"eos_token_id":"</s>"}"#.utf8))
        }
        #expect(message.contains("eos_token_id is a string"))
    }
}
