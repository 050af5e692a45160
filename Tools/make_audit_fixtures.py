#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Chances of extraction by transformers, statistics by scipy and numpy: what the audit must agree with.

    python3 Tools/make_audit_fixtures.py Tests/RetortProvenanceTests/Fixtures/audit.json

Needs torch 2.13.0, transformers 5.24.0, scipy 1.17.1, numpy 2.4.6. A random Llama of two layers and 48 tokens gives logits;
its head is enlarged so that suffixes are likely enough to be sampled. Writes one JSON object: `window` (`tokens`,
`prefix`, and `logits`, [suffix][vocab], those that each token of the suffix is drawn from), `schemes` with the log-probability of
each token of the suffix after transformers' warpers (null for none), p_z and how often `generate` wrote the suffix; `moments` of
Min-K%++ as its authors' code has them; `clopper`, `welch`, `ranks` (Mann-Whitney, exact) and `ridge` of scipy and numpy.
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch
from scipy import stats
from transformers import (LlamaConfig, LlamaForCausalLM, LogitsProcessorList, TemperatureLogitsWarper,
                          TopKLogitsWarper, TopPLogitsWarper)

VOCAB, PREFIX, SUFFIX, SAMPLES = 48, 6, 4, 40_000
SCHEMES = [(1.0, None, None), (1.0, 5, None), (0.7, None, 0.8), (1.3, 8, 0.9), (1.0, 40, None), (0.5, 3, 0.5)]


def window():
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=VOCAB, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, tie_word_embeddings=False)).eval()
    model.generation_config.eos_token_id = None  # no token ends a text or is held back
    with torch.no_grad():
        model.lm_head.weight *= 70
        prefix = torch.randint(0, VOCAB, (1, PREFIX))
        # Not the greedy suffix: one token of it is the second likeliest.
        tokens = prefix
        for step in range(SUFFIX):
            order = model(tokens).logits[0, -1].argsort(descending=True)
            tokens = torch.cat([tokens, order[1 if step == 2 else 0].view(1, 1)], 1)
        logits = model(tokens).logits[0, PREFIX - 1:-1].float()
        schemes = []
        for temperature, top_k, top_p in SCHEMES:
            warpers = LogitsProcessorList([TemperatureLogitsWarper(temperature)] if temperature != 1 else [])
            warpers += [TopKLogitsWarper(top_k)] if top_k else []
            warpers += [TopPLogitsWarper(top_p)] if top_p else []
            logs = warpers(tokens[:, :PREFIX].expand(SUFFIX, -1), logits.clone()).double().log_softmax(-1)
            each = logs.gather(1, tokens[0, PREFIX:, None])[:, 0].tolist()
            torch.manual_seed(1)
            drawn = model.generate(
                prefix.expand(SAMPLES, -1), do_sample=True, temperature=temperature, top_k=top_k or 0,
                top_p=top_p or 1.0, max_new_tokens=SUFFIX, pad_token_id=0)
            hits = int((drawn[:, PREFIX:] == tokens[:, PREFIX:]).all(1).sum())
            schemes.append({"temperature": temperature, "top_k": top_k, "top_p": top_p,
                            "logprobs": [None if value == float("-inf") else value for value in each],
                            "p_z": float(np.exp(sum(each))), "samples": SAMPLES, "hits": hits})
        logs = logits.double().log_softmax(-1)
        probabilities = logs.exp()
        mean = (probabilities * logs).sum(-1)
        deviation = ((probabilities * logs.square()).sum(-1) - mean.square()).sqrt()
    return ({"tokens": tokens[0].tolist(), "prefix": PREFIX, "logits": logits.tolist()}, schemes,
            {"mean": mean.tolist(), "deviation": deviation.tolist()})


def statistics():
    random = np.random.default_rng(0)
    clopper = []
    for hits, count in [(0, 10), (10, 10), (3, 10), (1, 1000), (500, 1000), (39_990, 40_000)]:
        for confidence in [0.9, 0.95, 0.999]:
            interval = stats.binomtest(hits, count).proportion_ci(confidence, "exact")
            clopper.append({"hits": hits, "count": count, "confidence": confidence,
                            "lower": float(interval.low), "upper": float(interval.high)})
    welch = []
    for shift, size in [(0, 5), (0.5, 20), (1, 100), (3, 100), (-1, 40)]:
        a, b = random.normal(shift, 1, size).round(6), random.normal(0, 2, size + 7).round(6)
        test = stats.ttest_ind(a, b, equal_var=False, alternative="greater")
        welch.append({"a": a.tolist(), "b": b.tolist(), "t": float(test.statistic), "p": float(test.pvalue)})
    ranks = []
    for shift, size, references in [(0, 1, 20), (0, 3, 50), (1, 5, 40), (2, 4, 200), (-1, 6, 30), (0.5, 12, 300)]:
        a, b = random.normal(shift, 1, size).round(9), random.normal(0, 1, references).round(9)
        test = stats.mannwhitneyu(a, b, alternative="greater", method="exact")
        ranks.append({"canaries": a.tolist(), "references": b.tolist(), "p": float(test.pvalue)})
    rows = random.normal(0, 1, (60, 4))
    rows[:, 3] = rows[:, 0] + 0.01 * rows[:, 3]
    rows, labels = rows.round(6), (random.random(60) < 0.5).astype(float)
    low, high = np.quantile(rows, [0.025, 0.975], axis=0)
    clipped = rows.clip(low, high)
    mean, scale = clipped.mean(0), clipped.std(0, ddof=1)
    x = (clipped - mean) / scale
    weights = np.linalg.solve(x.T @ x + 0.01 * 60 * np.eye(4), x.T @ (labels - labels.mean()))
    return {"clopper": clopper, "welch": welch, "ranks": ranks,
            "ridge": {"rows": rows.tolist(), "labels": labels.tolist(), "clipped": 0.025, "penalty": 0.01,
                      "predictions": (x @ weights + labels.mean()).tolist()}}


if __name__ == "__main__":
    torch.set_num_threads(1)
    given, schemes, moments = window()
    Path(sys.argv[1]).write_text(json.dumps({"window": given, "schemes": schemes, "moments": moments} | statistics()) + "\n")
