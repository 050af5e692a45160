#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""LoRA adapters as peft writes them, for some of the small checkpoints of make_model_fixtures.py.

    python3 Tools/make_adapter_fixtures.py Tests/RetortModelsTests/Fixtures [NAME...]

Needs torch 2.13.0, transformers 5.24.0, safetensors 0.8.0 and peft 0.21.2 (Tools/requirements.txt).
Writes adapters/NAME below the folder: adapter_config.json, adapter_model.safetensors, and
reference.safetensors, all f32: tokens and the unmerged model's logits [tokens, vocab]. The base runs in
float32 on the numbers of its file. base.txt names it.
"""
import json
import shutil
import sys
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
MLP = ["gate_proj", "up_proj", "down_proj"]
LATENT = ["q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj"]

CASES = {
    "plain": ("llama-mha", dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])),
    "rank-stabilised": (
        "llama-mha",
        dict(r=6, lora_alpha=3, use_rslora=True, target_modules=ATTENTION + MLP)),
    "patterns": (
        "qwen3-head-dim",
        dict(r=4, lora_alpha=6, target_modules=ATTENTION + MLP,
             rank_pattern={"v_proj": 2, "layers.1.mlp.up_proj": 7},
             alpha_pattern={"layers.0.self_attn.q_proj": 1, "q_proj": 24, "(up|down)_proj": 3})),
    "patterns-stabilised": (
        "qwen3-head-dim",
        dict(r=3, lora_alpha=4, use_rslora=True, target_modules=["o_proj", "down_proj"],
             rank_pattern={"o_proj": 5}, alpha_pattern={"down_proj": 9})),
    "bf16": ("llama-bf16-sharded", dict(r=4, lora_alpha=8, target_modules=ATTENTION)),
    "f16-all-linear": ("llama-linear-f16", dict(r=2, lora_alpha=4, target_modules="all-linear")),
    # peft writes the embedding beside the adapter of a head.
    "tied-head": ("llama-mqa-tied", dict(r=3, lora_alpha=6, target_modules=["lm_head", "q_proj"])),
    "latent": ("deepseek-v3", dict(r=4, lora_alpha=4, target_modules=LATENT)),
    "experts-attention": ("qwen3-moe", dict(r=4, lora_alpha=8, target_modules=ATTENTION)),
}


def make(root, index, name):
    base, options = CASES[name]
    torch.manual_seed(index)
    model = AutoModelForCausalLM.from_pretrained(root / base, dtype=torch.float32).eval()
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **options)).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if ".lora_" in key:
                parameter.normal_(0, 0.15)
    folder = root / "adapters" / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    config["base_model_name_or_path"] = base
    # peft writes a set, whose order differs from run to run.
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    (folder / "base.txt").write_text(base + "\n")
    tokens = torch.randint(0, model.config.vocab_size, (24,))
    with torch.no_grad():
        logits = model(input_ids=tokens[None]).logits[0]
        with model.disable_adapter():
            plain = model(input_ids=tokens[None]).logits[0]
    change = (logits - plain).norm() / plain.norm()
    save_file(
        {"tokens": tokens.float(), "logits": logits.contiguous()},
        folder / "reference.safetensors")
    print(f"{name}: changes the logits by {change:.3f}")


def main():
    root = Path(sys.argv[1])
    for index, name in enumerate(CASES):
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        make(root, index, name)


if __name__ == "__main__":
    main()
