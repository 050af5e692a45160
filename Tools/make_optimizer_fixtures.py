#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Losses of 50 steps of PyTorch's AdamW, and of Muon, on small checkpoints of make_model_fixtures.py.

    python3 Tools/make_optimizer_fixtures.py Tests/RetortModelsTests/Fixtures Tests/RetortTrainingTests/Fixtures

Needs torch 2.13.0, transformers 5.24.0, safetensors 0.8.0 (Tools/requirements.txt). float32; learning rate
warmed up over 5 steps, then cosine to a tenth; clipped at 1; matrices decay. Muon is written out here in
float32: torch.optim.Muon rounds to bf16 inside, with which a run cannot be followed; its first step is
compared with torch's.
"""
import math
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

STEPS, ROWS, LENGTH = 50, 2, 16
RATE, DECAY, WARMUP, FINAL = 3e-3, 0.1, 5, 0.1
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def rate(step):
    if step < WARMUP:
        return RATE * (step + 1) / WARMUP
    progress = (step - WARMUP) / (STEPS - WARMUP)
    return RATE * (FINAL + (1 - FINAL) * 0.5 * (1 + math.cos(math.pi * progress)))


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters):
        super().__init__(parameters, dict(lr=RATE))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
                buffer.lerp_(p.grad, 1 - 0.95)
                x = p.grad.lerp(buffer, 0.95)
                tall = x.shape[0] > x.shape[1]
                x = x.T if tall else x
                x = x / max(x.norm().item(), 1e-7)
                a, b, c = COEFFICIENTS
                for _ in range(5):
                    s = x @ x.T
                    x = a * x + (b * s + c * s @ s) @ x
                x = x.T if tall else x
                p.mul_(1 - group["lr"] * DECAY)
                p.add_(x, alpha=-group["lr"] * 0.2 * math.sqrt(max(p.shape)))


def check_muon():
    torch.manual_seed(1)
    for shape in [(12, 40), (40, 12)]:
        p, q = (torch.nn.Parameter(torch.ones(shape)) for _ in range(2))
        p.grad = torch.randn(shape)
        q.grad = p.grad.clone()
        Muon([p]).step()
        torch.optim.Muon(
            [q], lr=RATE, weight_decay=DECAY, momentum=0.95, adjust_lr_fn="match_rms_adamw").step()
        change, expected = p.data - 1, q.data - 1
        assert (change - expected).norm() / expected.norm() < 0.02


def main():
    models, target = Path(sys.argv[1]), Path(sys.argv[2])
    check_muon()
    for name, kind in [("llama-mha", "adamw"), ("qwen3-tied-bias", "adamw"), ("deepseek-v3", "adamw"),
                       ("llama-mha", "muon")]:
        config = AutoConfig.from_pretrained(models / name)
        model = AutoModelForCausalLM.from_pretrained(
            models / name, dtype=torch.float32, attn_implementation="eager").train()
        inside = [p for n, p in model.named_parameters() if p.ndim == 2
                  and not n.endswith(("embed_tokens.weight", "lm_head.weight", "mlp.gate.weight"))]
        muon = Muon(inside) if kind == "muon" else None
        rest = [p for p in model.parameters() if muon is None or all(p is not q for q in inside)]
        adamw = torch.optim.AdamW(
            [dict(params=[p for p in rest if p.ndim > 1], weight_decay=DECAY),
             dict(params=[p for p in rest if p.ndim == 1], weight_decay=0.0)],
            lr=RATE, betas=(0.9, 0.95), eps=1e-8)
        generator = torch.Generator().manual_seed(11)
        tokens = torch.randint(0, config.vocab_size, (STEPS, ROWS, LENGTH), generator=generator)
        tokens[:, :, 1::2] = (tokens[:, :, ::2] * 7 + 3) % config.vocab_size  # something to learn
        losses, norms = [], []
        for step in range(STEPS):
            logits = model(input_ids=tokens[step]).logits[:, :-1]
            loss = torch.nn.functional.cross_entropy(
                logits.reshape(-1, config.vocab_size), tokens[step][:, 1:].reshape(-1))
            model.zero_grad()
            loss.backward()
            norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
            for optimizer in filter(None, (adamw, muon)):
                for group in optimizer.param_groups:
                    group["lr"] = rate(step)
                optimizer.step()
            losses.append(loss.item())
        save_file(dict(tokens=tokens.float(), losses=torch.tensor(losses), norms=torch.tensor(norms)),
                  target / f"{kind}-{name}.safetensors")
        print(kind, name, f"{losses[0]:.4f} -> {losses[-1]:.4f}")


if __name__ == "__main__":
    main()
