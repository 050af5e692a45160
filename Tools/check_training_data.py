#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads a dataset directory as another trainer would and checks that its parts agree.

    python3 Tools/check_training_data.py DIRECTORY [--tokenizer MODEL_DIRECTORY]

Checks every shard's SHA-256, types, offsets, mask and ids, and the counts of dataset.json. With a
tokenizer, whose tokenizer.json must be the one that the dataset was made with, the first document of
each split is printed, what is trained of it in brackets.
Needs numpy and safetensors (and tokenizers for the text); checked with numpy 2.4.6 and
safetensors 0.8.0.
"""

import argparse
import hashlib
import json
import pathlib

import numpy as np
from safetensors import safe_open


def load(path):
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()


def check(condition, message):
    if not condition:
        raise SystemExit(message)


def check_shard(path, entry, vocabulary):
    data = path.read_bytes()
    check(len(data) == entry["bytes"], f"{path}: {len(data)} bytes instead of {entry['bytes']}")
    check(hashlib.sha256(data).hexdigest() == entry["sha256"], f"{path}: wrong SHA-256")
    tensors, metadata = load(path)
    check(metadata["format"] == "retort-tokens" and metadata["version"] == "1", f"{path}: format")
    offsets, tokens = tensors["offsets"], tensors["tokens"]
    check(offsets.dtype == np.int64 and offsets.shape == (entry["documents"] + 1,),
          f"{path}: offsets are {offsets.dtype} {offsets.shape}")
    check(tokens.dtype in (np.uint16, np.int32) and tokens.shape == (entry["tokens"],),
          f"{path}: tokens are {tokens.dtype} {tokens.shape}")
    check(offsets[0] == 0 and offsets[-1] == len(tokens) and (np.diff(offsets) >= 0).all(),
          f"{path}: offsets do not rise from 0 to {len(tokens)}")
    check(not len(tokens) or 0 <= tokens.min() and tokens.max() < vocabulary, f"{path}: ids")
    digest = hashlib.sha256(offsets.tobytes() + tokens.tobytes())
    mask = tensors.get("mask")
    if mask is not None:
        check(mask.dtype == np.uint8 and mask.shape == tokens.shape and mask.max(initial=0) <= 1,
              f"{path}: mask is {mask.dtype} {mask.shape}")
        digest.update(mask.tobytes())
    check(digest.hexdigest() == metadata["data_sha256"], f"{path}: wrong data_sha256")
    check(int(metadata["documents"]) == entry["documents"], f"{path}: documents")
    return offsets, tokens, np.ones_like(tokens, np.uint8) if mask is None else mask


def text(tokenizer, tokens, mask):
    parts, inside = [], False
    start = 0
    for i in range(len(tokens) + 1):
        if i == len(tokens) or bool(mask[i]) != inside:
            part = tokenizer.decode(tokens[start:i].tolist(), skip_special_tokens=False)
            parts.append(f"[{part}]" if inside and part else part)
            start, inside = i, not inside
    return "".join(parts)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--tokenizer", type=pathlib.Path)
    arguments = parser.parse_args()
    manifest = json.loads((arguments.directory / "dataset.json").read_text())
    check(manifest["format"] == "retort-dataset" and manifest["version"] == 1, "format")
    tokenizer = None
    if arguments.tokenizer:
        import tokenizers
        path = arguments.tokenizer / "tokenizer.json"
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        check(digest == manifest["tokenizer_sha256"], f"{path} is not the dataset's tokenizer")
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
    for name, split in manifest["splits"].items():
        documents = tokens = trained = 0
        for number, entry in enumerate(split["shards"]):
            offsets, ids, mask = check_shard(
                arguments.directory / entry["file"], entry, manifest["vocab_size"])
            documents += len(offsets) - 1
            tokens += len(ids)
            trained += int(mask.sum())
            if tokenizer and number == 0:
                print(text(tokenizer, ids[:offsets[1]], mask[:offsets[1]]))
        for key, value in (
                ("documents", documents), ("tokens", tokens), ("trained_tokens", trained)):
            check(split[key] == value, f"{name}: {key} is {split[key]}, the shards have {value}")
        print(f"{name}: {documents} documents, {tokens} tokens, {trained} of them trained, "
              f"{split['text_bytes'] / max(tokens, 1):.3f} bytes a token")


if __name__ == "__main__":
    main()
