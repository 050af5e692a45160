#!/usr/bin/env bash
# Building and asking an index of a text, beside infini-gram 2.6.0 on the same bytes, one core each.
#
#   PYTHON=.venv/bin/python RETORT=.build/release/retort Benchmarks/corpus_index.sh TEXT [MEGABYTES]
#
# TEXT is a file, of which the first MEGABYTES (default 64) are used; it is cut into documents of 20,000 bytes. PYTHON names a
# Python with infini-gram 2.6.0 installed. WORK is a folder for both indexes (default: a temporary one).
# Prints MB per second of processor time, which a busy machine disturbs least, and the peak resident memory.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -lt 1 ]; then
    sed -n 's/^# *\(.*Benchmarks\/corpus_index.*\)/usage: \1/p' "$0" >&2
    exit 2
fi
text=$1
megabytes=${2:-64}
python=${PYTHON:-python3}
retort=${RETORT:-.build/release/retort}
work=${WORK:-$(mktemp -d)}
mkdir -p "$work/corpus" "$work/peer/data" "$work/peer/index"

"$python" - "$text" "$megabytes" "$work" <<'PYTHON'
import array
import json
import sys
from pathlib import Path

text, megabytes, work = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
data = Path(text).open("rb").read(megabytes * 10**6)
# infini-gram's bytes have 255 as the separator; it is in no UTF-8. Both read the same text.
data = data.decode("utf-8", "replace").encode()
tokens, offsets = bytearray(), array.array("Q")
with open(work / "corpus" / "text.jsonl", "w", encoding="utf-8") as lines:
    for start in range(0, len(data), 20_000):
        part = data[start:start + 20_000].decode("utf-8", "replace")
        lines.write(json.dumps({"text": part}, ensure_ascii=False) + "\n")
        offsets.append(len(tokens))
        tokens += b"\xff" + part.encode()
(work / "peer" / "index" / "tokenized.0").write_bytes(tokens)
(work / "peer" / "index" / "offset.0").write_bytes(offsets.tobytes())
print(f"{len(tokens) / 1e6:.1f} MB in {len(offsets)} documents")
PYTHON

measure() { # NAME COMMAND...
    name=$1
    shift
    /usr/bin/time -f "%U %S %M" -o "$work/time" "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    "$python" - "$name" "$work" <<'PYTHON'
import os
import sys

name, work = sys.argv[1:]
user, system, peak = map(float, open(f"{work}/time").read().split())
size = os.path.getsize(f"{work}/peer/index/tokenized.0")
print(f"{name}: {size / 1e6 / (user + system):.2f} MB/s of processor time, peak {peak / 1024:.0f} MiB")
PYTHON
}

measure retort "$retort" provenance index "$work/corpus" -o "$work/index"
measure infini-gram "$python" -m infini_gram.indexing --data_dir "$work/peer/data" --save_dir "$work/peer/index" \
    --token_dtype u8 --cpus 1 --mem 4 --shards 1 --ulimit 1024
