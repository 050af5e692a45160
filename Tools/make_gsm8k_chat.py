#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""GSM8K's records ({"question": …, "answer": …} a line) as conversations for `retort sft`.

    python3 Tools/make_gsm8k_chat.py train.jsonl OUTPUT.jsonl [--keep-calculator] [--system TEXT]

The data is public: https://github.com/openai/grade-school-math (MIT). Answers end with "#### NUMBER".
Their notes for a calculator (<<48/2=24>>) are taken out unless --keep-calculator is given.
"""
import argparse
import json
import re
import sys
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--keep-calculator", action="store_true")
    parser.add_argument("--system", help="a system prompt for each conversation")
    arguments = parser.parse_args()
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with arguments.source.open(encoding="utf-8") as source, \
            arguments.output.open("w", encoding="utf-8") as output:
        for number, line in enumerate(source, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                question, answer = record["question"].strip(), record["answer"].strip()
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                sys.exit(f"{arguments.source}:{number}: no question and answer ({error})")
            if not arguments.keep_calculator:
                answer = re.sub(r"<<[^<>]*>>", "", answer)
            messages = [{"role": "user", "content": question},
                        {"role": "assistant", "content": answer}]
            if arguments.system:
                messages.insert(0, {"role": "system", "content": arguments.system})
            output.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
            count += 1
    print(f"{arguments.output}: {count} conversations")


if __name__ == "__main__":
    main()
