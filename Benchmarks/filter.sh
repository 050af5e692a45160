#!/bin/bash
# What the filter finds, what it takes for a copy that is none, and what it costs.
#
#     Benchmarks/filter.sh PROTECTED UNRELATED OUTPUT [MODEL]
#
# PROTECTED and UNRELATED are folders of texts that have nothing in common, OUTPUT a folder to write.
set -euo pipefail
protected=$1 unrelated=$2 out=$3 model=${4:-bundled}
retort=${RETORT:-.build/release/retort}
here=$(dirname "$0")
mkdir -p "$out"
"$retort" provenance protect "$protected" -o "$out/filter" --skip-broken
python3 "$here/filter_spans.py" "$protected" "$out/spans"
for kind in "$out"/spans/*; do
    # Exit status 1 says that there are copies, which is what is wanted here.
    "$retort" provenance match "$out/filter" --texts "$kind" --json >"$out/match.json" || [ $? = 1 ]
    python3 -c 'import json, sys
found = json.load(open(sys.argv[2]))
print("%-12s %d of %d found" % (sys.argv[1], found["repeating"], found["texts"]))' "$(basename "$kind")" "$out/match.json"
done
"$retort" provenance match "$out/filter" --texts "$unrelated" --json >"$out/match.json" || [ $? = 1 ]
python3 -c 'import json, sys
found = json.load(open(sys.argv[1]))
print("unrelated    %d of %d texts found, %.1f ns a byte" % (found["repeating"], found["texts"], found["nanoseconds_per_byte"]))' "$out/match.json"
python3 "$here/filter_decoding.py" "$retort" "$out/filter" "$model"
