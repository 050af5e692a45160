#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Near-duplicates found by `retort provenance dedup` and by datasketch in the same texts, and how fast.

    python3 Benchmarks/minhash_against_datasketch.py --command '.build/release/retort provenance dedup {folder} --json'

Needs datasketch 2.0.0 and numpy 2.4.6. Makes a corpus of texts and of copies with words changed at random, so that the
pairs' similarities spread from 0.6 to 1; both look for pairs of Jaccard index 0.8 or more over runs of five words, with
14 bands of 8 rows. Recall is of the planted pairs whose exact index is 0.8 or more. datasketch's time is what the same job
takes with it: words, runs, `MinHash.generator`, insertion, queries, exact comparison of the candidates. Times are processor seconds,
which other processes disturb less; both use one thread.
"""
import argparse
import json
import random
import re
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import datasketch

BANDS, ROWS, LENGTH, SIMILARITY = 14, 8, 5, 0.8
WORD = re.compile(r"\w+")


def shingles(text):
    words = WORD.findall(text.lower())
    return {" ".join(words[start:start + LENGTH]).encode() for start in range(len(words) - LENGTH + 1)}


def jaccard(a, b):
    return len(a & b) / len(a | b)


def corpus(pairs, words, seed):
    """Rows of names and texts, and the planted pairs."""
    source = random.Random(seed)
    vocabulary = ["".join(source.choices("etaoinshrdlu", k=source.randint(2, 9))) for _ in range(50_000)]
    rows, planted = [], []
    for number in range(pairs):
        text = source.choices(vocabulary, k=words)
        copy = list(text)
        for place in source.sample(range(words), source.randint(0, words // 20)):
            copy[place] = source.choice(vocabulary)
        planted.append((2 * number, 2 * number + 1))
        rows += [" ".join(text), " ".join(copy)]
    return rows, planted


def with_datasketch(rows):
    start = time.process_time()
    sets = [shingles(text) for text in rows]
    cut = time.process_time()
    hashes = datasketch.MinHash.generator(sets, num_perm=BANDS * ROWS)
    index = datasketch.MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
    candidates, signatures = set(), 0.0
    for number in range(len(rows)):
        before = time.process_time()
        signature = next(hashes)
        signatures += time.process_time() - before
        candidates.update((other, number) for other in index.query(signature))
        index.insert(number, signature)
    found = {pair for pair in candidates if jaccard(sets[pair[0]], sets[pair[1]]) >= SIMILARITY}
    return found, {"seconds": time.process_time() - start, "cutting": cut - start, "signatures": signatures}


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def with_retort(command, rows):
    with tempfile.TemporaryDirectory() as folder:
        with open(Path(folder) / "corpus.jsonl", "w") as file:
            for text in rows:
                file.write(json.dumps({"text": text}) + "\n")
        start = children_seconds()
        output = subprocess.run([word.format(folder=folder) for word in command.split()], check=True,
                                capture_output=True, text=True).stdout
        seconds = children_seconds() - start
    line = lambda name: int(name.rsplit(":", 1)[1]) - 1
    report = json.loads(output)
    return {(line(pair["first"]), line(pair["second"])) for pair in report["pairs"]}, {"seconds": seconds}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", required=True, help="prints the report as JSON; {folder} is the corpus")
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ratios, recalls = [], []
    for seed in range(options.rounds):
        rows, planted = corpus(options.pairs, options.words, seed)
        true = {(a, b) for a, b in planted if jaccard(shingles(rows[a]), shingles(rows[b])) >= SIMILARITY}
        size = sum(map(len, rows)) / 1e6
        ours, our_time = with_retort(options.command, rows)
        theirs, their_time = with_datasketch(rows)
        recall = [100 * len(found & true) / len(true) for found in (ours, theirs)]
        ratios.append(their_time["seconds"] / our_time["seconds"])
        recalls.append(recall[0] - recall[1])
        print(json.dumps({
            "documents": len(rows), "megabytes": round(size, 1), "true_pairs": len(true),
            "recall": round(recall[0], 2), "recall_datasketch": round(recall[1], 2),
            "retort": our_time, "datasketch": their_time, "ratio": round(ratios[-1], 1),
            "megabytes_per_second": round(size / our_time["seconds"], 1),
            "documents_per_second": round(len(rows) / our_time["seconds"])}), flush=True)
    ratios.sort()
    print(json.dumps({"ratio_median": round(ratios[len(ratios) // 2], 1), "ratio_least": round(ratios[0], 1),
                      "recall_difference_points": round(sum(recalls) / len(recalls), 2)}))
    return 0 if ratios[0] >= 5 and abs(sum(recalls) / len(recalls)) <= 1 else 1


if __name__ == "__main__":
    raise SystemExit(main())
