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
        ("attn_q_a", "self_attn.q_a_proj"),
        ("attn_q_a_norm", "self_attn.q_a_layernorm"),
        ("attn_q_b", "self_attn.q_b_proj"),
        ("attn_kv_a_mqa", "self_attn.kv_a_proj_with_mqa"),
        ("attn_kv_a_norm", "self_attn.kv_a_layernorm"),
        ("attn_kv_b", "self_attn.kv_b_proj"),
        ("ffn_norm", "post_attention_layernorm"),
        ("ffn_gate", "mlp.gate_proj"),
        ("ffn_up", "mlp.up_proj"),
        ("ffn_down", "mlp.down_proj"),
        ("ffn_gate_inp", "mlp.gate"),
        ("ffn_gate_shexp", "mlp.shared_experts.gate_proj"),
        ("ffn_up_shexp", "mlp.shared_experts.up_proj"),
        ("ffn_down_shexp", "mlp.shared_experts.down_proj"),
        // Hugging Face has a tensor for each expert, and the two halves of kv_b_proj as one.
        ("ffn_gate_exps", "mlp.experts.gate_proj"),
        ("ffn_up_exps", "mlp.experts.up_proj"),
        ("ffn_down_exps", "mlp.experts.down_proj"),
        ("attn_k_b", "self_attn.k_b_proj"),
        ("attn_v_b", "self_attn.v_b_proj"),
    ]

    /// The gate's bias, whose name in Hugging Face has no suffix.
    private static let bias = (
        gguf: "exp_probs_b.bias", huggingFace: "mlp.gate.e_score_correction_bias"
    )

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
        for (from, to) in [(bias.gguf, bias.huggingFace), (bias.huggingFace, bias.gguf)]
        where name.hasPrefix(layers) && name.hasSuffix("." + from) {
            let number = name.dropFirst(layers.count).dropLast(from.count + 1)
            return Int(number).map { "\(target)\($0).\(to)" }
        }
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
