#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many pairs of sets datasketch's MinHash LSH finds, by similarity, bands and rows.

    python3 Tools/make_minhash_fixtures.py Tests/RetortProvenanceTests/Fixtures/minhash.json

Needs datasketch 2.0.0 and numpy 2.4.6. Writes one JSON object: `pairs` of each of the rows, `rows` with the number of
elements that the two sets share and that each has for itself, bands, rows and the candidates that datasketch finds.
The elements are the numbers of SplitMix64 from seed 7 in turn: of each pair first the shared ones, then the first
set's, then the second's, so that the test makes the same sets.
"""
import json
import struct
import sys
from pathlib import Path

import datasketch
from datasketch import MinHash

MASK = 2**64 - 1
PAIRS = 4000
SHAPES = [(60, 60), (70, 30), (60, 20), (80, 20), (90, 10), (76, 4)]  # shared, of each alone
BANDS = [(14, 8), (20, 5), (9, 13)]


def split_mix(seed):
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def main():
    assert datasketch.__version__ == "2.0.0", datasketch.__version__
    numbers = split_mix(7)
    most = max(bands * rows for bands, rows in BANDS)
    results = []
    for shared, alone in SHAPES:
        counts = dict.fromkeys(BANDS, 0)
        for _ in range(PAIRS):
            both, first, second = ([struct.pack("<Q", next(numbers)) for _ in range(count)]
                                   for count in (shared, alone, alone))
            a, b = MinHash.generator([both + first, both + second], num_perm=most)
            equal = a.hashvalues == b.hashvalues
            for bands, rows in BANDS:
                counts[bands, rows] += bool(equal[:bands * rows].reshape(bands, rows).all(axis=1).any())
        results += [{"shared": shared, "alone": alone, "bands": bands, "rows": rows, "found": count}
                    for (bands, rows), count in counts.items()]
    return {"datasketch": datasketch.__version__, "pairs": PAIRS, "rows": results}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(), indent=1) + "\n")
