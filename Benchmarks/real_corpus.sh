#!/usr/bin/env bash
# A real corpus through all of it: Debian's documentation and Python's standard library, with the licences of the packages.
#
#   RETORT=.build/release/retort Benchmarks/real_corpus.sh OUTPUT
#
# Needs a Debian 12 (see Tools/debian_corpus.py). Steps that were finished are not run again: remove OUTPUT/STEP.time to do so.
# PYTHON names a Python 3.11; VALIDATOR one that has what Tools/validate_provenance_documents.py needs, and SPDX its schemas.
# Prints what each step took: processor seconds, seconds by the clock, and the peak of memory.
set -euo pipefail
if [ $# -lt 1 ]; then
    sed -n 's/^# *\(.*Benchmarks\/real_corpus.*\)/usage: \1/p' "$0" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")/.." && pwd)
# Relative names are of where this was started; links stay, as a virtual environment's Python is one.
absolute() { case $1 in /*) echo "$1" ;; */*) echo "$PWD/$1" ;; *) command -v "$1" ;; esac; }
retort=$(absolute "${RETORT:-$here/.build/release/retort}")
python=$(absolute "${PYTHON:-python3}")
validator=${VALIDATOR:+$(absolute "$VALIDATOR")}
spdx=${SPDX:+$(realpath "$SPDX")}
mkdir -p "$1"
cd "$1"
export RETORT_LEDGER=$PWD/ledger.sqlite

# Runs a step and says what it took; what it prints goes to NAME.log. A step that was finished before is only told of.
measure() { # NAME COMMAND...
    local name=$1
    shift
    if [ ! -e "$name.time" ]; then
        /usr/bin/time -f "%U %S %e %M" -o "$name.part" "$@" >"$name.log" 2>&1 || { cat "$name.log" >&2; exit 1; }
        mv "$name.part" "$name.time"
    fi
    awk -v name="$name" '{ printf "%s: %.1f s of processor time, %.1f s, peak %.0f MiB\n", name, $1 + $2, $3, $4 / 1024 }' "$name.time"
}

measure collect "$python" "$here/Tools/debian_corpus.py" .
tail -n 1 collect.log

# The ledger: a work is a file of a package.
measure add "$python" - "$retort" <<'PYTHON'
import json
import subprocess
import sys

for package in json.load(open("manifest.json"))["packages"]:
    name = f"{package['package']} {package['version']}"
    for file, part in package["texts"].items():
        subprocess.run([sys.argv[1], "provenance", "add", f"texts/{file}", "--name", name, "--licence", part["licence"], "--url",
                        package["url"], "--acquisition", "public-dataset", "--attribution", f"Debian's {name}",
                        "--work-field", "work"], check=True)
PYTHON

# The gate: the verdict of each file, and why it is refused.
measure check "$python" - "$retort" <<'PYTHON'
import json
import subprocess
import sys

verdicts = {}
for package in json.load(open("manifest.json"))["packages"]:
    for file in package["texts"]:
        report = json.loads(subprocess.run([sys.argv[1], "provenance", "check", f"texts/{file}", "--json"],
                                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
        reasons = {finding["reason"] for finding in report["findings"] if finding["verdict"] == report["verdict"]}
        verdicts[file] = {"verdict": report["verdict"], "refused": report["refused"], "reasons": sorted(reasons)}
json.dump(verdicts, open("verdicts.json", "w"), indent=1)
PYTHON
"$python" - <<'PYTHON'
import collections
import json

verdicts = json.load(open("verdicts.json"))
sums, totals = {}, collections.defaultdict(lambda: [0, 0])
for package in json.load(open("manifest.json"))["packages"]:
    for file, part in package["texts"].items():
        verdict = verdicts[file]
        row = sums.setdefault((verdict["verdict"], part["licence"]), [0, 0, verdict["reasons"] if verdict["refused"] else []])
        for sum in (row, totals[verdict["verdict"]]):
            sum[0] += part["files"]
            sum[1] += part["bytes"]
for (verdict, licence), (files, size, reasons) in sorted(sums.items(), key=lambda item: (item[0][0], -item[1][1])):
    print(f"{verdict}\t{size / 1e6:.2f} MB\t{files} works\t{licence}\t{'; '.join(reasons)}")
for verdict, (files, size) in sorted(totals.items()):
    print(f"{verdict}: {size / 1e6:.1f} MB, {files} works")
PYTHON

measure dedup "$retort" provenance dedup texts -o duplicates.json
measure dedup-exact "$retort" provenance dedup texts --exact 200 -o duplicates-exact.json
cat dedup.log
grep "repeated parts" dedup-exact.log
# Equal texts must be of one cluster.
"$python" - <<'PYTHON'
import collections
import json
import pathlib
import sys

clusters = {}
for number, cluster in enumerate(json.load(open("duplicates.json"))["clusters"]):
    clusters |= dict.fromkeys([cluster["keep"], *cluster["remove"]], number)
equal = collections.defaultdict(list)
for file in sorted(pathlib.Path("texts").glob("*.jsonl")):
    place = 0
    for line in open(file, "rb"):
        equal[json.loads(line)["text"]].append(f"{file.name}@{place}" if place else file.name)
        place += len(line)
sets = [names for names in equal.values() if len(names) > 1]
missed = [names for names in sets if len({clusters.get(name, name) for name in names}) > 1]
print(f"{len(sets)} sets of equal texts, {len(missed)} of them in no cluster or several")
sys.exit(1 if missed else 0)
PYTHON

measure index "$retort" provenance index texts -o index
cat index.log
# The index against a plain count of the same texts, places that overlap among them.
"$python" - "$retort" <<'PYTHON'
import json
import pathlib
import subprocess
import sys

strings = ["free software", "GNU General Public License", "def __init__(self", "struct file_operations", "\n\n\n", "aaaa", "Grüße",
           "no such string"]
wanted = {string: string.encode() for string in strings}
counts = dict.fromkeys(strings, 0)
for file in sorted(pathlib.Path("texts").glob("*.jsonl")):
    for line in open(file, "rb"):
        text = json.loads(line)["text"].encode()
        for string, pattern in wanted.items():
            place = text.find(pattern)
            while place >= 0:
                counts[string] += 1
                place = text.find(pattern, place + 1)
for string in strings:
    found = json.loads(subprocess.run([sys.argv[1], "provenance", "search", "index", "--text", string, "--json"],
                                      capture_output=True, check=True).stdout)["count"]
    print(f"{string!r}: {found} times")
    if found != counts[string]:
        sys.exit(f"a plain count says {counts[string]}")
PYTHON
cat >answer.txt <<'TEXT'
To remove a directory tree in Python, call shutil.rmtree(path, ignore_errors=False, onerror=None). A kernel module says which licence it is
under, since it may use only the symbols that are meant for it. This program is free software; you can redistribute it and/or modify it under
the terms of the GNU General Public License.
TEXT
measure trace "$retort" provenance trace index --file answer.txt
cat trace.log

# A model of what the gate allows without asking for its own licence, and the documents of it.
allowed=$("$python" -c 'import json
print(*("texts/" + file for file, verdict in json.load(open("verdicts.json")).items() if verdict["verdict"] == "allowed"))')
measure tokenizer "$retort" train-tokenizer $allowed -o tokenizer --vocab-size 2048 \
    --pre-tokenizer llama3 --special '<|end|>' --eos '<|end|>' --json-field text
measure train "$retort" train "$here/Recipes/provenance/canaries.yaml" --set output=run --set tokenizer=tokenizer \
    --set "data.train=[${allowed// /, }]" --set training.steps=20 --set schedule.warmup_steps=5 --set checkpoints.every=20 \
    --set evaluation.every=20
measure takedown "$retort" provenance takedown libpython3.11-minimal/usr/lib/python3.11/zipfile.py
cat takedown.log
measure export "$retort" provenance export run/model -o documents --name debian-corpus
wc -c documents/*
[ -z "$validator" ] || "$validator" "$here/Tools/validate_provenance_documents.py" documents --spdx "${spdx:?SPDX is not set}" --mutate
