#!/usr/bin/env bash
# Retort's tokenizers beside the references (Hugging Face's tokenizers; llama.cpp for SentencePiece) on the same text, one
# core each, in turn.
#
#   Benchmarks/tokenizers.sh TEXT MODEL...
#
# TEXT is a UTF-8 file; MODEL a tokenizer.json, a folder with one, or a GGUF file. PYTHON names a Python with Tools/requirements.txt installed.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -lt 2 ]; then
    sed -n 's/^# *\(Benchmarks.*\)/usage: \1/p' "$0" >&2
    exit 2
fi
text=$1
shift
python=${PYTHON:-python3}

echo "| vocabulary | Retort, MB/s | reference, MB/s | ratio, median of 3 | Retort loads in, s |"
echo "|---|---|---|---|---|"
for model in "$@"; do
    for round in 1 2 3; do
        .build/release/retort bench-tokenizer "$model" --file "$text" --json
        TOKENIZERS_PARALLELISM=false "$python" Tools/bench_tokenizers.py "$model" "$text"
    done | "$python" -c '
import json, pathlib, statistics, sys
lines = [json.loads(line) for line in sys.stdin]
ours, theirs = lines[::2], lines[1::2]
rate = "megabytes_per_second"
middle = lambda rows, key: statistics.median(r[key] for r in rows)
assert abs(ours[0]["tokens"] - theirs[0]["tokens"]) < 2, "the two make different tokens"
ratio = statistics.median(a[rate] / b[rate] for a, b in zip(ours, theirs))
load = middle(ours, "load_seconds")
print(f"| {pathlib.Path(sys.argv[1]).name} | {middle(ours, rate):.1f} | {middle(theirs, rate):.1f} | "
      f"{ratio:.1f} | {load:.2f} |")
' "$model"
done
