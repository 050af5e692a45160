#!/usr/bin/env python3
"""Makes Tests/RetortDistillationTests/Fixtures/request-keys.json: requests and the SHA-256 under which
they are kept, by Python's json and hashlib. Changing a hash makes every kept answer unknown."""

import hashlib
import json
import pathlib

REQUESTS = [
    {"model": "m", "messages": [{"role": "user", "content": "What is 2 + 2?"}]},
    {
        "model": "deepseek-reasoner",
        "messages": [
            {"role": "system", "content": "Zeile 1\nZeile \"2\" \\ \u00fc \u20ac \U0001d11e \u0001"},
            {"role": "user", "content": ""},
        ],
        "temperature": 0.6,
        "top_p": 0.95,
        "max_tokens": 32768,
        "seed": 7,
        "stop": ["</answer>", "\t"],
        "logprobs": True,
        "top_logprobs": 5,
    },
    # 1.0 is written as 1, and extra fields count.
    {
        "model": "m",
        "messages": [{"role": "user", "content": "x"}],
        "temperature": 1,
        "top_k": 20,
        "chat_template_kwargs": {"thinking": True, "b": [1, 2.5, None]},
    },
]

cases = []
for sample, request in enumerate(REQUESTS):
    document = {"version": 1, "request": request, "sample": sample}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    cases.append({"request": request, "sample": sample, "hash": hashlib.sha256(text.encode()).hexdigest()})
path = pathlib.Path(__file__).parent.parent / "Tests/RetortDistillationTests/Fixtures/request-keys.json"
path.write_text(json.dumps(cases, indent=1) + "\n")
