// SPDX-License-Identifier: Apache-2.0
//
// Tensor names of GGUF and of Hugging Face, both ways.

enum GGUFNames {
    private static let global = [
        ("token_embd", "model.embed_tokens"),
        ("output_norm", "model.norm"),
        ("output", "lm_head"),
    ]

    private static let layer = [
        ("attn_norm", "input_layernorm"),
        ("attn_q", "self_attn.q_proj"),
        ("attn_k", "self_attn.k_proj"),
        ("attn_v", "self_attn.v_proj"),
        ("attn_output", "self_attn.o_proj"),
        ("attn_q_norm", "self_attn.q_norm"),
        ("attn_k_norm", "self_attn.k_norm"),
        ("ffn_norm", "post_attention_layernorm"),
        ("ffn_gate", "mlp.gate_proj"),
        ("ffn_up", "mlp.up_proj"),
        ("ffn_down", "mlp.down_proj"),
    ]

    /// `blk.3.attn_q.weight` → `model.layers.3.self_attn.q_proj.weight`; nil for names that have no
    /// counterpart, such as `rope_freqs.weight`.
    static func huggingFace(_ name: String) -> String? {
        translate(name, layers: "blk.", to: "model.layers.", global, layer)
    }

    /// `model.layers.3.self_attn.q_proj.weight` → `blk.3.attn_q.weight`.
    static func gguf(_ name: String) -> String? {
        translate(
            name, layers: "model.layers.", to: "blk.", global.map { ($0.1, $0.0) },
            layer.map { ($0.1, $0.0) })
    }

    private static func translate(
        _ name: String, layers: String, to target: String, _ global: [(String, String)],
        _ layer: [(String, String)]
    ) -> String? {
        guard let dot = name.lastIndex(of: ".") else { return nil }
        let suffix = name[dot...]
        guard suffix == ".weight" || suffix == ".bias" else { return nil }
        let stem = name[..<dot]
        if let match = global.first(where: { $0.0 == stem }) { return match.1 + suffix }
        guard stem.hasPrefix(layers) else { return nil }
        let rest = stem.dropFirst(layers.count)
        guard let end = rest.firstIndex(of: "."), let number = Int(rest[..<end]), number >= 0,
            let match = layer.first(where: { $0.0 == rest[rest.index(after: end)...] })
        else { return nil }
        return "\(target)\(number).\(match.1)\(suffix)"
    }
}
