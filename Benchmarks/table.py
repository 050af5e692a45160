#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole table beside llama.cpp: makes the random models, runs both programs in turn, prints medians.

    python3 Benchmarks/table.py [--rounds 3] [--models FOLDER] [--only NAME ...]

Needs a release build and Tools/requirements.txt. The models take 22 GB and a few minutes; they are kept in
FOLDER (.build/models by default) for the next time. Nothing else should run.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
QWEN, DEEPSEEK = "make_random_model.py", "make_random_deepseek.py"
# name: script, type, generated tokens, depth
CASES = {
    "Qwen2-1.5B q8_0": (QWEN, "q8_0", 128, 0),
    "Qwen2-1.5B q4_0": (QWEN, "q4_0", 128, 0),
    "Qwen2-1.5B q4_k_m": (QWEN, "q4_k_m", 128, 0),
    "Qwen2-1.5B bf16": (QWEN, "bf16", 128, 0),
    "Qwen2-1.5B q8_0 at depth 2,048": (QWEN, "q8_0", 32, 2048),
    "Qwen2-1.5B q8_0 at depth 8,192": (QWEN, "q8_0", 32, 8192),
    "V2-Lite layers q8_0": (DEEPSEEK, "q8_0", 64, 0),
    "V2-Lite layers q4_k_m": (DEEPSEEK, "q4_k_m", 64, 0),
}


def run(command):
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {result.stderr.strip()}")
    return json.loads(result.stdout) if result.stdout.strip() else None


def measure(model, generated, depth, options):
    shared = [model, "--prompt-tokens", "512", "--gen-tokens", str(generated), "--depth", str(depth),
              "--threads", str(options.threads), "--repetitions", str(options.repetitions)]
    ours, theirs = [], []
    for _ in range(options.rounds):
        ours.append(run([".build/release/retort", "bench", *shared, "--json"]))
        theirs.append(run([sys.executable, "Tools/bench_llama_cpp.py", *shared]))
    return ours, theirs


def cells(ours, theirs, key):
    ratios = [a[key] / b[key] for a, b in zip(ours, theirs)]
    middle = lambda rows: statistics.median(row[key] for row in rows)
    return (f"{middle(ours):.1f} | {middle(theirs):.1f} | {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} … {max(ratios):.2f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repetitions", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / ".build/models")
    parser.add_argument("--only", nargs="*", default=list(CASES), choices=list(CASES))
    options = parser.parse_args()
    options.models.mkdir(parents=True, exist_ok=True)
    print("| model | prefill 512: Retort | llama.cpp | ratio | decode: Retort | llama.cpp | ratio | "
          "GB/s of weights / read |\n|---|---|---|---|---|---|---|---|")
    for name in options.only:
        script, kind, generated, depth = CASES[name]
        model = options.models / f"{pathlib.Path(script).stem}-{kind}.gguf"
        if not model.exists():
            partial = model.with_suffix(".part")
            run([sys.executable, f"Tools/{script}", "--type", kind, partial])
            partial.rename(model)
        ours, theirs = measure(str(model), generated, depth, options)
        weights = statistics.median(row["weights_gb_per_second"] for row in ours)
        read = statistics.median(row["read_bandwidth_gb_per_second"] for row in ours)
        print(f"| {name} | {cells(ours, theirs, 'prefill_tokens_per_second')} | "
              f"{cells(ours, theirs, 'decode_tokens_per_second')} | {weights:.1f} / {read:.1f} |",
              flush=True)


if __name__ == "__main__":
    main()
