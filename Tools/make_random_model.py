#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a GGUF file of a real model's shape with random weights, for speed measurements only.

    python3 Tools/make_random_model.py --shape qwen2-1.5b --type q8_0 OUT.gguf

Needs: numpy, gguf (see Tools/requirements.txt). The vocabulary is synthetic: the 256 bytes, then
numbered fillers, so that any reader of GGUF accepts the file.
"""
import argparse

import gguf
import numpy as np

SHAPES = {
    # DeepSeek-R1-Distill-Qwen-1.5B's config.json
    "qwen2-1.5b": dict(
        hidden=1536, layers=28, heads=12, kv_heads=2, head_dim=128, ffn=8960, vocab=151936,
        theta=10000.0, context=131072),
    "qwen2-tiny": dict(
        hidden=256, layers=4, heads=4, kv_heads=2, head_dim=64, ffn=768, vocab=2048,
        theta=10000.0, context=4096),
}
TYPES = {"f32": gguf.GGMLQuantizationType.F32, "f16": gguf.GGMLQuantizationType.F16,
         "bf16": gguf.GGMLQuantizationType.BF16, "q8_0": gguf.GGMLQuantizationType.Q8_0}


def bytes_to_unicode():
    """The printable character that byte-level BPE uses for each byte (GPT-2)."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {}, 0
    for byte in range(256):
        if byte in kept:
            table[byte] = chr(byte)
        else:
            table[byte] = chr(256 + extra)
            extra += 1
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, default="qwen2-1.5b")
    parser.add_argument("--type", choices=TYPES, default="q8_0")
    parser.add_argument("--layers", type=int, help="fewer layers than the real model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("output")
    options = parser.parse_args()
    s = dict(SHAPES[options.shape])
    if options.layers:
        s["layers"] = options.layers
    rng = np.random.default_rng(options.seed)

    writer = gguf.GGUFWriter(options.output, "qwen2")
    writer.add_name(f"random {options.shape}")
    writer.add_context_length(s["context"])
    writer.add_embedding_length(s["hidden"])
    writer.add_block_count(s["layers"])
    writer.add_feed_forward_length(s["ffn"])
    writer.add_head_count(s["heads"])
    writer.add_head_count_kv(s["kv_heads"])
    writer.add_key_length(s["head_dim"])
    writer.add_value_length(s["head_dim"])
    writer.add_rope_freq_base(s["theta"])
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(s["vocab"])

    byte_tokens = list(bytes_to_unicode().values())
    merged = byte_tokens[0] + byte_tokens[1]
    fillers = [f"filler{i}" for i in range(s["vocab"] - 256 - 2)]
    tokens = byte_tokens + [merged] + fillers + ["<|endoftext|>"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * (len(tokens) - 1) + [3])
    writer.add_token_merges([f"{byte_tokens[0]} {byte_tokens[1]}"])
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_bos_token_id(len(tokens) - 1)
    writer.add_add_bos_token(False)

    def matrix(name, rows, columns):
        kind = TYPES[options.type]
        std = 1 / np.sqrt(columns)
        if kind == gguf.GGMLQuantizationType.Q8_0:
            # Straight to blocks: uniform bytes and a scale of the right size.
            blocks = rows * columns // 32
            raw = np.empty((blocks, 34), np.uint8)
            scales = rng.uniform(0.8, 1.2, blocks) * std * np.sqrt(3) / 127
            raw[:, :2] = scales.astype(np.float16).view(np.uint8).reshape(-1, 2)
            raw[:, 2:] = rng.integers(-127, 128, (blocks, 32), np.int8).view(np.uint8)
            writer.add_tensor(name, raw.reshape(rows, columns // 32 * 34), raw_dtype=kind)
            return
        x = rng.standard_normal((rows, columns), np.float32) * np.float32(std)
        if kind == gguf.GGMLQuantizationType.F32:
            writer.add_tensor(name, x)
        else:
            writer.add_tensor(name, gguf.quantize(x, kind), raw_dtype=kind)

    def vector(name, size, around=0.0):
        writer.add_tensor(name, (around + 0.1 * rng.standard_normal(size)).astype(np.float32))

    hidden, queries, keys = s["hidden"], s["heads"] * s["head_dim"], s["kv_heads"] * s["head_dim"]
    matrix("token_embd.weight", s["vocab"], hidden)
    for i in range(s["layers"]):
        block = f"blk.{i}"
        vector(f"{block}.attn_norm.weight", hidden, 1)
        matrix(f"{block}.attn_q.weight", queries, hidden)
        matrix(f"{block}.attn_k.weight", keys, hidden)
        matrix(f"{block}.attn_v.weight", keys, hidden)
        vector(f"{block}.attn_q.bias", queries)
        vector(f"{block}.attn_k.bias", keys)
        vector(f"{block}.attn_v.bias", keys)
        matrix(f"{block}.attn_output.weight", hidden, queries)
        vector(f"{block}.ffn_norm.weight", hidden, 1)
        matrix(f"{block}.ffn_gate.weight", s["ffn"], hidden)
        matrix(f"{block}.ffn_up.weight", s["ffn"], hidden)
        matrix(f"{block}.ffn_down.weight", hidden, s["ffn"])
    vector("output_norm.weight", hidden, 1)
    matrix("output.weight", s["vocab"], hidden)

    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
