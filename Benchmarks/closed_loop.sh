#!/bin/bash
# The closed loop: a teacher whose answers are marked is served, students learn from shares of its answers that came over
# the API, and the mark is looked for in the students.
#
#     Benchmarks/closed_loop.sh TEACHER BASE OUTPUT [SHARES]
#
# TEACHER and BASE (the students' start, which saw nothing of the teacher's) are model directories with one tokenizer that
# write Countdown; docs/guard.md has the commands that make them. SHARES are percents, 0 1 5 25 100 by default: of so many of
# its answers a student has the marked form, of the others answers of the same teacher without a mark.
# A run that was stopped goes on with the same command.
set -euo pipefail
teacher=$1 base=$2 out=$3
shares=${4:-0 1 5 25 100}
retort=${RETORT:-.build/release/retort}
here=Recipes/guard
port=${PORT:-18099}
prompts=${PROMPTS:-4000} samples=${SAMPLES:-2} steps=${STEPS:-1500}
mkdir -p "$out"
[ -e "$out/key" ] || "$retort" guard keygen -o "$out/key" --scheme gumbel

if [ ! -e "$out/marked/dataset/train.jsonl" ]; then
  "$retort" serve "$teacher" --port "$port" --watermark "$out/key" --watermark-policy enforced --database "$out/serve.sqlite" \
    2> "$out/serve.log" &
  server=$!
  trap 'kill $server 2> /dev/null || true' EXIT
  for _ in $(seq 100); do curl -fs "http://127.0.0.1:$port/health" > /dev/null && break; sleep 0.2; done
  "$retort" distill $here/collect.yaml --until dataset --set output="$out/marked" --set model.from="$base" \
    --set distill.teacher.endpoint="http://127.0.0.1:$port/v1" --set distill.teacher.name="$(basename "$teacher")" \
    --set distill.collect.count="$prompts" --set distill.collect.samples="$samples"
  kill $server
fi
[ -e "$out/plain/dataset/train.jsonl" ] || "$retort" distill $here/collect.yaml --until dataset --set output="$out/plain" \
  --set model.from="$base" \
  --set distill.teacher.endpoint=null --set distill.teacher.name=null --set distill.teacher.concurrency=null \
  --set distill.teacher.stream=null --set distill.teacher.model="$teacher" \
  --set distill.collect.count="$prompts" --set distill.collect.samples="$samples"

for share in $shares; do
  data="$out/train-$share.jsonl"
  [ -e "$data" ] || awk -v share="$share" 'NR == FNR { marked[NR] = $0; n = NR; next }
    { if (FNR <= n) print (FNR * 7919 % 100 < share) ? marked[FNR] : $0 }' \
    "$out/marked/dataset/train.jsonl" "$out/plain/dataset/train.jsonl" > "$data"
done
# Two at a time: small models train faster in one thread each.
printf '%s\n' $shares | RETORT_THREADS=1 xargs -P 2 -I{} sh -c \
  "[ -e '$out/student-{}/model' ] || $retort sft $here/student.yaml --set output=$out/student-{} --set model.from=$base \
     --set data.train=$out/train-{}.jsonl --set training.steps=$steps > $out/student-{}.log 2>&1"

# Laid before a student is what was served to whoever made it, as the server's log has it.
for share in $shares; do
  [ "$share" = 0 ] && continue
  served="$out/served-$share.jsonl"
  [ -e "$served" ] || awk 'NR == FNR { given[$0]; next } $0 in given' \
    "$out/train-$share.jsonl" "$out/marked/dataset/train.jsonl" > "$served"
  "$retort" guard evidence --student "$out/student-$share/model" --teacher-key "$out/key" --base "$teacher" \
    --texts "$served" --limit "${TEXTS:-1500}" --control "$out/student-0/model" \
    --output "$out/evidence-$share" --sign "$out/sign" --json > "$out/evidence-$share.json"
  echo "$share %: $(sed -n '3p' "$out/evidence-$share/report.md")"
  grep '^| ' "$out/evidence-$share/report.md"
done
