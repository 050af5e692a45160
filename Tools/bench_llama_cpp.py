#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prefill and decode speed of llama.cpp on a GGUF file, measured as `retort bench` measures.

    python3 Tools/bench_llama_cpp.py MODEL.gguf --prompt-tokens 512 --gen-tokens 128 --threads 2

Prints one JSON object. Needs llama-cpp-python 0.3.36, built natively (Tools/requirements.txt). The same
tokens, an f16 cache, one uncounted run, medians; only the library's own decode calls are timed.
"""
import argparse
import ctypes
import json
import statistics
import time

import llama_cpp


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--prompt-tokens", type=int, default=512)
    parser.add_argument("--gen-tokens", type=int, default=128)
    parser.add_argument("--depth", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()

    silent = llama_cpp.llama_log_callback(lambda level, text, data: None)  # kept alive by the name
    llama_cpp.llama_log_set(silent, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_model_load_from_file(
        options.model.encode(), llama_cpp.llama_model_default_params())
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = max(options.prompt_tokens, options.depth + options.gen_tokens)
    params.n_batch = params.n_ubatch = 512
    params.n_threads = params.n_threads_batch = options.threads
    context = llama_cpp.llama_init_from_model(model, params)
    memory = llama_cpp.llama_get_memory(context)
    vocab = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))

    def decode(tokens):
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        status = llama_cpp.llama_decode(
            context, llama_cpp.llama_batch_get_one(array, len(tokens)))
        assert status == 0, status

    def read(count):
        tokens = [(i * 7919 + 17) % vocab for i in range(count)]
        for start in range(0, count, 512):
            decode(tokens[start:start + 512])
        llama_cpp.llama_synchronize(context)

    prefill, generate = [], []
    for repetition in range(options.repetitions + 1):
        llama_cpp.llama_memory_clear(memory, True)
        start = time.perf_counter()
        read(options.prompt_tokens)
        prefill_time = time.perf_counter() - start
        llama_cpp.llama_memory_clear(memory, True)
        if options.depth:
            read(options.depth)
        start = time.perf_counter()
        for i in range(options.gen_tokens):
            decode([(i * 104729 + 5) % vocab])
        llama_cpp.llama_synchronize(context)
        decode_time = time.perf_counter() - start
        if repetition:
            prefill.append(options.prompt_tokens / prefill_time)
            generate.append(options.gen_tokens / decode_time)
    print(json.dumps({
        "prefill_tokens_per_second": statistics.median(prefill),
        "decode_tokens_per_second": statistics.median(generate),
        "threads": options.threads,
        "version": llama_cpp.__version__,
    }))


if __name__ == "__main__":
    main()
