#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Fuzzes one parser with libFuzzer and AddressSanitizer.
#
#     Fuzzing/run.sh TARGET SECONDS [libFuzzer flags]
#
# TARGET is a folder of Sources/ such as FuzzGGUF. It starts from the seeds in Corpus/TARGET; what it
# finds, and the inputs that reach new code, go to Findings/TARGET, which is not committed. Run one
# input again with: Fuzzing/run.sh TARGET 0 Fuzzing/Findings/TARGET/crash-…
set -eu

if [ $# -lt 2 ]; then
    echo "usage: $0 TARGET SECONDS [libFuzzer flags]" >&2
    exit 2
fi
target=$1
seconds=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -f "$here/Sources/$target/Fuzz.swift" ]; then
    echo "$target is not a fuzz target; there are: $(ls "$here/Sources" | grep '^Fuzz' | grep -v FuzzDriver | tr '\n' ' ')" >&2
    exit 2
fi

swift build --package-path "$here" -c release --product "$target" \
    -Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=fuzzer-no-link,address
fuzzer="$(swift build --package-path "$here" -c release --show-bin-path)/$target"

findings="$here/Findings/$target"
mkdir -p "$findings/corpus"
# Swift's runtime keeps what it allocates once; leaks are not what is looked for.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0}"
if [ "$seconds" = 0 ]; then
    exec "$fuzzer" "$@"
fi
exec "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$findings/" "$@" "$findings/corpus" "$here/Corpus/$target"
