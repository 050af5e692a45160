#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Losses and gradients of policy optimisation as TRL computes them, on small checkpoints.

    python3 Tools/make_policy_fixtures.py Tests/RetortModelsTests/Fixtures Tests/RetortTrainingTests/Fixtures/policy

Needs torch 2.13.0, transformers 5.24.0, trl 0.29.0, safetensors 0.8.0. Calls the _compute_loss of GRPOTrainer
and RLOOTrainer on two groups of four answers of different lengths. Writes VARIANT-CASE.safetensors, f32:
tokens [answers, length] (-1: padding), prompt lengths, rewards, advantages, old and reference logarithms
[answers, answer tokens], what the loss is, and the gradient of every parameter.
"""
import sys
from collections import defaultdict
from pathlib import Path
from types import MethodType, SimpleNamespace

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM
from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.rloo_trainer import RLOOTrainer

MODEL = "llama-mha"
GROUPS, COUNT, PROMPT, ANSWER = 2, 4, 5, 9
# variant, name, beta, whether the policy has moved since sampling, clip low, clip high, temperature
CASES = [
    ("grpo", "plain", 0.0, False, 0.2, 0.2, 1.0),
    ("grpo", "moved", 0.04, True, 0.2, 0.2, 1.0),
    ("dr_grpo", "moved", 0.04, True, 0.2, 0.2, 1.0),
    ("dapo", "moved", 0.0, True, 0.2, 0.28, 1.0),
    ("dapo", "warm", 0.1, False, 0.2, 0.28, 0.7),
    ("rloo", "plain", 0.0, False, 0.2, 0.2, 1.0),
]


def advantages_of(variant, rewards):
    grouped = rewards.view(GROUPS, COUNT)
    if variant == "rloo":
        others = (grouped.sum(1, keepdim=True) - grouped) / (COUNT - 1)
        return (grouped - others).view(-1)
    centred = grouped - grouped.mean(1, keepdim=True)
    if variant != "dr_grpo":
        centred = centred / (grouped.std(1, keepdim=True) + 1e-4)
    return centred.view(-1)


def main():
    models, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    for variant, case, beta, moved, low, high, temperature in CASES:
        model = AutoModelForCausalLM.from_pretrained(
            models / MODEL, dtype=torch.float32, attn_implementation="eager").train()
        generator = torch.Generator().manual_seed(17)
        vocabulary = model.config.vocab_size
        prompts = torch.randint(0, vocabulary, (GROUPS, PROMPT), generator=generator)
        prompts = prompts.repeat_interleave(COUNT, 0)
        answers = torch.randint(0, vocabulary, (GROUPS * COUNT, ANSWER), generator=generator)
        lengths = torch.tensor([9, 1, 4, 7, 3, 9, 2, 6])
        mask = (torch.arange(ANSWER) < lengths[:, None]).long()
        rewards = torch.tensor([1, 0, 0.1, 1, 0, 0, 1, 0.1])
        advantages = advantages_of(variant, rewards)
        Trainer = RLOOTrainer if variant == "rloo" else GRPOTrainer
        accelerator = SimpleNamespace(gather=lambda x: x, num_processes=1, is_main_process=False)
        stub = SimpleNamespace(
            model=model, model_kwarg_keys=set(), temperature=temperature, beta=beta, epsilon_low=low,
            epsilon_high=high, loss_type=variant, importance_sampling_level="token",
            top_entropy_quantile=1.0, off_policy_mask_threshold=None, use_vllm=False,
            max_completion_length=12, current_gradient_accumulation_steps=1, accelerator=accelerator,
            args=SimpleNamespace(use_bias_correction_kl=False, delta=None, report_to=[]),
            _metrics={"train": defaultdict(list)})
        stub._get_per_token_logps_and_entropies = MethodType(
            Trainer._get_per_token_logps_and_entropies, stub)
        full = torch.cat([prompts, answers], 1)
        with torch.no_grad():
            logps, entropies = stub._get_per_token_logps_and_entropies(
                model, full, torch.ones_like(full), ANSWER, compute_entropy=True)
        noise = torch.randn(logps.shape, generator=generator)
        old = logps + (0.3 if moved else 0) * noise
        reference = logps + 0.5 * torch.randn(logps.shape, generator=generator)
        inputs = dict(
            prompt_ids=prompts, prompt_mask=torch.ones_like(prompts), completion_ids=answers,
            completion_mask=mask, advantages=advantages, old_per_token_logps=old if moved else None,
            old_logps=(logps * mask).sum(1), ref_per_token_logps=reference,
            num_items_in_batch=mask.sum())
        loss = Trainer._compute_loss(stub, model, inputs)
        loss.backward()
        tokens = torch.where(
            torch.cat([torch.ones_like(prompts), mask], 1) > 0, full, torch.full_like(full, -1))
        out = {
            "tokens": tokens.float(), "rewards": rewards, "advantages": advantages, "old": old,
            "reference": reference, "logps": logps, "loss": loss.detach().reshape(1),
            "entropy": ((entropies * mask).sum() / mask.sum()).reshape(1),
            "settings": torch.tensor([beta, float(moved), low, high, temperature]),
        }
        out |= {f"grad.{n}": p.grad for n, p in model.named_parameters()}
        save_file({k: v.float().contiguous() for k, v in out.items()}, target / f"{variant}-{case}.safetensors")
        print(variant, case, loss.item())


if __name__ == "__main__":
    main()
