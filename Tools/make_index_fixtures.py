#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts of infini-gram, a suffix array of pydivsufsort, and gzip files of all kinds of blocks.

    python3 Tools/make_index_fixtures.py Tests/RetortProvenanceTests/Fixtures

Needs infini-gram 2.6.0, pydivsufsort 0.0.20 and numpy 2.4.6. Writes `index-peers.json`: `documents` of token ids, `counts`
with an n-gram and how often infini-gram's engine finds it in them, `text` (hexadecimal) and its `suffixes`; and
`gzip.jsonl`: `name`, `gzip` and `content` in hexadecimal digits, where `content` repeats `times` times.
"""
import gzip
import io
import json
import random
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pydivsufsort
from infini_gram.engine import InfiniGramEngine


def peers():
    rng = random.Random(0)
    vocabulary = [rng.randrange(60_000) for _ in range(25)]
    documents = [[rng.choice(vocabulary) for _ in range(rng.randrange(1, 120))] for _ in range(40)]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "data").mkdir()
        (folder / "index").mkdir()
        # The layout of python -m infini_gram.indexing: a separator before each document.
        tokens, offsets = [], []
        for document in documents:
            offsets.append(2 * len(tokens))
            tokens += [0xFFFF] + document
        (folder / "index" / "tokenized.0").write_bytes(np.array(tokens, "<u2").tobytes())
        (folder / "index" / "offset.0").write_bytes(np.array(offsets, "<u8").tobytes())
        subprocess.run(
            [sys.executable, "-m", "infini_gram.indexing", "--data_dir", folder / "data", "--save_dir", folder / "index",
             "--token_dtype", "u16", "--cpus", "1", "--mem", "1", "--shards", "1", "--ulimit", "1024"],
            check=True, stdout=sys.stderr)
        engine = InfiniGramEngine(index_dir=str(folder / "index"), eos_token_id=60_001, vocab_size=65_535,
                                  token_dtype="u16")
        counts = []
        for _ in range(200):
            length = rng.randrange(1, 5)
            document = rng.choice(documents)
            start = rng.randrange(len(document))
            ngram = document[start:start + length]
            if rng.random() < 0.3:
                ngram[-1] = rng.choice(vocabulary)
            counts.append({"ngram": ngram, "count": engine.count(input_ids=ngram)["count"]})
    text = bytes(rng.choice(b"ab\x00\xff") for _ in range(700)) + b"abab" * 60
    suffixes = pydivsufsort.divsufsort(np.frombuffer(text, np.uint8).copy())
    return {"documents": documents, "counts": counts, "text": text.hex(), "suffixes": [int(i) for i in suffixes]}


def raw(content, **options):
    """One gzip member with the given zlib options."""
    packer = zlib.compressobj(wbits=31, **options)
    return packer.compress(content) + packer.flush()


def gzips():
    rng = random.Random(1)
    prose = " ".join(rng.choice("the of and to in is that was he for it with as".split()) for _ in range(3000)).encode()
    noise = rng.randbytes(5000)
    named = io.BytesIO()
    with gzip.GzipFile("a name.txt", "wb", fileobj=named, mtime=0) as file:
        file.write(prose)
    far = noise[:200] + bytes(32_000) + noise[:200]
    yield "dynamic", raw(prose, level=9), prose, 1
    yield "fixed", raw(prose[:2000], strategy=zlib.Z_FIXED), prose[:2000], 1
    yield "stored", raw(noise, level=0), noise, 1
    yield "huffman only", raw(noise[:600] + prose[:2000], strategy=zlib.Z_HUFFMAN_ONLY), noise[:600] + prose[:2000], 1
    yield "a far copy", raw(far, level=9), far, 1
    yield "named", named.getvalue(), prose, 1
    yield "members", raw(prose[:70]) + raw(b"") + raw(noise[:90]) + bytes(20), prose[:70] + noise[:90], 1
    yield "empty", raw(b""), b"", 1
    yield "zeros", raw(bytes(20 << 20), level=9), bytes(1), 20 << 20


def main():
    folder = Path(sys.argv[1])
    (folder / "index-peers.json").write_text(json.dumps(peers(), separators=(",", ":")) + "\n")
    with open(folder / "gzip.jsonl", "w", encoding="utf-8") as file:
        for name, packed, content, times in gzips():
            print(json.dumps({"name": name, "gzip": packed.hex(), "content": content.hex(), "times": times}), file=file)


if __name__ == "__main__":
    main()
