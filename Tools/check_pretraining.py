#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a model with Retort and the same model with transformers and PyTorch, and compares.

    python3 Tools/check_pretraining.py --retort .build/release/retort --recipe Recipes/python-stdlib.yaml \
        --work DIRECTORY [--steps 300] [--compute bf16|f32]

The same initial weights (a run of one step with the learning rate 0 writes them), the same documents in
the same order in the same rows, attention inside documents, the same AdamW, schedule and clipping. Both
are measured in bits per byte by one program, transformers in float32, on the same validation rows. One
after the other, with two threads. Needs torch, transformers, numpy, safetensors, PyYAML.
"""
import argparse
import json
import math
import pathlib
import subprocess
import time

import numpy as np
import torch
import yaml
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

MASK = (1 << 64) - 1


def mix(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def order(count, seed, epoch):
    """The order of documents, as docs/training-data.md describes it."""
    bits = (count - 1).bit_length() if count > 1 else 0
    left_bits, right_bits = bits // 2, bits - bits // 2
    state = mix(seed + 0x9E3779B97F4A7C15 & MASK)
    state = mix(state ^ epoch)
    state = mix(state ^ 0)
    keys = []
    for _ in range(8):
        state = state + 0x9E3779B97F4A7C15 & MASK
        keys.append(mix(state))

    def permuted(value):
        left, right = value >> right_bits, value & (1 << right_bits) - 1
        for turn in range(4):
            right ^= mix(left + keys[2 * turn] & MASK) & (1 << right_bits) - 1
            left ^= mix(right + keys[2 * turn + 1] & MASK) & (1 << left_bits) - 1
        return left << right_bits | right

    for index in range(count):
        value = permuted(index)
        while value >= count:
            value = permuted(value)
        yield value


def documents(directory, split):
    manifest = json.loads((directory / "dataset.json").read_text())
    out = []
    for shard in manifest["splits"][split]["shards"]:
        with safe_open(directory / shard["file"], framework="numpy") as file:
            offsets, tokens = file.get_tensor("offsets"), file.get_tensor("tokens")
        out += [tokens[a:b].astype(np.int64) for a, b in zip(offsets, offsets[1:])]
    return out


def rows(docs, length, seed):
    """Rows of `concatenate`; without a seed one pass in order, padded at the end."""
    epoch = 0
    row, spans = [], []
    while True:
        for number in (order(len(docs), seed, epoch) if seed is not None else range(len(docs))):
            doc, at = docs[number], 0
            while at < len(doc):
                piece = doc[at:at + length - len(row)]
                following = doc[at + len(piece):at + len(piece) + 1]
                spans.append((len(row), len(row) + len(piece), int(following[0]) if len(following) else -1))
                row += piece.tolist()
                at += len(piece)
                if len(row) == length:
                    yield row, spans
                    row, spans = [], []
        epoch += 1
        if seed is None:
            if row:
                for place in range(len(row), length):
                    spans.append((place, place + 1, -1))
                yield row + [0] * (length - len(row)), spans
            return


def batch(stream, count, length):
    taken = []
    for _ in range(count):
        item = next(stream, None)
        if item is None:
            break
        taken.append(item)
    if not taken:
        return None
    tokens = torch.tensor([row for row, _ in taken])
    targets = torch.full_like(tokens, -100)
    starts = torch.zeros_like(tokens)
    for index, (row, spans) in enumerate(taken):
        for first, end, following in spans:
            starts[index, first:end] = first
            targets[index, first:end - 1] = tokens[index, first + 1:end]
            if following >= 0:
                targets[index, end - 1] = following
    place = torch.arange(length)
    sees = (place[None, :, None] >= place) & (place >= starts[:, :, None])
    return tokens, targets, place - starts, sees[:, None]


def loss_of(model, item, kind, reduction="mean"):
    tokens, targets, positions, sees = item
    with torch.autocast("cpu", torch.bfloat16, enabled=kind == "bf16"):
        logits = model(input_ids=tokens, attention_mask=sees, position_ids=positions).logits
    return torch.nn.functional.cross_entropy(
        logits.float().view(-1, logits.shape[-1]), targets.view(-1), ignore_index=-100, reduction=reduction)


def measure(path, docs, recipe, batches):
    """Bits per byte of text in float32; control tokens are none."""
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(path)
    special = set(tokenizer.all_special_ids)
    # A character of a byte-level token is a byte.
    sizes = torch.tensor([
        0 if i in special else len(tokenizer.convert_ids_to_tokens(i)) for i in range(len(tokenizer))])
    stream = rows(docs, recipe["data"]["length"], None)
    nats = size = 0
    with torch.no_grad():
        for _ in range(batches):
            item = batch(stream, recipe["training"]["batch"], recipe["data"]["length"])
            if item is None:
                break
            targets = item[1].view(-1)
            found = torch.where(targets >= 0, sizes[targets.clamp(min=0)], 0)
            nats += loss_of(model, item, "f32", "none")[found > 0].sum().item()
            size += found.sum().item()
    return nats / math.log(2) / size


def schedule(recipe, step, steps):
    peak = float(recipe["optimizer"]["learning_rate"])  # YAML 1.1 reads 1e-3 as text
    warmup = recipe["schedule"]["warmup_steps"]
    final = recipe["schedule"].get("final_fraction", 0.1)
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = (step - warmup) / (steps - warmup)
    return peak * (final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--retort", required=True)
    parser.add_argument("--recipe", required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--compute", default="bf16")
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    torch.set_num_threads(2)
    work, steps = options.work, options.steps
    work.mkdir(parents=True, exist_ok=True)
    changes = [f"--set={change}" for change in options.set]
    recipe = yaml.safe_load(pathlib.Path(options.recipe).read_text())
    for change in options.set:
        key, value = change.split("=", 1)
        target = recipe
        *path, last = key.split(".")
        for part in path:
            target = target.setdefault(part, {})
        target[last] = yaml.safe_load(value)

    def retort(*arguments):
        return subprocess.run([options.retort, *arguments], check=True)

    data = work / "data"
    if not (data / "dataset.json").exists():
        retort("prepare", options.recipe, "-o", str(data), *changes)
    common = [*changes, f"--set=data={{dataset: {data}, length: {recipe['data']['length']}}}",
              "--set=threads=2", f"--set=training.compute={options.compute}"]
    if not (work / "start").exists():
        retort("train", options.recipe, *common, "--set=training.steps=1", "--set=optimizer.learning_rate=0",
               f"--set=output={work}/start")
    began = time.time()
    if not (work / "retort").exists():
        retort("train", options.recipe, *common, f"--set=training.steps={steps}", f"--set=output={work}/retort")
    seconds = {"retort": time.time() - began}

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(work / "start/model", dtype=torch.float32).train()
    model.config.use_cache = False
    decay = float(recipe["optimizer"].get("weight_decay", 0.1))
    optimizer = torch.optim.AdamW(
        [dict(params=[p for p in model.parameters() if p.ndim > 1], weight_decay=decay),
         dict(params=[p for p in model.parameters() if p.ndim == 1], weight_decay=0.0)],
        lr=1, betas=(0.9, 0.95), eps=1e-8, fused=True)
    stream = rows(documents(data, "train"), recipe["data"]["length"], recipe.get("seed", 1))
    began, losses = time.time(), []
    for step in range(steps):
        item = batch(stream, recipe["training"]["batch"], recipe["data"]["length"])
        loss = loss_of(model, item, options.compute)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = schedule(recipe, step, steps)
        optimizer.step()
        losses.append(loss.item())
        if step % 20 == 0:
            print(f"pytorch step {step} loss {loss.item():.4f}", flush=True)
    seconds["pytorch"] = time.time() - began
    model.save_pretrained(work / "pytorch")
    AutoTokenizer.from_pretrained(work / "start/model").save_pretrained(work / "pytorch")

    ours = [json.loads(line)["loss"] for line in (work / "retort/metrics.jsonl").read_text().splitlines()]
    docs = documents(data, "validation")
    bits = {name: measure(path, docs, recipe, 50)
            for name, path in [("retort", work / "retort/model"), ("pytorch", work / "pytorch")]}
    first = max(abs(a - b) for a, b in zip(ours[:20], losses[:20]))
    print(json.dumps({
        "steps": steps, "compute": options.compute, "bits_per_byte": bits,
        "difference_percent": 100 * (bits["retort"] / bits["pytorch"] - 1),
        "largest_loss_difference_of_20_steps": first,
        "last_losses": {"retort": float(np.mean(ours[-20:])), "pytorch": float(np.mean(losses[-20:]))},
        "seconds": seconds, "speed_ratio": seconds["pytorch"] / seconds["retort"]}, indent=2))
    assert abs(bits["retort"] / bits["pytorch"] - 1) < 0.01


if __name__ == "__main__":
    main()
