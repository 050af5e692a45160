#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes Tests/RetortTensorTests/Fixtures/blocks.json: random blocks of each quantised type and the
numbers that gguf-py reads from them; and numbers with the q8_0 and q4_0 blocks that it makes of them.

    python3 Tools/make_quant_fixtures.py

Versions: gguf 0.19.0, numpy 2.4.6
"""
import json
from pathlib import Path

import gguf
import numpy as np

OUT = Path(__file__).parent.parent / "Tests/RetortTensorTests/Fixtures/blocks.json"
KINDS = gguf.GGMLQuantizationType
# Where the f16 scales of a block are.
SCALES = {"q8_0": [0], "q4_0": [0], "q4_k": [0, 2], "q5_k": [0, 2], "q6_k": [208]}


def main():
    rng = np.random.default_rng(3)
    result = {}
    for name, offsets in SCALES.items():
        kind = KINDS[name.upper()]
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        count = 512 // elements
        raw = rng.integers(0, 256, (count, size), np.uint8)
        for offset in offsets:
            scales = rng.uniform(-0.01, 0.01, count).astype(np.float16)
            raw[:, offset:offset + 2] = scales.view(np.uint8).reshape(count, 2)
        result[name] = {
            "bytes": raw.flatten().tolist(),
            "floats": gguf.dequantize(raw, kind).flatten().astype(float).tolist(),
        }
        if name in ("q8_0", "q4_0"):
            x = rng.standard_normal(512).astype(np.float32)
            result[name]["source"] = x.astype(float).tolist()
            result[name]["quantized"] = gguf.quantize(x, kind).flatten().tolist()
    OUT.write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
