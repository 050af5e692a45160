#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a GGUF file of a real model's shape with random weights, for measurements and slow answers.

    python3 Tools/make_random_model.py --shape qwen2-1.5b --type q8_0 OUT.gguf
    python3 Tools/make_random_model.py --shape qwen2-slow --chat OUT.gguf

Needs: numpy, gguf (see Tools/requirements.txt). The vocabulary is synthetic: the 256 bytes, then
numbered fillers, so that any reader of GGUF accepts the file. Blocks of quantised types are random
bytes with scales of the right size. q4_k_m is llama.cpp's mixture of q4_k and q6_k. A tensor's numbers
depend on the seed, its name, shape and type alone.
--chat gives a chat template that opens a thought, and weights that never end a text: the thought goes on
until it is closed from outside or the limit is reached, as a check of "stop" needs.
"""
import argparse
import zlib

import gguf
import numpy as np

SHAPES = {
    # DeepSeek-R1-Distill-Qwen-1.5B's config.json
    "qwen2-1.5b": dict(
        hidden=1536, layers=28, heads=12, kv_heads=2, head_dim=128, ffn=8960, vocab=151936,
        theta=10000.0, context=131072),
    # V3's 128 heads, each with its own keys and values of (192 + 128) / 2 elements: see Benchmarks/cache.py
    "expanded-heads": dict(
        hidden=256, layers=4, heads=128, kv_heads=128, head_dim=160, ffn=256, vocab=2048,
        theta=10000.0, context=16384),
    # Some 40 tokens/s on two cores: long enough to stop, quick enough to wait for
    "qwen2-slow": dict(
        hidden=1024, layers=16, heads=8, kv_heads=2, head_dim=128, ffn=4096, vocab=2048,
        theta=10000.0, context=4096),
    "qwen2-tiny": dict(
        hidden=256, layers=4, heads=4, kv_heads=2, head_dim=64, ffn=768, vocab=2048,
        theta=10000.0, context=4096),
}
KINDS = gguf.GGMLQuantizationType
TYPES = {"f32": KINDS.F32, "f16": KINDS.F16, "bf16": KINDS.BF16, "q8_0": KINDS.Q8_0, "q4_0": KINDS.Q4_0,
         "q4_k": KINDS.Q4_K, "q5_k": KINDS.Q5_K, "q6_k": KINDS.Q6_K, "q4_k_m": KINDS.Q4_K}


def random_blocks(rng, kind, rows, columns, std):
    """Rows of random blocks whose elements have about the given deviation."""
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    count = rows * columns // elements
    raw = rng.integers(0, 256, (count, size), np.uint8)

    def halves(scale):
        x = (rng.uniform(0.8, 1.2, count) * scale).astype(np.float16)
        return x.view(np.uint8).reshape(-1, 2)

    if kind == KINDS.Q8_0:  # uniform bytes
        raw[:, :2] = halves(std * np.sqrt(3) / 127)
    elif kind == KINDS.Q4_0:  # uniform in -8 ... 7
        raw[:, :2] = halves(std / 4.6)
    elif kind in (KINDS.Q4_K, KINDS.Q5_K):
        # 6-bit scales s and minima t: d s q - m t is centred when m t is half of the largest d s q.
        levels = 15 if kind == KINDS.Q4_K else 31
        d = halves(std / (45.5 * levels * 0.307))
        raw[:, :2] = d
        raw[:, 2:4] = (d.view(np.float16) * np.float16(levels / 2)).view(np.uint8)
        raw[:, 4:16] = rng.integers(0, 256, (count, 12), np.uint8) & 0x3F | 0xA0
        raw[:, 8:12] = raw[:, 4:8]  # minima near their scales
        nibbles = rng.integers(8, 16, (count, 4), np.uint8)
        raw[:, 12:16] = nibbles | nibbles << 4
        return raw.reshape(rows, -1)
    elif kind == KINDS.Q6_K:
        raw[:, 192:208] = rng.integers(64, 128, (count, 16), np.uint8)
        raw[:, 208:] = halves(std / (96 * 18.5))
    return raw.reshape(rows, -1)


def kind_of(name, layers, kind, is_mixture):
    """The type of a tensor: q4_k_m gives more bits where llama.cpp's Q4_K_M does."""
    if not is_mixture:
        return kind
    more = name == "output.weight"
    if name.endswith(("attn_v.weight", "ffn_down.weight")):
        layer, eighth = int(name.split(".")[1]), layers // 8
        more = layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2
    return KINDS.Q6_K if more else kind


CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: <think>\n{% endif %}"
)
THOUGHT = ["<think>", "</think>"]


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


def add_vocabulary(writer, size, pre, end, marks=()):
    """A synthetic byte-level vocabulary: the bytes, one merge, numbered fillers, marks, an end token."""
    byte_tokens = list(bytes_to_unicode().values())
    merged = byte_tokens[0] + byte_tokens[1]
    tokens = byte_tokens + [merged] + [f"filler{i}" for i in range(size - 258 - len(marks))] + [*marks, end]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([1] * (size - 1 - len(marks)) + [4] * len(marks) + [3])
    writer.add_token_merges([f"{byte_tokens[0]} {byte_tokens[1]}"])
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_bos_token_id(len(tokens) - 1)
    writer.add_add_bos_token(False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, default="qwen2-1.5b")
    parser.add_argument("--type", choices=TYPES, default="q8_0")
    parser.add_argument("--layers", type=int, help="fewer layers than the real model")
    parser.add_argument("--idle-from", type=int, metavar="N",
                        help="layers from N on add nothing: a model of N layers of the same seed says the same")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--chat", action="store_true", help="a chat template with thoughts, and texts without end")
    parser.add_argument("output")
    options = parser.parse_args()
    s = dict(SHAPES[options.shape])
    if options.layers:
        s["layers"] = options.layers
    idle_from = s["layers"] if options.idle_from is None else options.idle_from

    def generator(name):
        return np.random.default_rng([options.seed, zlib.crc32(name.encode())])

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

    add_vocabulary(writer, s["vocab"], "qwen2", "<|endoftext|>", THOUGHT if options.chat else ())
    if options.chat:
        writer.add_chat_template(CHAT_TEMPLATE)

    def matrix(name, rows, columns, scale=1.0, zero_rows=0):
        rng = generator(name)
        kind = kind_of(name, s["layers"], TYPES[options.type], options.type == "q4_k_m")
        std = scale / np.sqrt(columns)
        if kind not in (KINDS.F32, KINDS.F16, KINDS.BF16):
            raw = random_blocks(rng, kind, rows, columns, std)
            raw[rows - zero_rows:] = 0
            writer.add_tensor(name, raw, raw_dtype=kind)
            return
        x = rng.standard_normal((rows, columns), np.float32) * np.float32(std)
        x[rows - zero_rows:] = 0
        if kind == KINDS.F32:
            writer.add_tensor(name, x)
        else:
            writer.add_tensor(name, gguf.quantize(x, kind), raw_dtype=kind)

    def vector(name, size, around=0.0):
        values = around + 0.1 * generator(name).standard_normal(size)
        writer.add_tensor(name, values.astype(np.float32))

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
        matrix(f"{block}.attn_output.weight", hidden, queries, zero_rows=hidden if i >= idle_from else 0)
        vector(f"{block}.ffn_norm.weight", hidden, 1)
        matrix(f"{block}.ffn_gate.weight", s["ffn"], hidden)
        matrix(f"{block}.ffn_up.weight", s["ffn"], hidden)
        matrix(f"{block}.ffn_down.weight", hidden, s["ffn"], zero_rows=hidden if i >= idle_from else 0)
    vector("output_norm.weight", hidden, 1)
    if options.chat:
        # Logits of 0 beside a thousand with a deviation of 3: the marks and the end are not chosen.
        matrix("output.weight", s["vocab"], hidden, scale=3, zero_rows=len(THOUGHT) + 1)
    else:
        matrix("output.weight", s["vocab"], hidden)

    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
