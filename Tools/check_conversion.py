# SPDX-License-Identifier: Apache-2.0
"""Checks that what `retort convert` wrote is what the reference libraries expect.

    python Tools/check_conversion.py CONVERTED [--reference DIRECTORY] [--limit ERROR]

CONVERTED is a Hugging Face directory or a GGUF file; the reference is the Hugging Face directory that
it was made from. A directory is loaded by transformers, a GGUF file by gguf-py and llama.cpp; logits
of fixed tokens must be finite and near the reference's, computed by transformers in float32. What
came through a smaller type needs a wider --limit. llama.cpp has its own beta_fast and beta_slow for
YaRN, so a model with others differs there.

Versions: torch 2.13.0, transformers 5.24.0, gguf 0.19.0, llama-cpp-python 0.3.36, numpy 2.4.6
"""

import argparse
import sys
from pathlib import Path

import numpy as np

# ‖a − b‖ / ‖b‖ of the logits, by the type of most weights.
# Random weights magnify the error of few bits; trained ones do less.
LIMITS = {"F32": 1e-3, "BF16": 2e-2, "F16": 1e-2, "Q8_0": 5e-2, "Q6_K": 0.1, "Q5_K": 0.2, "Q4_K": 0.4, "Q4_0": 0.4}
REQUIRED = [
    "block_count", "context_length", "embedding_length", "feed_forward_length", "attention.head_count",
    "attention.head_count_kv", "attention.layer_norm_rms_epsilon", "rope.dimension_count", "vocab_size",
]
FAILED = []


def report(what: str, passed: bool, detail: str = "") -> None:
    print(f"{'ok  ' if passed else 'FAIL'} {what} {detail}")
    if not passed:
        FAILED.append(what)


def tokens_for(vocab_size: int) -> list[int]:
    return [int(x) for x in np.random.default_rng(0).integers(0, vocab_size, 24)]


def transformers_logits(directory: Path) -> tuple[list[int], np.ndarray, str]:
    import torch
    from transformers import AutoModelForCausalLM

    model, info = AutoModelForCausalLM.from_pretrained(
        directory, dtype=torch.float32, output_loading_info=True
    )
    report(
        f"{directory}: transformers finds every tensor and no other",
        not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"],
        str({k: v for k, v in info.items() if v}),
    )
    tokens = tokens_for(model.config.vocab_size)
    with torch.no_grad():
        logits = model.eval()(torch.tensor([tokens])).logits[0].float().numpy()
    from safetensors import safe_open

    shard = sorted(directory.glob("*.safetensors"))[0]
    with safe_open(shard, "pt") as file:
        name = next(k for k in file.keys() if len(file.get_slice(k).get_shape()) == 2)
        dtype = file.get_slice(name).get_dtype()
    return tokens, logits, dtype


def compare(what: str, actual: np.ndarray, expected: np.ndarray | None, dtype: str) -> None:
    report(f"{what}: logits are finite", bool(np.isfinite(actual).all()))
    if expected is None:
        return
    if actual.shape != expected.shape:
        report(f"{what}: shape of the logits", False, f"{actual.shape} {expected.shape}")
        return
    error = float(np.linalg.norm(actual - expected) / np.linalg.norm(expected))
    limit = LIMITS["given"] if "given" in LIMITS else LIMITS[dtype]
    report(f"{what}: logits ({dtype})", error < limit, f"relative error {error:.2e}")


def check_gguf(path: Path, reference: Path | None) -> None:
    import gguf

    reader = gguf.GGUFReader(path)
    arch = str(reader.fields["general.architecture"].contents())
    for key in REQUIRED:
        report(f"{path}: has {arch}.{key}", f"{arch}.{key}" in reader.fields)
    counts: dict[str, int] = {}
    for tensor in reader.tensors:
        counts[tensor.tensor_type.name] = counts.get(tensor.tensor_type.name, 0) + int(tensor.n_elements)
        if len(tensor.shape) == 1:
            report(f"{path}: {tensor.name} is F32", tensor.tensor_type.name == "F32")
    dtype = max(counts, key=lambda name: counts[name])
    expected = None
    vocab = int(reader.fields[f"{arch}.vocab_size"].contents())
    tokens = tokens_for(vocab)
    if reference is not None:
        tokens, expected, _ = transformers_logits(reference)
    if "tokenizer.ggml.model" not in reader.fields:
        report(f"{path}: has a tokenizer, without which llama.cpp cannot load it", False)
        return
    compare(f"{path}: llama.cpp", llama_logits(path, tokens, vocab), expected, dtype)


def llama_logits(path: Path, tokens: list[int], vocab: int) -> np.ndarray:
    import ctypes

    import llama_cpp

    log = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(log, ctypes.c_void_p(0))
    parameters = llama_cpp.llama_model_default_params()
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), parameters)
    if not model:
        raise SystemExit(f"FAIL {path}: llama.cpp does not load it")
    options = llama_cpp.llama_context_default_params()
    options.n_ctx = max(64, len(tokens))
    options.n_batch = options.n_ubatch = options.n_ctx
    options.n_threads = options.n_threads_batch = 2
    options.type_k = options.type_v = llama_cpp.GGML_TYPE_F32
    options.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
    context = llama_cpp.llama_init_from_model(model, options)
    batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
    batch.n_tokens = len(tokens)
    for i, token in enumerate(tokens):
        batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, i, 1, 1
        batch.seq_id[i][0] = 0
    if llama_cpp.llama_decode(context, batch) != 0:
        raise SystemExit(f"FAIL {path}: llama.cpp does not run it")
    rows = [
        np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, i), (vocab,)).copy()
        for i in range(len(tokens))
    ]
    llama_cpp.llama_batch_free(batch)
    llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(model)
    return np.stack(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("converted", type=Path)
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--limit", type=float, help="largest relative error of the logits")
    arguments = parser.parse_args()
    if arguments.limit is not None:
        LIMITS["given"] = arguments.limit
    if arguments.converted.is_dir():
        _, logits, dtype = transformers_logits(arguments.converted)
        expected = transformers_logits(arguments.reference)[1] if arguments.reference else None
        compare(f"{arguments.converted}: transformers", logits, expected, dtype)
    else:
        check_gguf(arguments.converted, arguments.reference)
    sys.exit(1 if FAILED else 0)


if __name__ == "__main__":
    main()
