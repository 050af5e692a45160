#!/usr/bin/env bash
# What prompt lookup gains and loses: given texts decoded in turn with and without it, as though the model had chosen
# them, so that random weights serve and the text alone decides.
#
#   Benchmarks/speculation.sh MODEL TOKENIZER [ROUNDS]
#
# TOKENIZER is a tokenizer.json, a folder with one, or a GGUF file; its ids must be below MODEL's vocabulary. THREADS names
# the threads, GEN_TOKENS how many tokens of each text are decoded.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -lt 2 ]; then
    sed -n 's/^# *\(Benchmarks.*\)/usage: \1/p' "$0" >&2
    exit 2
fi
model=$1
tokenizer=$2
retort=.build/release/retort
options=(--speculative prompt-lookup --repetitions "${3:-5}" --gen-tokens "${GEN_TOKENS:-64}"
    --threads "${THREADS:-2}" --skip-check --json --replay -)
ids() { $retort tokenize "$tokenizer" --file - | tr ' ' '\n'; }

edited() { # a file, and the file once more with a name changed
    cat Sources/RetortEngine/Sampling/StopMatcher.swift
    sed 's/held/pending/g' Sources/RetortEngine/Sampling/StopMatcher.swift
}
program() { cat Sources/retort/Terminal/LineEditor.swift; }
prose() { cat docs/architecture.md; }
noise() { awk 'BEGIN { srand(1); for (i = 0; i < 700; i++) print 1000 + int(40 * rand()) }'; }

echo "| text | plain, tokens/s | prompt lookup | ratio | guesses accepted | tokens per pass |"
echo "|---|---|---|---|---|---|"
row() { # row NAME: the ids on stdin, the last 900 of them
    tail -n 900 | $retort bench "$model" "${options[@]}" | sed "s/^{/{\"name\":\"$1\",/"
}
{
    edited | ids | row "a program, then again with a name changed"
    program | ids | row "a program"
    prose | ids | row "prose"
    noise | row "noise of 40 different tokens"
} | while read -r line; do
    field() { sed "s/.*\"$1\":\"\{0,1\}\([^,\"}]*\).*/\1/" <<<"$line"; }
    printf '| %s | %.1f | %.1f | %.2f | %d of %d | %.2f |\n' "$(sed 's/.*"name":"\([^"]*\)".*/\1/' <<<"$line")" \
        "$(field plain_tokens_per_second)" "$(field speculative_tokens_per_second)" "$(field speedup)" \
        "$(field accepted_tokens)" "$(field drafted_tokens)" \
        "$(awk "BEGIN { n = $(field gen_tokens); print n / (n - $(field accepted_tokens)) }")"
done
