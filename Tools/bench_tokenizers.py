#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast the reference tokenizer reads a text, measured as `retort bench-tokenizer` measures.

    python3 Tools/bench_tokenizers.py MODEL TEXT

The reference is check_tokenizers.py's: Hugging Face's tokenizers, for SentencePiece vocabularies
llama.cpp. Prints one JSON object.
"""
import json
import pathlib
import statistics
import sys
import time

from check_tokenizers import reference


def main():
    model, path = map(pathlib.Path, sys.argv[1:])
    text = path.read_text(encoding="utf-8")
    encode, _ = reference(model)
    times = []
    for repetition in range(4):
        start = time.perf_counter()
        tokens = len(encode(text))
        if repetition:
            times.append(time.perf_counter() - start)
    size = len(text.encode())
    print(json.dumps({"megabytes_per_second": size / statistics.median(times) / 1e6, "tokens": tokens}))


if __name__ == "__main__":
    main()
