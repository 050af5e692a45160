#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small random-weight checkpoints with the logits and greedy tokens of transformers in float32.

    python3 Tools/make_model_fixtures.py Tests/RetortModelsTests/Fixtures [NAME...]

Needs torch 2.13.0, transformers 5.24.0, safetensors 0.8.0 (Tools/requirements.txt). What varies: head
ratios, head_dim apart from hidden/heads, biases, tied heads, RoPE scalings, odd vocabulary sizes, the
types of the weights, one file or shards; with experts also every switch of the gates, compressed
queries, YaRN's two magnitudes, shared experts and dense layers. Each folder is a Hugging Face checkpoint plus
reference.safetensors, all f32: tokens, logits [tokens, vocab], greedy (64 tokens after the first 8).
"""
import json
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    DeepseekV2Config, DeepseekV2ForCausalLM, DeepseekV3Config, DeepseekV3ForCausalLM, LlamaConfig,
    LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM, Qwen3MoeConfig,
    Qwen3MoeForCausalLM)
from transformers.modeling_layers import MtpModel

BASE = dict(
    hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, vocab_size=97, max_position_embeddings=256, rms_norm_eps=1e-6,
    initializer_range=0.3, bos_token_id=0, eos_token_id=1, pad_token_id=None,
    tie_word_embeddings=False)


def rope(kind, theta=10000.0, **extra):
    return dict(rope_type=kind, rope_theta=theta, **extra)


# DeepSeek: latent attention with heads of three different sizes.
V2 = dict(
    num_key_value_heads=4, kv_lora_rank=16, q_lora_rank=None, qk_nope_head_dim=12,
    qk_rope_head_dim=8, v_head_dim=10, moe_intermediate_size=20, n_routed_experts=8,
    num_experts_per_tok=3, n_shared_experts=2, first_k_dense_replace=1, num_hidden_layers=3)
V3 = dict(
    V2, q_lora_rank=24, n_shared_experts=1, n_group=4, topk_group=2, routed_scaling_factor=2.5,
    num_nextn_predict_layers=0)
MOE = dict(
    moe_intermediate_size=20, num_experts=8, num_experts_per_tok=2, head_dim=8, norm_topk_prob=True)


def yarn(**extra):
    return rope("yarn", factor=8.0, original_max_position_embeddings=32, **extra)


CASES = {
    "llama-mha": (LlamaConfig, dict(num_key_value_heads=4), "float32"),
    "llama-mqa-tied": (
        LlamaConfig, dict(num_key_value_heads=1, tie_word_embeddings=True, vocab_size=131),
        "float32"),
    "llama-head-dim": (
        LlamaConfig,
        dict(num_attention_heads=6, num_key_value_heads=2, head_dim=10, hidden_size=36,
             intermediate_size=52, vocab_size=101), "float32"),
    "llama-biases": (
        LlamaConfig, dict(attention_bias=True, mlp_bias=True, rms_norm_eps=1e-5), "float32"),
    "llama-llama3": (
        LlamaConfig,
        dict(head_dim=16, rope_parameters=rope(
            "llama3", 500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=64)), "float32"),
    "llama-linear-f16": (
        LlamaConfig, dict(rope_parameters=rope("linear", factor=4.0)), "float16"),
    "llama-yarn": (
        LlamaConfig,
        dict(head_dim=16, rope_parameters=rope(
            "yarn", factor=4.0, original_max_position_embeddings=64)), "float32"),
    "llama-bf16-sharded": (LlamaConfig, dict(num_key_value_heads=4), "bfloat16"),
    "qwen2-gqa": (Qwen2Config, dict(num_key_value_heads=1, vocab_size=113), "float32"),
    "qwen2-tied-bf16": (
        Qwen2Config, dict(tie_word_embeddings=True, rope_parameters=rope("default", 1e6)),
        "bfloat16"),
    "qwen2-wide": (
        Qwen2Config,
        dict(hidden_size=48, num_attention_heads=6, num_key_value_heads=3, intermediate_size=32),
        "float32"),
    "qwen2-yarn-sharded": (
        Qwen2Config,
        dict(rope_parameters=rope(
            "yarn", 1e6, factor=4.0, original_max_position_embeddings=64)), "float32"),
    "qwen3-head-dim": (Qwen3Config, dict(head_dim=12, vocab_size=103), "float32"),
    "qwen3-tied-bias": (
        Qwen3Config, dict(head_dim=16, tie_word_embeddings=True, attention_bias=True), "float32"),
    "qwen3-yarn-bf16-sharded": (
        Qwen3Config,
        dict(head_dim=8, rope_parameters=rope(
            "yarn", 1e6, factor=4.0, original_max_position_embeddings=64)), "bfloat16"),
    "deepseek-v2-lite": (DeepseekV2Config, V2, "float32"),
    "deepseek-v2-lite-yarn": (
        DeepseekV2Config,
        dict(V2, rope_parameters=yarn(beta_fast=32, beta_slow=1, mscale=0.707, mscale_all_dim=0.707)),
        "float32"),
    "deepseek-v2-groups": (
        DeepseekV2Config,
        dict(V2, q_lora_rank=24, topk_method="group_limited_greedy", n_group=4, topk_group=2,
             routed_scaling_factor=4.0, attention_bias=True, num_attention_heads=2), "float32"),
    "deepseek-v2-bf16-sharded": (DeepseekV2Config, dict(V2, first_k_dense_replace=0), "bfloat16"),
    "deepseek-v3": (DeepseekV3Config, V3, "float32"),
    "deepseek-v3-yarn": (
        DeepseekV3Config,
        dict(V3, rope_parameters=yarn(beta_fast=32, beta_slow=1, mscale=1.0, mscale_all_dim=1.0)),
        "float32"),
    "deepseek-v3-yarn-magnitudes": (
        DeepseekV3Config,
        dict(V3, q_lora_rank=None, rope_parameters=yarn(mscale=0.7, mscale_all_dim=1.2)), "float32"),
    "deepseek-v3-unnormalised": (
        DeepseekV3Config,
        dict(V3, norm_topk_prob=False, routed_scaling_factor=1.0, n_group=1, topk_group=1),
        "float32"),
    "deepseek-v3-half-split": (
        DeepseekV3Config, dict(V3, rope_interleave=False, attention_bias=True, n_shared_experts=2),
        "float32"),
    "deepseek-v3-bf16-sharded": (
        DeepseekV3Config, dict(V3, n_group=2, topk_group=1, first_k_dense_replace=2), "bfloat16"),
    "qwen3-moe": (Qwen3MoeConfig, MOE, "float32"),
    "qwen3-moe-mixed": (
        Qwen3MoeConfig,
        dict(MOE, norm_topk_prob=False, num_hidden_layers=4, decoder_sparse_step=2,
             mlp_only_layers=[3], num_experts_per_tok=3, attention_bias=True,
             tie_word_embeddings=True), "float32"),
    "qwen3-moe-bf16": (Qwen3MoeConfig, dict(MOE, num_key_value_heads=4), "bfloat16"),
}
# Written again in DeepSeek's 8-bit format, with edge blocks.
FP8 = {
    "deepseek-v3-fp8": (
        DeepseekV3Config,
        dict(V3, hidden_size=144, moe_intermediate_size=136, intermediate_size=160, q_lora_rank=40,
             num_hidden_layers=2), "float32"),
}
# With a layer that predicts the token after the next.
MTP = {"deepseek-v3-mtp": (DeepseekV3Config, dict(V3, num_nextn_predict_layers=1), "float32")}
CASES.update(FP8)
CASES.update(MTP)
# Whose heads and latents fill blocks of 32, for a q8_0 cache: with weights that do not make more of
# its rounding than trained ones do, and the latter with many heads to a latent.
CASES.update({
    "qwen3-blocks": (Qwen3Config, dict(head_dim=32, initializer_range=0.1), "bfloat16"),
    "deepseek-v3-blocks": (
        DeepseekV3Config,
        dict(V3, kv_lora_rank=64, qk_rope_head_dim=32, num_attention_heads=10,
             num_key_value_heads=10, n_routed_experts=4, num_experts_per_tok=2, n_group=2,
             topk_group=1, initializer_range=0.1), "bfloat16"),
})
CLASSES = {LlamaConfig: LlamaForCausalLM, Qwen2Config: Qwen2ForCausalLM,
           Qwen3Config: Qwen3ForCausalLM, Qwen3MoeConfig: Qwen3MoeForCausalLM,
           DeepseekV2Config: DeepseekV2ForCausalLM, DeepseekV3Config: DeepseekV3ForCausalLM}


def to_fp8(folder):
    """Rounds the matrices as the released checkpoints have them and returns what they stand for."""
    path = folder / "model.safetensors"
    stored, plain = {}, {}
    for key, tensor in load_file(path).items():
        plain[key] = tensor
        skipped = ("norm.weight", "mlp.gate.weight", "embed_tokens.weight", "lm_head.weight")
        if tensor.ndim != 2 or key.endswith(skipped):
            stored[key] = tensor
            continue
        rows, columns = tensor.shape
        down, across = -(-rows // 128), -(-columns // 128)
        padded = torch.zeros(down * 128, across * 128)
        padded[:rows, :columns] = tensor
        blocks = padded.view(down, 128, across, 128)
        scale = blocks.abs().amax(dim=(1, 3)) / 448
        values = (blocks / scale[:, None, :, None]).to(torch.float8_e4m3fn)
        whole = (values.float() * scale[:, None, :, None]).view(down * 128, across * 128)
        plain[key] = whole[:rows, :columns].contiguous()
        stored[key] = values.view(down * 128, across * 128)[:rows, :columns].contiguous()
        stored[key + "_scale_inv"] = scale
    save_file(stored, path)
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = dict(
        activation_scheme="dynamic", fmt="e4m3", quant_method="fp8", weight_block_size=[128, 128])
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    return plain


def add_predictor(folder, model):
    """Adds a random predicting layer to the checkpoint; returns what computes its logits."""
    predictor = MtpModel(model, 1).eval()
    layer = predictor.layers[0]
    with torch.no_grad():
        for key, parameter in layer.named_parameters():
            parameter.normal_(1 if "norm" in key else 0, 0.2)
        for key, buffer in layer.named_buffers():
            if key.endswith("e_score_correction_bias"):
                buffer.normal_(0, 0.1)
    path = folder / "model.safetensors"
    tensors = load_file(path)
    prefix = f"model.layers.{model.config.num_hidden_layers}."
    for key, tensor in layer.state_dict().items():
        key = key.removeprefix("mtp_block.").replace("post_norm", "shared_head.norm")
        tensor = tensor.detach().contiguous()
        if key == "mlp.experts.gate_up_proj":
            for i, both in enumerate(tensor):
                gate, up = both.chunk(2)
                tensors[f"{prefix}mlp.experts.{i}.gate_proj.weight"] = gate.contiguous()
                tensors[f"{prefix}mlp.experts.{i}.up_proj.weight"] = up.contiguous()
        elif key == "mlp.experts.down_proj":
            for i, down in enumerate(tensor):
                tensors[f"{prefix}mlp.experts.{i}.down_proj.weight"] = down.contiguous()
        else:
            tensors[prefix + key] = tensor
    save_file(tensors, path)
    return predictor


def prediction(predictor, model, tokens):
    """Logits of the predicting layer after tokens[1:], each beside the model's state before it."""
    states = model(tokens[None], output_hidden_states=True).hidden_states[-1]
    positions = torch.arange(1, len(tokens))[None]
    state = predictor.forward_layer(
        0, states[:, :-1], positions, None, input_ids=tokens[None, 1:])
    return predictor._project_to_logits(state)[0]


def make(root, index, name):
    config_class, changes, dtype = CASES[name]
    torch.manual_seed(index)
    config = config_class(**{**BASE, **changes})
    model = CLASSES[config_class](config)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.endswith("bias"):
                parameter.normal_(0, 0.3)
            elif key.endswith("norm.weight"):
                parameter.normal_(1, 0.2)
        for key, buffer in model.named_buffers():
            if key.endswith("e_score_correction_bias"):
                buffer.normal_(0, 0.1)
    # The reference runs in float32 on the very numbers that the files hold.
    model = model.to(getattr(torch, dtype))
    folder = root / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, max_shard_size="20KB" if "sharded" in name else "5GB")
    model = CLASSES[config_class].from_pretrained(folder, dtype=torch.float32)
    if name in FP8:
        plain = folder / "plain"
        shutil.copytree(folder, plain)
        save_file(to_fp8(folder), plain / "model.safetensors")
        model = CLASSES[config_class].from_pretrained(plain, dtype=torch.float32)
        shutil.rmtree(plain)
    model = model.eval()
    predictor = add_predictor(folder, model) if name in MTP else None

    generator = torch.Generator().manual_seed(index)
    tokens = torch.randint(0, config.vocab_size, (90,), generator=generator)
    with torch.no_grad():
        logits = model(tokens[None]).logits[0]
        extra = {}
        if predictor:
            extra["predicted"] = prediction(predictor, model, tokens).contiguous()
        sequence = tokens[:8]
        for _ in range(64):
            sequence = torch.cat([sequence, model(sequence[None]).logits[0, -1:].argmax(-1)])
    save_file(
        {"tokens": tokens.float(), "logits": logits.contiguous(),
         "greedy": sequence[8:].float(), **extra}, folder / "reference.safetensors")
    (folder / "generation_config.json").unlink(missing_ok=True)


def main():
    root = Path(sys.argv[1])
    for index, name in enumerate(CASES):
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        make(root, index, name)
        print(name)


if __name__ == "__main__":
    main()
