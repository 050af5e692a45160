#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that what `retort sft` predicts, and what it leaves behind, is what transformers says.

    python3 Tools/check_trained.py --retort .build/release/retort --model RUN/model --chats data/gsm8k-chat.jsonl

- The masked loss: one step with the learning rate 0 over conversations, packed several to a row, against
  transformers, which sees one conversation at a time and finds the answers' tokens by rendering each
  conversation without and with its answer.
- The logits of the finished model: `retort score --logits` against transformers, 1e-3.
- The same through GGUF in f32, computed by llama.cpp, 1e-3.

Needs torch, transformers, safetensors, numpy, and llama-cpp-python for the last (left out without it).
"""
import argparse
import itertools
import json
import pathlib
import subprocess
import tempfile

import numpy as np
import torch
from safetensors.numpy import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer


def masked(tokenizer, messages):
    """Ids, and which of them are an answer's: what rendering with an answer adds, byte by byte."""
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    spans = []
    for index, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        before = tokenizer.apply_chat_template(
            messages[:index], tokenize=False, add_generation_prompt=True)
        after = tokenizer.apply_chat_template(messages[:index + 1], tokenize=False)
        assert text.startswith(before) and text.startswith(after.rstrip("\n"))
        spans.append((len(before), len(after)))
    found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    mask = [any(first <= start < last for first, last in spans) for start, _ in found["offset_mapping"]]
    return found["input_ids"], mask


def reference(path, chats, length):
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(path)
    total = count = 0
    for messages in chats:
        ids, mask = masked(tokenizer, messages)
        ids, mask = torch.tensor(ids[:length + 1]), torch.tensor(mask[:length + 1])
        with torch.no_grad():
            logits = model(input_ids=ids[None, :-1]).logits[0]
        loss = torch.nn.functional.cross_entropy(logits, ids[1:], reduction="none")
        total += loss[mask[1:]].sum().item()
        count += mask[1:].sum().item()
    return total / count, count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--retort", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--chats", required=True)
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--length", type=int, default=512)
    options = parser.parse_args()
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        with open(options.chats, encoding="utf-8") as lines:
            records = list(itertools.islice(lines, options.count))
        (work / "chats.jsonl").write_text("".join(records))
        # Rows enough for all in one step; the rest is padding.
        (work / "recipe.yaml").write_text(f"""
kind: sft
output: {work}/run
model: {{from: {options.model}}}
data: {{train: {work}/chats.jsonl, length: {options.length}}}
training: {{batch: 8, accumulation: {-(-options.count // 8)}, epochs: 1, compute: f32}}
optimizer: {{learning_rate: 0}}
""")
        subprocess.run([options.retort, "sft", work / "recipe.yaml"], check=True, capture_output=True)
        steps = [json.loads(line) for line in (work / "run/metrics.jsonl").read_text().splitlines()]
        assert len(steps) == 1, len(steps)
        expected, count = reference(options.model, [json.loads(r)["messages"] for r in records], options.length)
        print(f"masked loss over {count} tokens: retort {steps[0]['loss']:.6f}, transformers {expected:.6f}")
        assert abs(steps[0]["loss"] - expected) < 1e-4

        model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).eval()
        ids = np.random.default_rng(0).integers(0, model.config.vocab_size, 48)
        with torch.no_grad():
            wanted = model(torch.tensor(ids)[None]).logits[0].numpy()

        def distance(found):
            return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))

        text = ",".join(map(str, ids))
        subprocess.run([options.retort, "score", options.model, "--ids", text, "--logits",
                        work / "logits.safetensors", "--json"], check=True, capture_output=True)
        error = distance(load_file(work / "logits.safetensors")["logits"])
        print(f"logits: retort against transformers {error:.2e}")
        assert error < 1e-3
        subprocess.run([options.retort, "convert", options.model, work / "model.gguf", "--type", "f32"], check=True)
        try:
            import llama_cpp
        except ImportError:
            print("left out: llama-cpp-python is not installed")
            return
        peer = llama_cpp.Llama(str(work / "model.gguf"), n_ctx=64, n_threads=2, logits_all=True, verbose=False)
        peer.eval([int(i) for i in ids])
        error = distance(np.array(peer.scores[:len(ids)]))
        print(f"logits: llama.cpp through GGUF against transformers {error:.2e}")
        assert error < 1e-3


if __name__ == "__main__":
    main()
