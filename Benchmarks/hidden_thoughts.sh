#!/bin/bash
# What hiding thoughts is worth: the same students distilled over the API of a teacher that shows its thoughts whole, in
# summary, or not at all.
#
#     Benchmarks/hidden_thoughts.sh TEACHER OUTPUT BASE...
#
# TEACHER multiplies numbers of three digits; each BASE is the start of three students. docs/guard.md has the commands
# that make them. A run that was stopped goes on with the same command.
set -euo pipefail
teacher=$1 out=$2
shift 2
retort=${RETORT:-.build/release/retort}
port=${PORT:-18098}
mkdir -p "$out"

for thoughts in full summary none; do
  data="$out/$thoughts/dataset/train.jsonl"
  [ -e "$data" ] && continue
  echo "thoughts: $thoughts" > "$out/$thoughts.yaml"
  "$retort" serve "$teacher" --port "$port" --guard-policy "$out/$thoughts.yaml" 2> "$out/serve-$thoughts.log" &
  server=$!
  trap 'kill $server 2> /dev/null || true' EXIT
  for _ in $(seq 100); do curl -fs "http://127.0.0.1:$port/health" > /dev/null && break; sleep 0.2; done
  "$retort" distill Recipes/r1-mini/distilled.yaml --until dataset --set output="$out/$thoughts" --set model.from="$1" --set training.steps=1 \
    --set distill.teacher.model=null --set distill.teacher.endpoint="http://127.0.0.1:$port/v1" \
    --set distill.teacher.name="$(basename "$teacher")" --set distill.teacher.concurrency=16 --set distill.teacher.stream=false \
    --set distill.collect.places=null --set distill.collect.count="${PROMPTS:-8000}" --set distill.collect.samples=1
  kill $server
  wait $server 2> /dev/null || true
done
number=0
for base in "$@"; do
  number=$((number + 1))
  for thoughts in full summary none; do echo "$thoughts-$number $base $out/$thoughts/dataset/train.jsonl $number"; done
done | RETORT_THREADS=1 xargs -P 2 -L 1 sh -c "[ -e '$out'/\$0/model ] || $retort sft Recipes/r1-mini/answers.yaml \
    --set output='$out'/\$0 --set model.from=\$1 --set data.train=\$2 --set seed=\$3 --set data.length=64 \
    --set training.steps=${STEPS:-1000} > '$out'/\$0.log 2>&1"
for student in "$out"/{full,summary,none}-[0-9]; do
  [ -d "$student" ] || continue
  "$retort" eval "$student/model" --task multiplication --digits 3 --limit 1000 --max-tokens 50 --concurrency 64 --json \
    > "$student.json"
  echo "$(basename "$student"): $(grep -o '"pass_at_1": *[0-9.]*' "$student.json")"
done
