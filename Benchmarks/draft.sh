#!/usr/bin/env bash
# What a draft model gains at the most and loses at the most: a model of random weights of which all layers from the
# fourth on add nothing is guessed by its own first four layers (whose guesses are right), then by four layers of another
# seed (whose guesses are not).
#
#   Benchmarks/draft.sh [FOLDER]
#
# FOLDER keeps the models (.build/models by default). PYTHON names a Python with Tools/requirements.txt installed, ROUNDS,
# THREADS and GEN_TOKENS what they say.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-.build/models}
mkdir -p "$folder"
make_model() { # make_model NAME OPTION…
    [ -e "$folder/$1.gguf" ] && return
    "${PYTHON:-python3}" Tools/make_random_model.py "${@:2}" "$folder/$1.part"
    mv "$folder/$1.part" "$folder/$1.gguf"
}
make_model draft-target --idle-from 4
make_model draft-same --layers 4
make_model draft-other --layers 4 --seed 1

echo "| guesses | plain, tokens/s | with the draft model | ratio | accepted |"
echo "|---|---|---|---|---|"
for kind in same other; do
    result=$(.build/release/retort bench "$folder/draft-target.gguf" --draft-model "$folder/draft-$kind.gguf" --skip-check \
        --prompt-tokens 64 --gen-tokens "${GEN_TOKENS:-96}" --repetitions "${ROUNDS:-5}" --threads "${THREADS:-2}" --json)
    field() { sed "s/.*\"$1\":\([^,}]*\).*/\1/" <<<"$result"; }
    name="by its own first layers"
    [ "$kind" = other ] && name="by layers of another seed"
    printf '| %s | %.1f | %.1f | %.2f | %d of %d |\n' "$name" "$(field plain_tokens_per_second)" \
        "$(field speculative_tokens_per_second)" "$(field speedup)" "$(field accepted_tokens)" "$(field drafted_tokens)"
done
