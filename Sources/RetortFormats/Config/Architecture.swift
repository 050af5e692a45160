// SPDX-License-Identifier: Apache-2.0

/// The model families that can be run, by the name that config.json and GGUF give them.
public enum Architecture: String, Sendable, CaseIterable {
    case llama, qwen2, qwen3
    case qwen3Moe = "qwen3_moe"
    /// V2 and V2-Lite.
    case deepseekV2 = "deepseek_v2"
    /// V3, V3.1 and R1.
    case deepseekV3 = "deepseek_v3"

    /// The class in `architectures` of config.json.
    public var className: String {
        switch self {
        case .llama: return "LlamaForCausalLM"
        case .qwen2: return "Qwen2ForCausalLM"
        case .qwen3: return "Qwen3ForCausalLM"
        case .qwen3Moe: return "Qwen3MoeForCausalLM"
        case .deepseekV2: return "DeepseekV2ForCausalLM"
        case .deepseekV3: return "DeepseekV3ForCausalLM"
        }
    }

    /// The value of GGUF's `general.architecture`, which does not tell V2 from V3.
    public var ggufName: String {
        switch self {
        case .llama, .qwen2, .qwen3: return rawValue
        case .qwen3Moe: return "qwen3moe"
        case .deepseekV2, .deepseekV3: return "deepseek2"
        }
    }

    /// What transformers takes where config.json has no max_position_embeddings.
    var defaultPositions: Int {
        switch self {
        case .llama, .deepseekV2: return 2048
        case .deepseekV3: return 4096
        case .qwen2, .qwen3, .qwen3Moe: return 32_768
        }
    }

    /// What transformers takes where config.json has no num_key_value_heads; nil for as many as
    /// there are heads.
    var defaultKeyValueHeads: Int? {
        switch self {
        case .qwen2, .qwen3: return 32
        case .qwen3Moe: return 4
        case .llama, .deepseekV2, .deepseekV3: return nil
        }
    }

    var isDeepSeek: Bool { self == .deepseekV2 || self == .deepseekV3 }

    /// The names of all, for messages.
    static var known: String { allCases.map(\.rawValue).joined(separator: ", ") }
    static var knownInGGUF: String {
        allCases.filter { $0 != .deepseekV3 }.map(\.ggufName).joined(separator: ", ")
    }
}

/// Which elements of a head the rotary embedding rotates together.
public enum RopeLayout: Sendable {
    /// Elements i and i + headDim / 2 (Hugging Face).
    case halfSplit
    /// Elements 2i and 2i + 1 (GGUF of the llama family, whose query and key rows are permuted).
    case interleaved
}
