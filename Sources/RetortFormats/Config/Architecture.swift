// SPDX-License-Identifier: Apache-2.0

/// The model families that can be run, by the name that config.json and GGUF give them.
public enum Architecture: String, Sendable, CaseIterable {
    case llama, qwen2, qwen3

    /// The class in `architectures` of config.json.
    public var className: String {
        switch self {
        case .llama: return "LlamaForCausalLM"
        case .qwen2: return "Qwen2ForCausalLM"
        case .qwen3: return "Qwen3ForCausalLM"
        }
    }

    /// The names of all, for messages.
    static var known: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// Which elements of a head the rotary embedding rotates together.
public enum RopeLayout: Sendable {
    /// Elements i and i + headDim / 2 (Hugging Face).
    case halfSplit
    /// Elements 2i and 2i + 1 (GGUF of the llama family, whose query and key rows are permuted).
    case interleaved
}
