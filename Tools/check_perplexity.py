# SPDX-License-Identifier: Apache-2.0
"""Compares perplexities with llama.cpp's on the same GGUF files and the same 20 KB of text.

    python Tools/check_perplexity.py [--source DIRECTORY] [--text FILE] [--types f32 q8_0 ...] [GGUF ...]

Converts SOURCE, a Hugging Face directory with a tokenizer (the bundled model by default), to each type
and scores the text in windows with `retort score` and with llama.cpp; they may differ by 0.5 %. GGUF
files are scored as they are. The text is by default the repository's own documents.

Needs a release build. Versions: gguf 0.19.0, llama-cpp-python 0.3.36, numpy 2.4.6
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from check_conversion import llama_logits

ROOT = Path(__file__).resolve().parent.parent
RETORT = ROOT / ".build/release/retort"
TYPES = ["f32", "f16", "bf16", "q8_0", "q4_0", "q4_k", "q5_k", "q6_k"]
LIMIT = 0.005
BYTES = 20_000


def retort(*arguments: str) -> dict:
    result = subprocess.run([RETORT, *arguments], capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"retort {arguments[0]}: {result.stderr.strip()}")
    return json.loads(result.stdout) if result.stdout.strip() else {}


def own_text() -> str:
    paths = [ROOT / "LICENSE", *sorted((ROOT / "docs").glob("*.md"))]
    return "".join(path.read_text() for path in paths)[:BYTES]


def compare(model: Path, text: str, window: int) -> bool:
    import gguf

    vocab = len(gguf.GGUFReader(model).fields["tokenizer.ggml.tokens"].data)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(text)
        file.flush()
        ids = retort("tokenize", str(model), "--file", file.name, "--json")["ids"]
    ours, theirs = [], []
    for start in range(0, len(ids) - 1, window):
        part = ids[start : start + window]
        if len(part) < 2:
            break
        given = retort("score", str(model), "--ids", ",".join(map(str, part)), "--json")["logprobs"]
        ours += [x for x in given if x is not None][-(len(part) - 1) :]
        logits = llama_logits(model, part, vocab)[:-1].astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        normaliser = np.log(np.exp(logits).sum(axis=1))
        theirs += list(logits[np.arange(len(part) - 1), part[1:]] - normaliser)
    a, b = np.exp(-np.mean(ours)), np.exp(-np.mean(theirs))
    difference = a / b - 1
    passed = len(ours) == len(theirs) and bool(abs(difference) <= LIMIT)
    print(f"{'ok  ' if passed else 'FAIL'} {model.name}: {len(ours)} tokens, perplexity {a:.4f}, "
          f"llama.cpp {b:.4f}, {100 * difference:+.3f} %", flush=True)
    return passed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--source", default="bundled")
    parser.add_argument("--text", type=Path)
    parser.add_argument("--types", nargs="*", default=TYPES, choices=TYPES)
    parser.add_argument("--window", type=int, default=512)
    options = parser.parse_args()
    text = options.text.read_text()[:BYTES] if options.text else own_text()
    passed = [compare(model, text, options.window) for model in options.models]
    if not options.models:
        with tempfile.TemporaryDirectory() as folder:
            for kind in options.types:
                model = Path(folder) / f"{kind}.gguf"
                retort("convert", options.source, str(model), "--type", kind)
                passed.append(compare(model, text, options.window))
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()
