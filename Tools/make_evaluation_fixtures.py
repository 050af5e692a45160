#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reference values for RetortEvaluation's tests, computed by other means: numpy, scipy, jsonschema,
Python's integers and fractions.

    python3 Tools/make_evaluation_fixtures.py Tests/RetortEvaluationTests/Fixtures
"""
import argparse
import itertools
import json
from fractions import Fraction
from pathlib import Path

import jsonschema
import numpy
from scipy import special, stats

MASK = (1 << 64) - 1


def mix(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def stable_hash(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & MASK
    return mix(value)


def split_mix(seed):
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        yield mix(state)


def resampled_means(values, seed, count=10_000):
    """The resamples of the Swift side: its generator, index = high half of the product."""
    random = split_mix(seed)
    n = len(values)
    indices = [[next(random) * n >> 64 for _ in range(n)] for _ in range(count)]
    return numpy.asarray(values)[numpy.asarray(indices)].mean(axis=1)


def statistics():
    passes = [
        {"samples": n, "correct": c, "k": k,
         "value": float(1 - special.comb(n - c, k, exact=True) / special.comb(n, k, exact=True))}
        for n, c, k in [(1, 0, 1), (1, 1, 1), (4, 2, 1), (4, 2, 2), (4, 2, 3), (16, 1, 8),
                        (64, 3, 16), (64, 60, 32), (200, 7, 100), (1000, 2, 500)]
    ]
    wilson = []
    for successes, trials in [(0, 1), (1, 1), (0, 10), (10, 10), (3, 10), (50, 100), (999, 1000),
                              (1234, 8792)]:
        interval = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
        wilson.append({"successes": successes, "trials": trials,
                       "interval": [float(interval.low), float(interval.high)]})
    generator = numpy.random.default_rng(7)
    bootstraps, differences = [], []
    for n, seed in [(1, 0), (7, 1), (50, 2)]:
        values = (generator.integers(0, 5, n) / 4).tolist()
        means = resampled_means(values, seed)
        bootstraps.append({
            "values": values, "seed": seed,
            "interval": numpy.quantile(means, [0.025, 0.975]).tolist(),
            "scipy": list(map(float, stats.bootstrap(
                (values,), numpy.mean, method="percentile", n_resamples=20_000,
                random_state=3).confidence_interval)) if n > 1 else None,
        })
        others = (generator.integers(1, 5, n) / 4).tolist()
        changes = [b - a for a, b in zip(values, others)]
        means = resampled_means(changes, seed)
        sides = min(int((means <= 0).sum()), int((means >= 0).sum()))
        differences.append({
            "first": values, "second": others, "seed": seed, "mean": float(numpy.mean(changes)),
            "interval": numpy.quantile(means, [0.025, 0.975]).tolist(),
            "p": min(1.0, 2 * max(1, sides) / 10_000),
        })
    return {"pass_at_k": passes, "wilson": wilson, "bootstrap": bootstraps,
            "difference": differences}


def expressions(numbers):
    """The values of all expressions over the numbers in this order; None divides by zero."""
    if len(numbers) == 1:
        yield Fraction(numbers[0])
        return
    for cut in range(1, len(numbers)):
        for a in expressions(numbers[:cut]):
            for b in expressions(numbers[cut:]):
                if a is None or b is None:
                    yield from [None] * 4
                else:
                    yield from (a + b, a - b, a * b, a / b if b else None)


def reachable(numbers, limit):
    """Targets that are reached by positive integers up to the limit all the way."""
    if len(numbers) == 1:
        return {numbers[0]}
    found = set()
    for size in range(1, len(numbers)):
        for places in itertools.combinations(range(len(numbers)), size):
            left = reachable([numbers[i] for i in places], limit)
            right = reachable([n for i, n in enumerate(numbers) if i not in places], limit)
            for a, b in itertools.product(left, right):
                found |= {a + b, a - b, a * b} | ({a // b} if a % b == 0 else set())
    return {value for value in found if 1 <= value <= limit}


def countdown():
    cases = []
    for numbers, target in [([3, 4, 5], 23), ([1, 1, 1], 3), ([2, 2], 1), ([7], 7),
                            ([1, 5, 5, 5], 24), ([3, 3, 8, 8], 24), ([20, 19, 18, 17], 99)]:
        values = [v for order in itertools.permutations(numbers) for v in expressions(list(order))]
        hits, count = sum(v == target for v in values), len(values)
        tries = [1, 2, 10, 100, count]
        cases.append({
            "numbers": numbers, "target": target, "hits": hits, "all": count, "tries": tries,
            "with": [1 - (1 - hits / count) ** t for t in tries],
            "without": [float(1 - stats.hypergeom(count, hits, min(t, count)).pmf(0))
                        for t in tries],
            "reachable": sorted(reachable(numbers, 200)),
        })
    return cases


def hashes():
    texts = ["", "a", "multiplication 417 862", "addition 1 2", "countdown 3 7 12", "é"]
    return [{"text": text, "hash": str(stable_hash(text)), "held_out": stable_hash(text) % 100 < 10}
            for text in texts]


def products():
    generator = numpy.random.default_rng(11)
    numbers = [[int("".join(map(str, generator.integers(1, 10, 18)))) for _ in range(2)]
               for _ in range(5)] + [[10**18 - 1, 10**18 - 1], [10**17, 10**17]]
    return [{"a": str(a), "b": str(b), "product": str(a * b), "sum": str(a + b)}
            for a, b in numbers]


SCHEMAS = [
    (True, [1]), (False, [1]),
    ({"type": "integer"}, [1, 1.0, 1.5, "1", True, None]),
    ({"type": ["string", "null"]}, ["", None, 0]),
    ({"enum": [1, "a", {"b": [1]}]}, [1.0, "a", {"b": [1]}, {"b": [2]}, "A"]),
    ({"const": {"a": 1, "b": 2}}, [{"b": 2, "a": 1.0}, {"a": 1}]),
    ({"minimum": 1, "exclusiveMaximum": 3}, [1, 0.999, 3, 2.999, "x"]),
    ({"maximum": 3, "exclusiveMinimum": 1}, [1, 1.001, 3, 3.001]),
    ({"multipleOf": 3}, [9, 10, 0, -3, 4.5, "x"]),
    ({"minLength": 2, "maxLength": 3}, ["a", "ab", "abcd", "é🙂", 5]),
    ({"pattern": "^a+b"}, ["aab", "aabc", "baab", "", 1]),
    ({"pattern": "b"}, ["abc", "ac"]),
    ({"properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False},
     [{"a": "x"}, {"a": 1}, {}, {"a": "x", "b": 1}, []]),
    ({"patternProperties": {"^n": {"type": "number"}}, "additionalProperties": {"type": "string"}},
     [{"n1": 1, "x": "y"}, {"n1": "1"}, {"x": 1}, {}]),
    ({"propertyNames": {"maxLength": 2}, "minProperties": 1, "maxProperties": 2},
     [{"ab": 1}, {"abc": 1}, {}, {"a": 1, "b": 2, "c": 3}]),
    ({"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"required": ["d"]}}},
     [{"a": 1}, {"a": 1, "b": 2}, {"c": 1}, {"c": 1, "d": 1}, {}]),
    ({"prefixItems": [{"type": "integer"}, {"type": "string"}], "items": {"type": "boolean"}},
     [[1, "a", True], [1, "a", 1], [1], ["a"], []]),
    ({"items": False, "prefixItems": [True]}, [[1], [1, 2], []]),
    ({"contains": {"type": "integer"}, "minContains": 2, "maxContains": 3},
     [[1, 2], [1], [1, 2, 3, 4], ["a", 1, 2]]),
    ({"contains": {"const": 1}, "minContains": 0}, [[], [2]]),
    ({"minItems": 1, "maxItems": 2, "uniqueItems": True}, [[], [1], [1, 1.0], [1, 2, 3], [{}, []]]),
    ({"uniqueItems": True}, [[{"a": 1, "b": 2}, {"b": 2, "a": 1}], [1, True], [[1], [1]]]),
    ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, [1, 3]),
    ({"anyOf": [{"type": "string"}, {"minimum": 5}]}, ["a", 6, 4]),
    ({"oneOf": [{"multipleOf": 2}, {"multipleOf": 3}]}, [2, 3, 6, 7]),
    ({"not": {"type": "string"}}, ["a", 1]),
    ({"if": {"properties": {"k": {"const": 1}}, "required": ["k"]}, "then": {"required": ["x"]},
      "else": {"required": ["y"]}}, [{"k": 1, "x": 0}, {"k": 1}, {"y": 0}, {}]),
    ({"if": True, "then": {"type": "string"}}, ["a", 1]),
    ({"then": False}, [1]),
    ({"$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}},
                         "required": ["v"]}}, "$ref": "#/$defs/node"},
     [{"v": 1}, {"v": 1, "next": {"v": 2}}, {"v": 1, "next": {}}]),
    ({"$defs": {"a/b": {"type": "string"}, "c~d": {"type": "null"}},
      "properties": {"p": {"$ref": "#/$defs/a~1b"}, "q": {"$ref": "#/$defs/c~0d"}}},
     [{"p": "x", "q": None}, {"p": 1}, {"q": 1}]),
    ({"$ref": "#/$defs/x", "minimum": 2, "$defs": {"x": {"maximum": 3}}}, [1, 2, 3, 4]),
    ({"properties": {"a": {}}, "title": "t", "x-note": 1}, [{"a": 1}]),
]


def schemas():
    result = []
    for schema, documents in SCHEMAS:
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        result.append({"schema": schema, "documents": documents,
                       "valid": [validator.is_valid(document) for document in documents]})
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    for name, value in [("statistics", statistics()), ("countdown", countdown()),
                        ("hashes", hashes()), ("products", products()), ("schemas", schemas())]:
        text = json.dumps(value, indent=1, ensure_ascii=False)
        (output / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(f"{output / name}.json: {len(text)} bytes")


if __name__ == "__main__":
    main()
