#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Compares `retort tokenize` with the reference on whole vocabularies and thousands of texts, id by
# id; exits with 1 if any differs.
#
#     python3 Tools/check_tokenizers.py RETORT MODEL... [--count 2000] [--seed 1]
#
# MODEL: a tokenizer.json, a folder with one, or a GGUF file. References: the tokenizers library for
# tokenizer.json and for byte-level GGUF vocabularies (rebuilt with the pre-tokenizers' patterns,
# Qwen2 with its NFC), llama.cpp for SentencePiece ones. With X.gguf.inp and X.gguf.out beside
# X.gguf, llama.cpp's own test texts are compared too.
# Pinned: tokenizers 0.23.3, gguf 0.19.0, llama-cpp-python 0.3.36.

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from tokenizers import Tokenizer

from make_tokenizer_fixtures import Vocabulary, deepseek_letters
from tokenizer_inputs import INPUTS

POOLS = [
    range(0x20, 0x7F), range(0x20, 0x7F), range(0xA0, 0x250), range(0x300, 0x370),
    range(0x370, 0x530), range(0x590, 0x700), range(0x900, 0xE80), range(0x1100, 0x1200),
    range(0x1E00, 0x2070), range(0x2070, 0x2C00), range(0x3000, 0x3100), range(0x4E00, 0x9FB0),
    range(0xAC00, 0xD7B0), range(0xF900, 0x10000), range(0x10000, 0x11000),
    range(0x1D000, 0x1D800), range(0x1F300, 0x1FB00), range(0x30, 0x3A),
    [9, 10, 13, 32, 32, 32, 0x85, 0xA0, 0x3000, 0x200B], [*map(ord, "'sStTreRElL"), 0x17F],
]


def texts(count, seed, special):
    source = random.Random(seed)
    words = " ".join(INPUTS[:2]).split() + ["model", "reasoning", "42", "x_1", "Übung", "don't"]
    result = list(INPUTS) + [u * n for u in ("a", " ", "\n", "é", "0", "!", "汉") for n in (50, 999)]
    while len(result) < count:
        kind = source.random()
        if kind < 0.4:
            pools = source.sample(POOLS, source.randint(1, 4))
            text = "".join(chr(source.choice(source.choice(pools)))
                           for _ in range(source.randint(1, 60)))
        elif kind < 0.6:
            text = "".join(source.choice(words) + source.choice(["", " ", "  ", "\n", ", ", "\t", "-"])
                           for _ in range(source.randint(1, 40)))
        elif kind < 0.75:
            a, b = source.choice(INPUTS), source.choice(INPUTS)
            text = a[:source.randint(0, len(a))] + b[source.randint(0, len(b)):]
        elif kind < 0.9 or not special:
            planes = [(0, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0x10FFFF)]
            text = "".join(chr(source.randint(*source.choice(planes)))
                           for _ in range(source.randint(1, 30)))
        else:
            text = "".join(source.choice(special) + source.choice(["", " ", "\n", "x", " y "])
                           for _ in range(source.randint(1, 5)))
            text = text[:source.randint(1, len(text))]
        result.append(text)
    return result


def reference(path):
    """A function from text to ids, special tokens read and none added; and the special tokens."""
    if path.suffix == ".gguf":
        vocabulary = Vocabulary(path)
        special = [t for t, k in zip(vocabulary.tokens, vocabulary.types) if k in (3, 4)]
        if vocabulary.model == "llama":
            from llama_cpp import Llama

            llama = Llama(str(path), vocab_only=True, verbose=False)
            # llama.cpp ends a text at its first zero byte.
            return (lambda t: None if "\0" in t else
                    llama.tokenize(t.encode(), add_bos=False, special=True)), special
        tokenizer = vocabulary.reference(deepseek_letters())
    else:
        file = path / "tokenizer.json" if path.is_dir() else path
        tokenizer = Tokenizer.from_file(str(file))
        special = [t.content for t in tokenizer.get_added_tokens_decoder().values()]
    return lambda t: tokenizer.encode(t, add_special_tokens=False).ids, special


def retort(command, model, text):
    with tempfile.NamedTemporaryFile("wb", suffix=".txt") as file:
        file.write(text.encode())
        file.flush()
        run = subprocess.run([command, "tokenize", str(model), "--file", file.name, "--json"],
                             capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"{model}: exit code {run.returncode}: {run.stderr.strip()}")
    return json.loads(run.stdout)["ids"]


def check(command, model, items, encode, separator):
    """How many texts were compared, and those that differ. Each call loads the model, so that all
    are sent as one text first, a special token between them; only if that differs, one by one."""
    # What the model puts around every text.
    around = len(retort(command, model, ""))

    def same(text):
        return retort(command, model, text)[around:] == encode(text)

    items = [text for text in items if encode(text) is not None]
    if separator and same(separator.join(items)):
        return len(items), []
    return len(items), [text for text in items if not same(text)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("retort")
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = False
    for model in options.models:
        encode, special = reference(model)
        items = texts(options.count, options.seed, special)
        count, different = check(options.retort, model, items, encode, next(iter(special), None))
        inputs = model.with_name(model.name + ".inp")
        if inputs.exists():
            listed = inputs.read_bytes().decode().split("\n__ggml_vocab_test__\n")[:-1]
            lines = model.with_name(model.name + ".out").read_text().split("\n")[:-1]
            expected = {text: [int(i) for i in line.split()]
                        for text, line in zip(listed, lines, strict=True)}
            more, wrong = check(options.retort, model, listed, expected.get, None)
            count += more
            different += wrong
        for text in different[:5]:
            print(f"  differs: {ascii(text[:70])}")
        print(f"{model}: {count} texts, {len(different)} differences")
        failed |= bool(different)
    sys.exit(failed)


if __name__ == "__main__":
    main()
