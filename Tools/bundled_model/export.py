# SPDX-License-Identifier: Apache-2.0
"""Writes the trained model as one GGUF file with its tokenizer, and reads such a file back.

    python export.py --model DIR/hf --tokenizer DIR --out retort-bundled.gguf [--type q8_0|f16|f32]

Matrices take the chosen type, norms and biases stay f32. `load` gives the dequantised f32 model
in transformers: evaluation and golden outputs come from the very weights that are shipped.
"""

import argparse
import json
import pathlib

import gguf
import numpy
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TYPES = {"f32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
         "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
         "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0)}
LAYER = {"input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
         "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
OUTER = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}


def names(layers):
    """transformers' tensor names to GGUF's; the output matrix is the embedding."""
    pairs = dict(OUTER)
    for i in range(layers):
        for theirs, ours in LAYER.items():
            for part in ("weight", "bias"):
                pairs[f"model.layers.{i}.{theirs}.{part}"] = f"blk.{i}.{ours}.{part}"
    return pairs


def write(model, tokenizer_directory, path, kind):
    config = model.config
    tensor_type, file_type = TYPES[kind]
    writer = gguf.GGUFWriter(str(path), "qwen2")
    writer.add_type("model")
    writer.add_name("Retort bundled")
    writer.add_description("Multiplies and adds whole numbers step by step. Trained from scratch on generated problems.")
    writer.add_license("apache-2.0")
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_sampling_temp(0.0)  # greedy: arithmetic has one answer

    source = json.loads((tokenizer_directory / "tokenizer.json").read_text())
    vocabulary = dict(source["model"]["vocab"]) | {t["content"]: t["id"] for t in source["added_tokens"]}
    tokens = sorted(vocabulary, key=vocabulary.get)
    assert [vocabulary[t] for t in tokens] == list(range(config.vocab_size))
    added = {t["content"] for t in source["added_tokens"]}
    types = [gguf.TokenType.CONTROL if t in CONTROL else gguf.TokenType.USER_DEFINED if t in added
             else gguf.TokenType.NORMAL for t in tokens]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in source["model"]["merges"]])
    writer.add_bos_token_id(vocabulary["<|endoftext|>"])
    writer.add_eos_token_id(vocabulary["<|im_end|>"])
    writer.add_pad_token_id(vocabulary["<|endoftext|>"])
    writer.add_add_bos_token(False)
    writer.add_chat_template((pathlib.Path(__file__).parent / "chat_template.jinja").read_text())

    weights = model.state_dict()
    for theirs, ours in names(config.num_hidden_layers).items():
        if theirs not in weights:
            continue  # only q, k and v have a bias
        array = weights[theirs].float().numpy()
        chosen = tensor_type if array.ndim == 2 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(ours, gguf.quants.quantize(array, chosen), raw_dtype=chosen)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def load(path):
    """The model of a GGUF file that `write` made, dequantised to f32."""
    reader = gguf.GGUFReader(str(path))
    value = lambda key: reader.fields[key].contents()
    config = Qwen2Config(
        vocab_size=len(value("tokenizer.ggml.tokens")), hidden_size=value("qwen2.embedding_length"),
        intermediate_size=value("qwen2.feed_forward_length"), num_hidden_layers=value("qwen2.block_count"),
        num_attention_heads=value("qwen2.attention.head_count"),
        num_key_value_heads=value("qwen2.attention.head_count_kv"),
        max_position_embeddings=value("qwen2.context_length"),
        rope_parameters={"rope_type": "default", "rope_theta": float(value("qwen2.rope.freq_base"))},
        rms_norm_eps=float(numpy.float32(value("qwen2.attention.layer_norm_rms_epsilon"))), tie_word_embeddings=True,
        bos_token_id=None, eos_token_id=value("tokenizer.ggml.eos_token_id"),
        pad_token_id=value("tokenizer.ggml.padding_token_id"))
    model = Qwen2ForCausalLM(config)
    back = {ours: theirs for theirs, ours in names(config.num_hidden_layers).items()}
    weights = {back[t.name]: torch.from_numpy(gguf.quants.dequantize(t.data, t.tensor_type).copy())
               for t in reader.tensors}
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert set(missing) <= {"lm_head.weight"} and not unexpected, (missing, unexpected)
    model.tie_weights()
    return model.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--type", choices=TYPES, default="q8_0")
    args = parser.parse_args()
    model = Qwen2ForCausalLM.from_pretrained(args.model, dtype=torch.float32).eval()
    write(model, args.tokenizer, args.out, args.type)
    read = load(args.out)
    ids = torch.arange(64)[None] % model.config.vocab_size
    with torch.no_grad():
        a, b = model(ids).logits, read(ids).logits
    print(f"{args.out.stat().st_size} bytes; logits differ from f32 by {(a - b).norm() / a.norm():.1e} relative")


if __name__ == "__main__":
    main()
