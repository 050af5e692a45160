#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers of a model with random weights, kept to schemas by the server, against jsonschema.

    python Tools/clients/check_constrained.py [--retort PATH] [--count 1000] [--seed 1]

The weights know nothing, so that an answer is of its schema only if decoding keeps it to it. The
vocabulary and the chat template are the bundled model's. Each answer must end by itself and satisfy
its schema. Needs requirements-constrained.txt.
"""

import collections
import concurrent.futures
import contextlib
import json
import pathlib
import shutil
import sys
import tempfile
import urllib.error
import urllib.request

import gguf
import jsonschema
import numpy as np

import support

FIXTURES = support.ROOT / "Tests/RetortGrammarTests/Fixtures/schemas.json"
BUNDLED = support.ROOT / "Sources/RetortEngine/Resources/retort-bundled.gguf"
# Each value begins several others, or any number: at random there need not be an end.
ENDLESS = ["linked list", "tree", "expression", "mutual recursion", "anything", "true schema",
           "any object", "any array", "further members", "further by default", "only further",
           "pattern members", "pattern and further", "required unnamed", "at least one further",
           "beside any of"]
MORE = {
    "words": {"type": "array", "maxItems": 4, "items": {"type": "string", "pattern": "^[a-z]{1,8}$"}},
    "two enums": {"type": "object", "required": ["p", "q"], "additionalProperties": False,
                  "properties": {"p": {"enum": [1, 2]}, "q": {"enum": ["x", None]}}},
}
# Of strings that their schema leaves open; formats need more.
LONGEST, LONGEST_FORMAT = 24, 48
# Quants this small make the distribution wide; with all bits the model says the same for ever.
LARGEST = 20


def bounded(schema):
    """The schema with an end to all strings that have none."""
    if isinstance(schema, list):
        return [bounded(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: value if key in ("enum", "const", "required") else bounded(value)
              for key, value in schema.items()}
    kind = schema.get("type")
    is_string = kind == "string" or isinstance(kind, list) and "string" in kind
    if is_string and not {"maxLength", "enum", "const"} & set(schema):
        result["maxLength"] = LONGEST_FORMAT if "format" in schema else LONGEST
    return result


def randomise(path, seed):
    """Replaces the quants of every matrix by random ones; scales and norms stay."""
    rng = np.random.default_rng(seed)
    count = 0
    for tensor in gguf.GGUFReader(path, "r+").tensors:
        if tensor.tensor_type == gguf.GGMLQuantizationType.Q8_0:
            blocks = tensor.data.reshape(-1, 34)
            blocks[:, 2:] = rng.integers(
                -LARGEST, LARGEST + 1, (len(blocks), 32), np.int8).view(np.uint8)
            count += 1
    if count == 0:
        sys.exit(f"{path}: no q8_0 tensor to randomise; expected the bundled model")


def validator(schema):
    """`items` as a list and `additionalItems` are draft 7's."""
    is_old = isinstance(schema, dict) and isinstance(schema.get("items"), list)
    kind = jsonschema.Draft7Validator if is_old else jsonschema.Draft202012Validator
    kind.check_schema(schema)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)


def ask(base, name, schema, seed, limit):
    """The whole answer of one request."""
    body = {
        "messages": [{"role": "user", "content": f"{name}, {seed}"}], "temperature": 1,
        "top_p": 1, "top_k": 0, "min_p": 0, "seed": seed, "max_tokens": limit,
        "reasoning_effort": "none",
        "response_format": {"type": "json_schema",
                            "json_schema": {"name": "answer", "schema": schema}},
    }
    request = urllib.request.Request(
        base + "/v1/chat/completions", json.dumps(body).encode(),
        {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=600) as response:
            return json.load(response)["choices"][0]
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{error.code}: {error.read().decode()[:400]}") from error


def fault(choice, check):
    """What is wrong with an answer, or None."""
    text = choice["message"]["content"]
    if choice["finish_reason"] != "stop":
        return f"finish_reason {choice['finish_reason']!r}: {text[:200]!r}"
    try:
        found = [error.message for error in check.iter_errors(json.loads(text))]
    except ValueError as error:
        return f"not JSON: {error}: {text[:200]!r}"
    return f"{found[0]}: {text[:200]!r}" if found else None


def main():
    options = support.parser(__doc__)
    options.add_argument("--count", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--limit", type=int, default=960, help="max_tokens of an answer")
    options = options.parse_args()
    schemas = {name: bounded(schema) for name, schema in json.loads(FIXTURES.read_text()).items()
               if name not in ENDLESS} | MORE
    checks = {name: validator(schema) for name, schema in schemas.items()}
    names = list(schemas)
    asked = [(names[i % len(names)], options.seed + i) for i in range(options.count)]
    faults, seen, texts = collections.Counter(), collections.Counter(), set()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        base = options.base
        if not base:
            model = pathlib.Path(folder) / "random.gguf"
            shutil.copy(BUNDLED, model)
            randomise(model, options.seed)
            base = stack.enter_context(support.serving(options.retort, model))
        pool = stack.enter_context(concurrent.futures.ThreadPoolExecutor(16))
        answers = {pool.submit(ask, base, name, schemas[name], seed, options.limit): (name, seed)
                   for name, seed in asked}
        for answer in concurrent.futures.as_completed(answers):
            name, seed = answers[answer]
            seen[name] += 1
            try:
                choice = answer.result()
                wrong = fault(choice, checks[name])
                texts.add(choice["message"]["content"])
            except (RuntimeError, OSError) as error:
                wrong = str(error)
            if wrong:
                faults[name] += 1
                print(f"FAIL  {name}, seed {seed}: {wrong}", flush=True)
            done = sum(seen.values())
            if done % 100 == 0:
                print(f"      {done} answers", flush=True)
    for name in names:
        if seen[name] and not faults[name]:
            print(f"ok    {name}: {seen[name]} answers")
    print(f"constrained: {sum(seen.values())} answers of {len(seen)} schemas, "
          f"{len(texts)} different texts, {sum(faults.values())} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
