#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares `retort train-tokenizer` with the tokenizers library: merges, vocabulary, ids, and time.

    python3 Tools/check_bpe_trainer.py RETORT [FILE...] [--vocab-size 16000] [--rounds 5]

Both train on the same texts: the sources of Python's standard library, and each FILE (text, or
.jsonl whose string fields --json-field names). For each pre-tokenizer, tokenizer.json must be the
library's, member for member, and a text must get the same ids from both. Then both are timed in turn,
one thread each: the library in a process of its own, its start and imports not counted; retort from
start to exit. Exits with 1 if anything differs. Pinned: tokenizers 0.23.3.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time

import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, trainers
from tokenizers import pre_tokenizers as pre

from tokenizer_inputs import INPUTS

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
PRE_TOKENIZERS = ["gpt2", "qwen2", "llama3", "deepseek"]
WORDS = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK = [
    r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
    "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
]


def pre_tokenizer(name, split_digits=False):
    level = pre.ByteLevel(add_prefix_space=False, use_regex=name == "gpt2")
    patterns = {"gpt2": [], "qwen2": [WORDS % r"\p{N}"], "llama3": [WORDS % r"\p{N}{1,3}"],
                "deepseek": DEEPSEEK}[name]
    steps = [pre.Digits(individual_digits=True)] if split_digits else []
    steps += [pre.Split(Regex(p), "isolated") for p in patterns] + [level]
    return level if len(steps) == 1 else pre.Sequence(steps)


def untrained(settings):
    """The library's tokenizer and trainer for settings named as the options of train-tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer(
        settings.get("pre_tokenizer", "gpt2"), settings.get("split_digits", False))
    tokenizer.decoder = decoders.ByteLevel()
    if settings.get("nfc"):
        tokenizer.normalizer = normalizers.NFC()
    alphabet = [] if settings.get("only_seen_bytes") else pre.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=settings["vocab_size"], min_frequency=settings.get("min_frequency", 0),
        special_tokens=settings.get("special", []), initial_alphabet=alphabet,
        max_token_length=settings.get("max_token_length"), show_progress=False)
    return tokenizer, trainer


def records(path, fields):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip():
                record = json.loads(line)
                yield from (record[field] for field in fields)


def lines(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        yield from file


def train(settings, files, fields, folder):
    """The library's turn; prints the seconds that it took."""
    tokenizer, trainer = untrained(settings)
    start = time.perf_counter()
    if any(f.endswith(".jsonl") for f in files):
        texts = (t for f in files
                 for t in (records(f, fields) if f.endswith(".jsonl") else lines(f)))
        tokenizer.train_from_iterator(texts, trainer)
    else:
        tokenizer.train(files, trainer)
    tokenizer.save(f"{folder}/tokenizer.json")
    print(time.perf_counter() - start)


def corpus(files, folder):
    """All text files as one, and the .jsonl files."""
    library = pathlib.Path(sysconfig.get_paths()["stdlib"])
    text = sorted(p for p in library.rglob("*.py") if "site-packages" not in p.parts)
    text += [f for f in files if f.suffix != ".jsonl"]
    joined = folder / "corpus.txt"
    with open(joined, "wb") as out:
        for path in text:
            data = path.read_bytes()
            try:
                data.decode()
            except UnicodeDecodeError:
                continue
            out.write(data if data.endswith(b"\n") else data + b"\n")
    return [str(joined)] + [str(f) for f in files if f.suffix == ".jsonl"]


class Contest:
    def __init__(self, options, files, folder):
        self.options, self.files, self.folder = options, files, folder
        self.ours, self.theirs = folder / "ours", folder / "theirs"
        for path in (self.ours, self.theirs):
            path.mkdir(exist_ok=True)

    def settings(self, name):
        return {"vocab_size": self.options.vocab_size, "pre_tokenizer": name, "nfc": name == "qwen2",
                "special": ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
                "min_frequency": self.options.min_frequency}

    def library(self, settings):
        call = [sys.executable, __file__, "--worker", json.dumps(
            [settings, self.files, self.options.json_field, str(self.theirs)])]
        one = {"RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        run = subprocess.run(call, capture_output=True, text=True, env=os.environ | one, check=True)
        return float(run.stdout)

    def retort(self, settings):
        call = [self.options.retort, "train-tokenizer", *self.files, "-o", str(self.ours), "--force",
                "--pre-tokenizer", settings["pre_tokenizer"], "--vocab-size",
                str(settings["vocab_size"]), "--min-frequency", str(settings["min_frequency"])]
        for token in settings["special"]:
            call += ["--special", token]
        for field in self.options.json_field:
            call += ["--json-field", field]
        start = time.perf_counter()
        subprocess.run(call + (["--nfc"] if settings["nfc"] else []), capture_output=True, check=True)
        return time.perf_counter() - start

    def same(self):
        """Whether both wrote the same tokenizer and read a text alike."""
        ours, theirs = (json.loads((f / "tokenizer.json").read_text("utf-8"))
                        for f in (self.ours, self.theirs))
        if ours != theirs or list(ours["model"]["vocab"]) != list(theirs["model"]["vocab"]):
            pairs = zip(ours["model"]["merges"], theirs["model"]["merges"])
            first = next((i for i, (a, b) in enumerate(pairs) if a != b), "none")
            print(f"  tokenizer.json differs; first merge that does: {first}")
            return False
        with open(self.files[0], encoding="utf-8", newline="\n") as file:
            text = file.read(200_000) + "\n".join(INPUTS)
        sample = self.folder / "sample.txt"
        sample.write_text(text, encoding="utf-8", newline="\n")
        run = subprocess.run(
            [self.options.retort, "tokenize", str(self.ours), "--file", str(sample), "--json"],
            capture_output=True, check=True)
        reference = Tokenizer.from_file(str(self.ours / "tokenizer.json"))
        if json.loads(run.stdout)["ids"] != reference.encode(text).ids:
            print("  the ids of a text differ")
            return False
        return True

    def run(self, name):
        settings = self.settings(name)
        ours, theirs = [], []
        for _ in range(self.options.rounds):
            theirs.append(self.library(settings))
            ours.append(self.retort(settings))
        same = self.same()
        a, b = statistics.median(ours), statistics.median(theirs)
        model = json.loads((self.ours / "tokenizer.json").read_text("utf-8"))["model"]
        print(f"{name}: {len(model['merges'])} merges {'identical' if same else 'DIFFER'}; retort "
              f"{a:.2f} s, tokenizers {b:.2f} s, {b / a:.2f}x", flush=True)
        return same


def main():
    if sys.argv[1:2] == ["--worker"]:
        return train(*json.loads(sys.argv[2]))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("retort")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--vocab-size", type=int, default=16000)
    parser.add_argument("--min-frequency", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pre-tokenizer", action="append", choices=PRE_TOKENIZERS)
    parser.add_argument("--json-field", action="append")
    options = parser.parse_args()
    options.json_field = options.json_field or ["text"]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        files = corpus(options.files, folder)
        size = sum(os.path.getsize(f) for f in files) / 1e6
        print(f"{size:.1f} MB, {options.vocab_size} tokens, {options.rounds} rounds")
        contest = Contest(options, files, folder)
        results = [contest.run(name) for name in options.pre_tokenizer or PRE_TOKENIZERS]
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
