#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Validates texts that constrained decoding wrote with Python's json and jsonschema.

    swift build --package-path Fuzzing -c release --product GrammarProbe
    python Tools/check_grammar.py Fuzzing/.build/release/GrammarProbe [COUNT [SEED]]

Every text is a random walk over the masks of one of the schemas of RetortGrammarTests.
Pinned: Python 3.11, jsonschema==4.26.0.
"""

import collections
import json
import pathlib
import subprocess
import sys

import jsonschema

SCHEMAS = (pathlib.Path(__file__).parent.parent
           / "Tests/RetortGrammarTests/Fixtures/schemas.json")


def draft(schema):
    """`items` as a list and `additionalItems` are draft 7's."""
    is_old = isinstance(schema, dict) and isinstance(schema.get("items"), list)
    kind = jsonschema.Draft7Validator if is_old else jsonschema.Draft202012Validator
    kind.check_schema(schema)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)


def main():
    probe = sys.argv[1]
    count = sys.argv[2] if len(sys.argv) > 2 else "1000"
    seed = sys.argv[3] if len(sys.argv) > 3 else "1"
    schemas = json.loads(SCHEMAS.read_text())
    validators = {name: draft(schema) for name, schema in schemas.items()}
    output = subprocess.run([probe, "walk", str(SCHEMAS), count, seed], check=True,
                            capture_output=True).stdout
    checked = collections.Counter()
    failures = 0
    for line in output.decode().splitlines():
        item = json.loads(line)
        name, text = item["name"], item["text"]
        try:
            errors = [error.message for error in validators[name].iter_errors(json.loads(text))]
        except ValueError as error:
            errors = [f"not JSON: {error}"]
        if errors:
            failures += 1
            print(f"{name}: {text!r}: {errors[0]}", file=sys.stderr)
        checked[name] += 1
    if sum(checked.values()) != int(count) or set(checked) != set(schemas):
        sys.exit(f"expected {count} texts of {len(schemas)} schemas, got {sum(checked.values())}")
    print(f"{count} texts of {len(schemas)} schemas, {failures} invalid")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
