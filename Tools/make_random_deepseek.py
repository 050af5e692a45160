#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a GGUF file of DeepSeek's architecture with random weights, for speed measurements only.

    python3 Tools/make_random_deepseek.py --type q8_0 --layers 8 OUT.gguf

The layers are V2-Lite's: 64 experts of which 6 are used, 2 shared, the first layer dense. Queries are
compressed, unlike V2-Lite's, since llama.cpp knows that model by its 26 or 27 layers. Matrices whose
rows do not fill the blocks of the type are q8_0. Needs numpy, gguf (Tools/requirements.txt).
"""
import argparse

import gguf
import numpy as np

from make_random_model import KINDS, TYPES, add_vocabulary, random_blocks

HIDDEN, HEADS, VOCAB, DENSE = 2048, 16, 102400, 10944
QUERY, LATENT, NOPE, ROPE, VALUE = 1536, 512, 128, 64, 128
EXPERTS, USED, SHARED, INNER = 64, 6, 2, 1408


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--type", choices=TYPES, default="q8_0")
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--heads", type=int, default=HEADS, help="V3 has 128")
    parser.add_argument("--dense", action="store_true", help="no layer with experts")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("output")
    options = parser.parse_args()
    heads = options.heads
    rng = np.random.default_rng(options.seed)

    writer = gguf.GGUFWriter(options.output, "deepseek2")
    writer.add_name("random V2-Lite layers")
    writer.add_context_length(163840)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(options.layers)
    writer.add_feed_forward_length(DENSE)
    writer.add_head_count(heads)
    writer.add_head_count_kv(1)
    writer.add_key_length(LATENT + ROPE)
    writer.add_value_length(LATENT)
    writer.add_key_length_mla(NOPE + ROPE)
    writer.add_value_length_mla(VALUE)
    writer.add_q_lora_rank(QUERY)
    writer.add_kv_lora_rank(LATENT)
    writer.add_rope_dimension_count(ROPE)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(VOCAB)
    writer.add_leading_dense_block_count(options.layers if options.dense else 1)
    writer.add_expert_count(EXPERTS)
    writer.add_expert_used_count(USED)
    writer.add_expert_shared_count(SHARED)
    writer.add_expert_feed_forward_length(INNER)
    writer.add_expert_weights_scale(1.0)
    writer.add_expert_weights_norm(False)

    add_vocabulary(writer, VOCAB, "deepseek-llm", "<|end|>")

    def matrix(name, rows, columns, count=None):
        kind = TYPES[options.type]
        if options.type == "q4_k_m" and name == "output.weight":
            kind = KINDS.Q6_K
        std = 1 / np.sqrt(columns)
        shape = (rows, columns) if count is None else (count, rows, columns)
        if kind in (KINDS.F32, KINDS.F16, KINDS.BF16):
            x = rng.standard_normal(shape, np.float32) * np.float32(std)
            writer.add_tensor(
                name, x if kind == KINDS.F32 else gguf.quantize(x, kind), raw_dtype=kind)
            return
        if columns % gguf.GGML_QUANT_SIZES[kind][0]:
            kind = KINDS.Q8_0
        raw = random_blocks(rng, kind, (count or 1) * rows, columns, std)
        writer.add_tensor(name, raw.reshape(*shape[:-1], -1), raw_dtype=kind)

    def vector(name, size):
        writer.add_tensor(name, (1 + 0.1 * rng.standard_normal(size)).astype(np.float32))

    matrix("token_embd.weight", VOCAB, HIDDEN)
    for i in range(options.layers):
        block = f"blk.{i}"
        vector(f"{block}.attn_norm.weight", HIDDEN)
        matrix(f"{block}.attn_q_a.weight", QUERY, HIDDEN)
        vector(f"{block}.attn_q_a_norm.weight", QUERY)
        matrix(f"{block}.attn_q_b.weight", heads * (NOPE + ROPE), QUERY)
        matrix(f"{block}.attn_kv_a_mqa.weight", LATENT + ROPE, HIDDEN)
        vector(f"{block}.attn_kv_a_norm.weight", LATENT)
        matrix(f"{block}.attn_k_b.weight", LATENT, NOPE, heads)
        matrix(f"{block}.attn_v_b.weight", VALUE, LATENT, heads)
        matrix(f"{block}.attn_output.weight", HIDDEN, heads * VALUE)
        vector(f"{block}.ffn_norm.weight", HIDDEN)
        if i == 0 or options.dense:
            matrix(f"{block}.ffn_gate.weight", DENSE, HIDDEN)
            matrix(f"{block}.ffn_up.weight", DENSE, HIDDEN)
            matrix(f"{block}.ffn_down.weight", HIDDEN, DENSE)
            continue
        gate = rng.standard_normal((EXPERTS, HIDDEN), np.float32) / np.sqrt(HIDDEN)
        writer.add_tensor(f"{block}.ffn_gate_inp.weight", gate.astype(np.float32))
        matrix(f"{block}.ffn_gate_exps.weight", INNER, HIDDEN, EXPERTS)
        matrix(f"{block}.ffn_up_exps.weight", INNER, HIDDEN, EXPERTS)
        matrix(f"{block}.ffn_down_exps.weight", HIDDEN, INNER, EXPERTS)
        matrix(f"{block}.ffn_gate_shexp.weight", SHARED * INNER, HIDDEN)
        matrix(f"{block}.ffn_up_shexp.weight", SHARED * INNER, HIDDEN)
        matrix(f"{block}.ffn_down_shexp.weight", HIDDEN, SHARED * INNER)
    vector("output_norm.weight", HIDDEN)
    matrix("output.weight", VOCAB, HIDDEN)

    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
