#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Training speed beside PyTorch: the same decoder, the same batches' shape, on the same cores, in turns.

    python3 Benchmarks/train.py --retort .build/release/retort [--rounds 3] [--large] [--compiled]

Each round runs `retort bench-train` and PyTorch in a process of its own, one after the other, in f32 and
bf16 (PyTorch: autocast); medians and their ratios are printed, with the peak of memory. The model: RMSNorm,
RoPE, SwiGLU, untied head, fused AdamW, clipping; 10.5 M parameters and 16 x 256 tokens a step, with --large
42 M and 8 x 512. --compiled adds torch.compile, which needs a C++ compiler. Needs torch 2.13.0.
"""
import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

SMALL = dict(hidden=256, layers=8, heads=8, ffn=1024, vocab=4096, batch=16, length=256)
LARGE = dict(hidden=512, layers=8, heads=8, ffn=2048, vocab=8192, batch=8, length=512)


def pytorch(shape, kind, steps, threads):
    import torch
    from torch import nn
    from torch.nn import functional as F

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    hidden, heads, rows, length = (shape[key] for key in ("hidden", "heads", "batch", "length"))
    size = hidden // heads

    class Norm(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(hidden))

        def forward(self, x):
            return F.rms_norm(x, (hidden,), self.weight, 1e-6)

    def rotate(x, cos, sin):
        first, second = x.chunk(2, -1)
        return x * cos + torch.cat((-second, first), -1) * sin

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.input_layernorm, self.post_attention_layernorm = Norm(), Norm()
            self.q_proj, self.k_proj, self.v_proj, self.o_proj = (
                nn.Linear(hidden, hidden, bias=False) for _ in range(4))
            self.gate_proj, self.up_proj = (nn.Linear(hidden, shape["ffn"], bias=False) for _ in range(2))
            self.down_proj = nn.Linear(shape["ffn"], hidden, bias=False)

        def forward(self, x, cos, sin):
            y = self.input_layernorm(x)
            q, k, v = (layer(y).view(rows, length, heads, size).transpose(1, 2)
                       for layer in (self.q_proj, self.k_proj, self.v_proj))
            y = F.scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v, is_causal=True)
            x = x + self.o_proj(y.transpose(1, 2).reshape(rows, length, hidden))
            y = self.post_attention_layernorm(x)
            return x + self.down_proj(F.silu(self.gate_proj(y)) * self.up_proj(y))

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed_tokens = nn.Embedding(shape["vocab"], hidden)
            self.layers = nn.ModuleList(Layer() for _ in range(shape["layers"]))
            self.norm, self.lm_head = Norm(), nn.Linear(hidden, shape["vocab"], bias=False)
            turns = torch.outer(torch.arange(length), 10000 ** (-torch.arange(0, size, 2) / size))
            turns = torch.cat((turns, turns), -1)
            self.register_buffer("cos", turns.cos())
            self.register_buffer("sin", turns.sin())

        def forward(self, tokens, targets):
            x = self.embed_tokens(tokens)
            for layer in self.layers:
                x = layer(x, self.cos, self.sin)
            logits = self.lm_head(self.norm(x)).float()
            return F.cross_entropy(logits.view(-1, shape["vocab"]), targets.view(-1))

    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), fused=True)
    run = torch.compile(model) if "compiled" in kind else model
    times = []
    for _ in range(steps + 2):
        tokens = torch.randint(0, shape["vocab"], (rows, length))
        targets = torch.roll(tokens, -1)
        began = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled="bf16" in kind):
            loss = run(tokens, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        times.append(time.perf_counter() - began)
    print(json.dumps({
        "tokens_per_second": rows * length / statistics.median(times[2:]),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "loss": loss.item()}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--retort", default=".build/release/retort")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--pytorch", help=argparse.SUPPRESS)
    options = parser.parse_args()
    shape = LARGE if options.large else SMALL
    if options.pytorch:
        return pytorch(shape, options.pytorch, options.steps, options.threads)

    def call(command):
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    found = {}
    for _ in range(options.rounds):
        for dtype in ("f32", "bf16"):
            sizes = [f"--{key}={value}" for key, value in shape.items()]
            found.setdefault(f"retort {dtype}", []).append(call(
                [options.retort, "bench-train", *sizes, f"--dtype={dtype}", f"--steps={options.steps}",
                 f"--threads={options.threads}", "--json"]))
            for kind in (dtype, f"{dtype} compiled") if options.compiled else (dtype,):
                found.setdefault(f"pytorch {kind}", []).append(call(
                    [sys.executable, __file__, "--pytorch", kind, f"--steps={options.steps}",
                     f"--threads={options.threads}", *(["--large"] if options.large else [])]))
    speed = {name: statistics.median(run["tokens_per_second"] for run in runs)
             for name, runs in found.items()}
    memory = {name: max(run["peak_memory_bytes"] for run in runs) / 2**20 for name, runs in found.items()}
    for dtype in ("f32", "bf16"):
        peers = {name: value for name, value in speed.items() if name.startswith(f"pytorch {dtype}")}
        best = max(peers, key=peers.get)
        share = statistics.median(run["utilisation"] for run in found[f"retort {dtype}"])
        peak = statistics.median(run["peak_gflops"] for run in found[f"retort {dtype}"])
        print(f"{dtype}: retort {speed[f'retort {dtype}']:.0f} tokens/s ({100 * share:.0f} % of {peak:.0f} "
              f"GFLOP/s, {memory[f'retort {dtype}']:.0f} MiB); "
              + ", ".join(f"{name} {value:.0f} ({memory[name]:.0f} MiB)" for name, value in peers.items())
              + f"; ratio {speed[f'retort {dtype}'] / peers[best]:.2f}")


if __name__ == "__main__":
    main()
