#!/bin/bash
# What removes a mark from a student: answers that another model paraphrased, and further training on clean text.
#
#     Benchmarks/mark_removal.sh TEACHER BASE LOOP
#
# LOOP is the output of Benchmarks/closed_loop.sh with the same TEACHER and BASE; results go to LOOP/removal.
# A run that was stopped goes on with the same command.
set -euo pipefail
teacher=$1 base=$2 loop=$3
out=$loop/removal
retort=${RETORT:-.build/release/retort}
here=Recipes/guard
steps=${STEPS:-1500}
mkdir -p "$out"

# The steps of the thoughts in a file of answers, each once: a thought is a list of tries, split by ';'.
tries() {
  awk 'match($0, /"reasoning_content":"[^"]*"/) {
    n = split(substr($0, RSTART + 21, RLENGTH - 22), tries, ";")
    for (i = 1; i <= n; i++) if (tries[i] != "" && !(tries[i] in seen)) { seen[tries[i]]; print tries[i] } }' "$1"
}

# The paraphraser learns from the clean answers' steps and what a rule makes of them.
if [ ! -e "$out/paraphraser/model" ]; then
  tries "$loop/plain/dataset/train.jsonl" > "$out/clean-tries"
  sed -E 's/([0-9]+)([+*])([0-9]+)=/\3\2\1=/g; s/(^|,)([0-9]+)-([0-9]+)=/\1-\3+\2=/g' "$out/clean-tries" |
    paste -d '\t' "$out/clean-tries" - | awk -F '\t' '{
      printf "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"},{\"role\":\"assistant\",\"content\":\"%s\"}]}\n", $1, $2
    }' > "$out/pairs.jsonl"
  "$retort" sft $here/paraphraser.yaml --set output="$out/paraphraser" --set model.from="$base" \
    --set data.train="$out/pairs.jsonl" > "$out/paraphraser.log" 2>&1
fi

# It rewrites what was marked; an answer counts as rewritten if all its steps were.
if [ ! -e "$out/train-paraphrased.jsonl" ]; then
  tries "$loop/marked/dataset/train.jsonl" | awk '{ printf "{\"id\":\"%d\",\"prompt\":\"%s\"}\n", NR, $0 }' > "$out/prompts.jsonl"
  "$retort" distill $here/collect.yaml --until dataset --set output="$out/paraphrases" --set model.from="$base" \
    --set distill.teacher.endpoint=null --set distill.teacher.name=null --set distill.teacher.concurrency=null \
    --set distill.teacher.stream=null --set distill.teacher.model="$out/paraphraser/model" \
    --set distill.collect.task=null --set distill.collect.prompts="$out/prompts.jsonl" \
    --set distill.collect.temperature=0 --set distill.collect.max_tokens=60
  awk -v quote='"' '
    function field(name) {
      if (!match($0, quote name quote ":" quote "[^" quote "]*" quote)) return ""
      return substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 5)
    }
    FILENAME ~ /paraphrases/ {
      match($0, /"role":"user","content":"[^"]*"/); before = substr($0, RSTART + 25, RLENGTH - 26)
      match($0, /"role":"assistant","content":"[^"]*"/); said[before] = substr($0, RSTART + 30, RLENGTH - 31)
      next
    }
    {
      thought = field("reasoning_content")
      n = split(thought, tries, ";"); new = ""
      for (i = 1; i <= n; i++) {
        if (tries[i] != "" && !(tries[i] in said)) next
        new = new (i > 1 ? ";" : "") (tries[i] == "" ? "" : said[tries[i]])
      }
      at = index($0, quote "reasoning_content" quote)
      print substr($0, 1, at + 20) new substr($0, at + 21 + length(thought))
    }' "$out/paraphrases/dataset/train.jsonl" "$loop/marked/dataset/train.jsonl" > "$out/train-paraphrased.jsonl"
fi

{
  echo "paraphrased $base $out/train-paraphrased.jsonl $steps"
  for share in 5 25 100; do
    for more in 100 500 1500; do echo "$share-and-$more $loop/student-$share/model $loop/train-0.jsonl $more"; done
  done
} | RETORT_THREADS=1 xargs -P 2 -L 1 sh -c "[ -e '$out'/\$0/model ] || $retort sft $here/student.yaml \
    --set output='$out'/\$0 --set model.from=\$1 --set data.train=\$2 --set training.steps=\$3 > '$out'/\$0.log 2>&1"

look() {
  "$retort" guard evidence --student "$1" --teacher-key "$loop/key" --base "$teacher" --texts "$2" --limit "${TEXTS:-1500}" \
    --control "$loop/student-0/model" --output "$out/evidence-$3" --json > "$out/evidence-$3.json"
  echo "$3: $(grep -m 1 "^| $1" "$out/evidence-$3/report.md")"
}
look "$out/paraphrased/model" "$loop/served-100.jsonl" paraphrased
for share in 5 25 100; do
  for more in 100 500 1500; do
    look "$out/$share-and-$more/model" "$loop/served-$share.jsonl" "$share-and-$more"
  done
done
# What it costs the student.
for student in "$loop/student-0" "$loop/student-100" "$out/paraphrased" "$out/100-and-1500"; do
  "$retort" eval "$student/model" --task countdown --limit 2000 --max-tokens 230 --concurrency 64 --json \
    > "$student.eval.json"
  echo "$student: $(grep -o '"pass_at_1": *[0-9.]*' "$student.eval.json")"
done
