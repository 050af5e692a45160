#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares an adapter that `retort sft` trained with what peft makes of its files.

    python3 Tools/check_adapter.py --retort .build/release/retort RUN [--base DIRECTORY] [--tokens N]

RUN is the output of a finished run with `lora`, or an adapter directory. Checks that the logits of
base and adapter in peft equal those of `retort score --adapter`, and that the merged conversions (a
Hugging Face directory, and GGUF) give the same. Needs torch, transformers, safetensors and peft
(Tools/requirements.txt). Exit code 1 if an error is above 1e-4.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

LIMIT = 1e-4


def error(a, b):
    return ((a - b).norm() / b.norm()).item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--retort", default=".build/release/retort")
    parser.add_argument("--base", help="the model that was tuned, if not as the adapter says")
    parser.add_argument("--tokens", type=int, default=48)
    arguments = parser.parse_args()
    adapter = arguments.run / "model" if (arguments.run / "model").is_dir() else arguments.run
    config = json.loads((adapter / "adapter_config.json").read_text())
    base = arguments.base or config["base_model_name_or_path"]

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(0, model.config.vocab_size, (arguments.tokens,), generator=generator)
    with torch.no_grad():
        plain = model(input_ids=tokens[None]).logits[0]
        model = PeftModel.from_pretrained(model, adapter).eval()
        expected = model(input_ids=tokens[None]).logits[0]
    print(f"the adapter changes the logits by {error(expected, plain):.2e}")
    ids = ",".join(str(token) for token in tokens.tolist())
    failed = error(expected, plain) == 0

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)

        def score(name, path, *options):
            file = folder / "logits.safetensors"
            subprocess.run(
                [arguments.retort, "score", str(path), "--ids", ids, "--logits", str(file), *options],
                check=True, stdout=subprocess.DEVNULL)
            difference = error(load_file(file)["logits"], expected)
            print(f"{name}: {difference:.2e}")
            return difference > LIMIT

        failed |= score("score --adapter", base, "--adapter", str(adapter))
        for name in ["merged", "merged.gguf"]:
            subprocess.run(
                [arguments.retort, "convert", base, str(folder / name), "--adapter", str(adapter),
                 "--type", "f32"], check=True, stderr=subprocess.DEVNULL)
            failed |= score(f"convert --adapter to {name}", folder / name)
        merged = AutoModelForCausalLM.from_pretrained(folder / "merged", dtype=torch.float32).eval()
        with torch.no_grad():
            difference = error(merged(input_ids=tokens[None]).logits[0], expected)
        print(f"the merged directory in transformers: {difference:.2e}")
        failed |= difference > LIMIT
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
