#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the error of `retort convert --type` with that of llama.cpp's quantisers, tensor by tensor.

    python Tools/check_quantisers.py .build/release/retort [MODEL.gguf]

MODEL has f32 matrices; without one, a small random model is made whose matrices are normal, heavy-tailed,
uniform, off centre and of uneven rows in turn. Prints the root mean square errors and exits with 1 where
Retort's is more than 2 % above llama.cpp's (ggml_quantize_chunk without an importance matrix).

Versions: gguf 0.19.0, numpy 2.4.6, llama-cpp-python 0.3.36
"""
import ctypes
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import llama_cpp
import numpy as np

TYPES = ["q8_0", "q4_0", "q4_k", "q5_k", "q6_k"]
LIMIT = 1.02
KINDS = ["normal", "t(3)", "uniform", "off centre", "uneven"]


def ggml():
    folder = Path(llama_cpp.__file__).parent / "lib"
    library = ctypes.CDLL(str(next(folder.glob("libggml-base.*"))))
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_quantize_chunk.argtypes = [
        ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64,
        ctypes.c_void_p]
    return library


def make_model(path):
    script = Path(__file__).parent / "make_random_model.py"
    subprocess.run(
        [sys.executable, script, "--shape", "qwen2-tiny", "--type", "f32", path], check=True)
    rng = np.random.default_rng(0)
    kinds = {}
    reader = gguf.GGUFReader(path, "r+")
    for index, tensor in enumerate(t for t in reader.tensors if len(t.shape) == 2):
        shape = tensor.data.shape
        kind = index % len(KINDS)
        x = [
            lambda: rng.standard_normal(shape), lambda: rng.standard_t(3, shape),
            lambda: rng.uniform(-1, 1, shape), lambda: 1 + 0.3 * rng.standard_normal(shape),
            lambda: rng.standard_normal(shape) * np.exp(rng.standard_normal(shape[1])),
        ][kind]()
        tensor.data[:] = (0.02 * x).astype(np.float32)
        kinds[tensor.name] = KINDS[kind]
    reader.data.flush()
    return kinds


def error(x, raw, kind):
    return float(np.sqrt(np.mean((gguf.dequantize(raw, kind).reshape(x.shape) - x) ** 2)))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    library = ggml()
    worst = {}
    with tempfile.TemporaryDirectory() as folder:
        model = sys.argv[2] if len(sys.argv) > 2 else f"{folder}/model.gguf"
        kinds = {} if len(sys.argv) > 2 else make_model(model)
        original = {t.name: np.array(t.data) for t in gguf.GGUFReader(model).tensors}
        for name in TYPES:
            path = f"{folder}/{name}.gguf"
            subprocess.run(
                [sys.argv[1], "convert", model, path, "--type", name], check=True, capture_output=True)
            for tensor in gguf.GGUFReader(path).tensors:
                kind = tensor.tensor_type
                if kind.name.lower() not in TYPES:
                    continue
                x = np.ascontiguousarray(original[tensor.name], np.float32)
                theirs = np.zeros(tensor.data.nbytes, np.uint8)
                library.ggml_quantize_chunk(
                    kind.value, x.ctypes.data, theirs.ctypes.data, 0, x.size // x.shape[-1], x.shape[-1],
                    None)
                a, b = error(x, tensor.data, kind), error(x, theirs.reshape(tensor.data.shape), kind)
                key = (kind.name, kinds.get(tensor.name, "matrices"))
                ratio = a / b if b > 0 else 1.0
                if ratio >= worst.get(key, (0, 0, 0))[0]:
                    worst[key] = (ratio, a, b)
            Path(path).unlink()
    print("| type | numbers | Retort | llama.cpp | ratio, worst matrix |")
    print("|---|---|---|---|---|")
    for (kind, numbers), (ratio, a, b) in sorted(worst.items()):
        print(f"| {kind} | {numbers} | {a:.4e} | {b:.4e} | {ratio:.4f} |")
    if not worst or max(ratio for ratio, _, _ in worst.values()) > LIMIT:
        sys.exit("FAIL: an error is more than 2 % above llama.cpp's")


if __name__ == "__main__":
    main()
