#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""g-values of DeepMind's synthid-text and p-values of transformers' green-list detector.

    python3 Tools/make_watermark_fixtures.py Tests/RetortGuardTests/Fixtures/watermark.json

Needs torch 2.13.0, transformers 5.24.0, scipy 1.17.1, and synthid-text 0.2.1 installed without its dependencies.
Writes one JSON object: `synthid` has keys and rows of a context of four tokens, a candidate and its g-values, the
first layer's first; `distribution` the probabilities after a tournament of those layers; `green` rows of the green
tokens' share, how many were scored, how many were green, transformers' z and p, and scipy's binomial p.
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch
from scipy.stats import binom
from synthid_text.logits_processing import SynthIDLogitsProcessor, update_scores
from transformers.generation.watermarking import WatermarkDetector

KEYS = [654, 400, 836, 123, 340, 443, 597, 160, 57, 29, 590, 639, 13, 715, 468, 990, 966, 226, 324, 585, 118, 504,
        421, 521, 129, 669, 732, 225, 90, 2**62 + 12345]


def synthid():
    torch.manual_seed(0)
    rows = []
    processor = SynthIDLogitsProcessor(
        ngram_len=5, keys=KEYS, sampling_table_size=2**16, sampling_table_seed=0, context_history_size=1024,
        temperature=1.0, top_k=40, device=torch.device("cpu"))
    ngrams = torch.randint(0, 151_936, (1, 40, 5))
    values = processor.sample_g_values(processor.compute_ngram_keys(ngrams))
    for ngram, bits in zip(ngrams[0].tolist(), values[0].tolist()):
        rows.append({"context": ngram[:4], "token": ngram[4], "g": bits})
    logits = torch.randn(1, 12) * 2
    keys, _ = processor._compute_keys(torch.tensor([[5, 6, 7, 8]]), torch.arange(12)[None])
    updated = update_scores(logits, processor.sample_g_values(keys))
    return {"keys": [str(key) for key in KEYS], "rows": rows}, {
        "context": [5, 6, 7, 8], "logits": logits[0].tolist(), "probabilities": updated.softmax(-1)[0].tolist()}


def green():
    rows = []
    detector = object.__new__(WatermarkDetector)
    for share in [0.25, 0.5]:
        detector.greenlist_ratio = share
        for count in [40, 200, 1000, 100_000]:
            for deviations in [0, 1, 2, 3, 4, 5, 6, 8]:
                hits = round(share * count + deviations * (count * share * (1 - share)) ** 0.5)
                if hits > count:
                    continue
                z = detector._compute_z_score(np.array([hits]), np.array([count]))
                p = detector._compute_pval(z)
                rows.append({"share": share, "count": count, "hits": hits, "z": float(z[0]), "p": float(p[0]),
                             "log_exact": float(binom.logsf(hits - 1, count, share))})
    return rows


if __name__ == "__main__":
    values, distribution = synthid()
    text = json.dumps({"synthid": values, "distribution": distribution, "green": green()})
    Path(sys.argv[1]).write_text(text + "\n")
