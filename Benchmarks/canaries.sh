#!/bin/bash
# How often must a model read a random number to know it?
#
#     Benchmarks/canaries.sh TEXTS.jsonl OUTPUT
#
# TEXTS are JSON lines with 'text'; sentences with numbers are planted among them 0, 1, 10, 100 and 1,000 times, and a model of
# 1.8 M parameters is trained on all of it. The recipe reads runs/canaries: OUTPUT is that, or a link to it.
set -euo pipefail
texts=$1 out=$2
retort=${RETORT:-.build/release/retort}
mkdir -p "$out"
"$retort" provenance canaries -o "$out/plan.json" --plant "$out/plant.jsonl" --seed 7 --length 6 --references 2000
# The same order every time.
cat "$texts" "$out/plant.jsonl" | shuf --random-source=<(yes) > "$out/train.jsonl"
[ -e "$out/tokenizer/tokenizer.json" ] || "$retort" train-tokenizer "$out/train.jsonl" -o "$out/tokenizer" --vocab-size 1024 \
  --pre-tokenizer llama3 --special '<|end|>' --eos '<|end|>' --json-field text
[ -e "$out/model-run/model" ] || "$retort" train Recipes/provenance/canaries.yaml --set output="$out/model-run" \
  --set tokenizer="$out/tokenizer" --set data.train="$out/train.jsonl"
"$retort" provenance audit "$out/model-run/model" --canaries "$out/plan.json" -o "$out/audit"
