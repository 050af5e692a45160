#!/usr/bin/env bash
# Retort beside llama.cpp on the same GGUF file: alternating runs, medians, ratios.
#
#   Benchmarks/compare.sh MODEL.gguf [ROUNDS]
#
# PYTHON names a Python with Tools/requirements.txt installed, THREADS the threads of both.
set -euo pipefail
cd "$(dirname "$0")/.."
model=${1:?usage: Benchmarks/compare.sh MODEL.gguf [ROUNDS]}
rounds=${2:-3}
threads=${THREADS:-2}
python=${PYTHON:-python3}
options=(--prompt-tokens "${PROMPT_TOKENS:-512}" --gen-tokens "${GEN_TOKENS:-128}" --threads "$threads")
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

for round in $(seq "$rounds"); do
    .build/release/retort bench "$model" "${options[@]}" --json >"$results/retort.$round"
    "$python" Tools/bench_llama_cpp.py "$model" "${options[@]}" >"$results/llama.$round"
done

"$python" - "$results" "$rounds" <<'PYTHON'
import json, pathlib, statistics, sys

folder, rounds = pathlib.Path(sys.argv[1]), int(sys.argv[2])
def values(program, key):
    return [json.loads((folder / f"{program}.{r + 1}").read_text())[key] for r in range(rounds)]

print("| | Retort | llama.cpp | ratio, median (min … max) |")
print("|---|---|---|---|")
for name, key in [("prefill, tokens/s", "prefill_tokens_per_second"),
                  ("decode, tokens/s", "decode_tokens_per_second")]:
    ours, theirs = values("retort", key), values("llama", key)
    ratios = [a / b for a, b in zip(ours, theirs)]
    print(f"| {name} | {statistics.median(ours):.1f} | {statistics.median(theirs):.1f} | "
          f"{statistics.median(ratios):.2f} ({min(ratios):.2f} … {max(ratios):.2f}) |")
weights = statistics.median(values("retort", "weights_gb_per_second"))
bandwidth = statistics.median(values("retort", "read_bandwidth_gb_per_second"))
operations = statistics.median(values("retort", "prefill_gop_per_second"))
print(f"\nRetort decodes at {weights:.1f} GB/s of weights; this machine reads {bandwidth:.1f} GB/s. "
      f"Prefill does {operations:.0f} Gop/s.")
PYTHON
