#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The sources of Python's standard library as training data: {"text": …, "path": …} a line.

    python3 Tools/make_python_corpus.py OUTPUT.jsonl [--without-tests] [--limit BYTES]

The library is that of the Python which runs this. Files that are not UTF-8 (a few tests) and empty
ones are left out; the order is that of the paths, so that one version gives one file.
"""
import argparse
import json
import sysconfig
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--without-tests", action="store_true")
    parser.add_argument("--limit", type=int, help="stop behind so many bytes of text")
    arguments = parser.parse_args()
    root = Path(sysconfig.get_paths()["stdlib"])
    skipped = {"site-packages", "dist-packages", "__pycache__"}
    if arguments.without_tests:
        skipped |= {"test", "tests", "idle_test"}
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    files = size = 0
    with arguments.output.open("w", encoding="utf-8") as output:
        for path in sorted(root.rglob("*.py")):
            relative = path.relative_to(root)
            if skipped & set(relative.parts):
                continue
            try:
                text = path.read_text(encoding="utf-8")
            except (UnicodeDecodeError, OSError):
                continue
            if not text.strip():
                continue
            record = {"text": text, "path": relative.as_posix()}
            output.write(json.dumps(record, ensure_ascii=False) + "\n")
            files += 1
            size += len(text.encode("utf-8"))
            if arguments.limit and size >= arguments.limit:
                break
    print(f"{arguments.output}: {files} files, {size / 1e6:.1f} MB of text")


if __name__ == "__main__":
    main()
