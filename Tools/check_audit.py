#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that `retort provenance audit` says of a model what transformers says of it, and that sampling agrees with p_z.

    python3 Tools/check_audit.py --retort .build/release/retort --model RUN/model --texts TEXTS.jsonl
        [--canaries PLAN] [--suspect FILE --held-out FILE] [--mutate]

The model is one that Retort trained, TEXTS are JSON lines with 'text', as those of `Benchmarks/canaries.sh`. Computed again by
transformers, in float64 as far as it goes there:

- p_z, and whether it is greedy, of the windows of 50 + 50 tokens of the first texts, each of them a work, under the audit's
  scheme and three others, some with shorter windows; their (n, p) and coverage, and those of all of the texts as one work;
- near copies where nothing is drawn, at temperature 0;
- ranks, exposures and p-values of a plan's canaries; the p-values of dataset inference, features, halves and all.

Then sampling: of windows of several lengths whose p_z lies between 0.02 and 0.98, `audit --samples N --tolerance 0` counts
copies. p_z must be within each count's interval of Clopper and Pearson, of 99.9 % for all of the windows together (Bonferroni),
and the counts together must not be unlikely (chi-squared, 0.001). Each window is drawn from seeds of its own.

Exits with 1 if anything differs. --mutate then changes the reference (another top-k, a warmer scheme, logits one token off)
and wants each comparison to fail. --more STEPS first trains the model on, with 24 of the texts 5 to 160 times among others, so
that windows of 50 + 50 tokens lie at all thresholds. Needs torch 2.13.0, transformers 5.24.0, tokenizers 0.23.3, scipy 1.17.1,
numpy 2.4.6.
"""
import argparse
import collections
import contextlib
import itertools
import json
import math
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unicodedata

import numpy as np
import torch
from scipy import stats
from tokenizers.decoders import DecodeStream
from transformers import (AutoModelForCausalLM, AutoTokenizer, LogitsProcessorList, TemperatureLogitsWarper,
                          TopKLogitsWarper, TopPLogitsWarper)

Scheme = collections.namedtuple("Scheme", "temperature top_k top_p", defaults=(1.0, 40, None))
Window = collections.namedtuple("Window", "start log greedy cut tie")
# Schemes, and tokens of prefix, of suffix, and from a window to the next.
AUDITS = [(Scheme(), 50, 50, 10), (Scheme(1.0, None, None), 50, 50, 10), (Scheme(0.7, None, 0.9), 50, 5, 5),
          (Scheme(1.3, 8, 0.8), 20, 10, 10)]
SHAPES = [(50, 50), (50, 20), (50, 5), (20, 10), (8, 2)]
# Natural logarithms: what f32 may move the sum of a suffix, and how near a logit may be to the cut or to the largest one.
SLACK, NEAR = 1e-3, 1e-4
REPETITIONS = [5, 10, 20, 40, 80, 160]


def run(*arguments):
    result = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{arguments[0]} {arguments[1]}: {result.stderr.strip()}")
    return result.stdout


class Reference:
    """transformers, or with a mutation something that is not quite it."""

    def __init__(self, path):
        self.model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float64).eval()
        self.model.generation_config.eos_token_id = None  # the audit draws on behind the end of a text
        self.tokenizer = AutoTokenizer.from_pretrained(path)
        self.mutation = None

    def encode(self, text, special=False):
        return self.tokenizer(text, add_special_tokens=special)["input_ids"]

    def logits(self, rows):
        """Of each token but the first, what it is drawn from."""
        with torch.no_grad():
            logits = self.model(torch.tensor(rows)).logits.double()
        return logits[:, 1:] if self.mutation == "shift" else logits[:, :-1]

    def warpers(self, scheme):
        warm, top_k = scheme.temperature, scheme.top_k
        if self.mutation == "temperature":
            warm *= 1.25
        if self.mutation == "top-k" and top_k:
            top_k -= 1
        return LogitsProcessorList(
            ([TemperatureLogitsWarper(warm)] if warm != 1 else []) + ([TopKLogitsWarper(top_k)] if top_k else [])
            + ([TopPLogitsWarper(scheme.top_p)] if scheme.top_p else []))

    def windows(self, ids, scheme, prefix, suffix, stride):
        last = len(ids) - prefix - suffix
        starts = sorted({*range(0, last + 1, stride), last})
        found = []
        for part in (starts[i:i + 64] for i in range(0, len(starts), 64)):
            rows = [ids[start:start + prefix + suffix] for start in part]
            logits = self.logits(rows)[:, prefix - 1:].flatten(0, 1)
            next_ids = torch.tensor(rows)[:, prefix:].flatten()[:, None]
            warped = self.warpers(scheme)(torch.zeros(len(logits), 1, dtype=torch.long), logits.clone())
            own = logits.gather(1, next_ids)[:, 0]
            logs = warped.log_softmax(-1).gather(1, next_ids)[:, 0]
            # How near the token is to where the scheme cuts, and how far ahead of the likeliest other one.
            kept = torch.where(warped > -math.inf, logits, math.inf).min(-1).values
            below = torch.where(warped > -math.inf, -math.inf, logits).max(-1).values
            cut = torch.where(logs > -math.inf, own - below, kept - own)
            ahead = own - logits.scatter(1, next_ids, -math.inf).max(-1).values
            shaped = [x.view(len(part), suffix) for x in (logs, ahead, cut)]
            for start, log, lead, gap in zip(part, *(x.numpy() for x in shaped)):
                out = np.isinf(log)
                found.append(Window(start, float(log.sum()), bool((lead > 0).all()),
                                    float(gap[out].max() if out.any() else gap.min()), float(abs(lead).min())))
        return found

    def characters(self, ids):
        stream = DecodeStream(skip_special_tokens=False)
        return [len(stream.step(self.tokenizer.backend_tokenizer, i) or "") for i in ids]

    def score(self, ids):
        return self.logits([ids])[0].log_softmax(-1).gather(1, torch.tensor(ids[1:])[:, None])[:, 0].numpy()


def covered(windows, lengths, prefix, suffix):
    places = {place for w in windows for place in range(w.start + prefix, w.start + prefix + suffix)}
    return sum(lengths[place] for place in places)


def between(failures, what, found, low, high):
    if not low - 1e-12 <= found <= high + 1e-12:
        failures.append(f"{what}: {found}, transformers {low}" + (f" to {high}" if high != low else ""))
    return low == high


def compare_work(report, reference, ids, scheme, prefix, suffix, stride):
    """Failures, the relative differences of p_z, and how many numbers were and were not sharp."""
    failures, differences, sharp = [], [], collections.Counter()
    windows = reference.windows(ids, scheme, prefix, suffix, stride)
    by_start = {w.start: w for w in windows}
    if (report["tokens"], report["windows"]) != (len(ids), len(windows)):
        return [f"{report['name']}: {report['tokens']} tokens, {report['windows']} windows"], [], sharp
    for window in report["likeliest"]:
        expected = by_start[window["start"]]
        log = window["chance"].get("log_probability", -math.inf)
        place = f"{report['name']} at {window['start']}"
        if math.isinf(log) or math.isinf(expected.log):
            sharp[expected.cut > NEAR] += 1
            if log != expected.log and expected.cut > NEAR:
                failures.append(f"{place}: log p_z {log}, transformers {expected.log}")
        elif expected.cut > NEAR:
            sharp[True] += 1
            differences.append(abs(math.expm1(log - expected.log)))
            if abs(log - expected.log) > SLACK:
                failures.append(f"{place}: log p_z {log}, transformers {expected.log}")
        if window["is_greedy"] != expected.greedy and expected.tie > NEAR:
            failures.append(f"{place}: greedy {window['is_greedy']}")
    # None that is not listed is likelier.
    listed = {w["start"] for w in report["likeliest"]}
    least = min((by_start[s].log for s in listed), default=-math.inf)
    failures += [f"{report['name']}: the window at {w.start} is not listed" for w in windows
                 if w.start not in listed and (len(listed) < 20 or w.log > least + SLACK)]
    # Windows that are surely in, and those that may be.
    lengths = reference.characters(ids)
    everything = max(1, covered(windows, lengths, prefix, suffix))

    def sets(test):
        surely = [w for w in windows if test(w.log - SLACK if w.cut > NEAR else -math.inf)]
        return surely, [w for w in windows if test(w.log + SLACK if w.cut > NEAR else 0)]

    def check(what, part, surely, maybe):
        sharp[between(failures, f"{report['name']}, windows {what}", part["windows"], len(surely), len(maybe))] += 1
        if "share" in part:
            between(failures, f"{report['name']}, share {what}", part["share"],
                    *(covered(w, lengths, prefix, suffix) / everything for w in (surely, maybe)))

    for part in report["coverage"]:
        check(f"p_z >= {part['threshold']}", part, *sets(lambda log: math.exp(min(0, log)) >= part["threshold"]))
    for part in report["discoverable"]:
        n, p = part["tries"], part["chance"]
        check(f"({n}, {p})", part, *sets(
            lambda log: -math.expm1(n * math.log1p(-min(math.exp(log), 1 - 1e-16))) >= p))
    sure = [w for w in windows if w.greedy and w.tie > NEAR]
    check("greedy", report["greedy"], sure, [w for w in windows if w.greedy or w.tie <= NEAR])
    return failures, differences, sharp


def edits(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        row, before = [i + 1], row
        for j, y in enumerate(b):
            row.append(min(before[j] + (x != y), before[j + 1] + 1, row[j] + 1))
    return row[-1]


def compare_works(report, reference, works, scheme, *shape):
    failures, differences, sharp = [], [], collections.Counter()
    for work in report["works"]:
        found = compare_work(work, reference, works[work["name"]], scheme, *shape)
        failures, differences, sharp = failures + found[0], differences + found[1], sharp + found[2]
    last = report["works"][-1]
    shares = ", ".join(f"{100 * part['share']:.1f} %" for part in last["coverage"])
    count = sum(work["windows"] for work in report["works"])
    return failures, (
        f"{tuple(scheme)}, {shape[0]} + {shape[1]} tokens: {count} windows of {len(report['works'])} works; "
        f"p_z of {len(differences)} listed ones differs by {max(differences, default=0):.1e} at most; "
        f"{sharp[True]} of {sharp.total()} counts sharp; {last['name']}, {last['windows']} windows, is covered {shares}, "
        f"greedily {100 * last['greedy']['share']:.1f} %")


def greedy_copies(report, reference, works):
    """Where nothing is drawn, either each sample is a near copy or none."""
    failures, copies, close = [], 0, 0
    windows = report["near_verbatim"]
    tokens = torch.tensor([works[window["work"]][window["start"]:][:100] for window in windows])
    written = reference.model.generate(
        tokens[:, :50], do_sample=False, max_new_tokens=50, pad_token_id=0, return_dict_in_generate=True, output_logits=True)
    top = torch.stack(written.logits, 1).topk(2).values
    margins = (top[..., 0] - top[..., 1]).min(1).values.tolist()
    for window, ids, answer, margin in zip(windows, tokens.tolist(), written.sequences.tolist(), margins):
        is_near = edits(answer[50:], ids[50:]) <= window["result"]["most_changes"]
        hits = window["result"]["interval"]["hits"]
        copies += is_near
        # The cache of samples has 16 bits: a choice may turn where two tokens are nearly as likely.
        close += margin < 0.01
        if hits != 2 * is_near and margin >= 0.01:
            failures.append(f"{window['work']} at {window['start']}: {hits} of 2 near copies")
    return failures, (f"near copies at temperature 0: {len(windows)} windows, {copies} within half "
                      f"of the tokens, {close} too close to call")


def canaries(report, plan, reference):
    def score(text):
        return float(reference.score(reference.encode(text, special=True)).sum())

    failures, references = [], np.array([score(text) for text in plan["references"]])
    scores, equal, count = collections.defaultdict(list), 0, 0
    for canary in plan["canaries"]:
        scores[canary["repetitions"]].append(score(canary["text"]))
    for point in report["curve"]:
        own = scores[point["repetitions"]]
        ranks = [c["rank"] for c in point["canaries"]]
        what = f"planted {point['repetitions']} times"
        for log, rank in zip(own, ranks, strict=True):
            between(failures, f"{what}, rank", rank, 1 + (references >= log + SLACK).sum(), 1 + (references >= log - SLACK).sum())
            equal += rank == 1 + (references >= log).sum()
            count += 1
        exposures = [math.log2((len(references) + 1) / rank) for rank in ranks]
        between(failures, f"{what}, exposure", point["mean_exposure"], *[np.mean(exposures)] * 2)
        if all(rank == 1 + (references >= log).sum() for log, rank in zip(own, ranks)):
            p = stats.mannwhitneyu(own, references, alternative="greater", method="exact").pvalue
            if not math.isclose(p, point["p_value"], rel_tol=1e-6):
                failures.append(f"{what}, p-value: {point['p_value']}, scipy {p}")
    return failures, f"canaries: {equal} of {count} ranks among {len(references)} equal"


class SplitMix:
    """The generator and the shuffle by which the audit halves sets: Swift's, of SplitMix64."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        while True:
            self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
            z = self.state
            z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
            z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
            product = (z ^ z >> 31) * bound
            if product % 2**64 >= 2**64 % bound:
                return product >> 64

    def shuffled(self, count):
        order = list(range(count))
        for i in range(count - 1):
            j = i + self.below(count - i)
            order[i], order[j] = order[j], order[i]
        return order


def packed_bits(data):
    """PackedSize: a greedy LZ77 parse, its parts in an ideal code."""
    last, symbols, distances, extra, place = {}, collections.Counter(), collections.Counter(), 0, 0

    def slot(at):
        return int.from_bytes(data[at:at + 3], "little") * 2654435761 % 2**32 >> 18

    while place < len(data):
        length = distance = 0
        if place + 3 <= len(data):
            earlier, last[slot(place)] = last.get(slot(place)), place
            if earlier is not None and place - earlier < 32768:
                distance = place - earlier
                while length < min(258, len(data) - place) and data[earlier + length] == data[place + length]:
                    length += 1
        if length < 3:
            symbols[data[place]] += 1
            place += 1
            continue
        symbols["length", length.bit_length()] += 1
        distances[distance.bit_length()] += 1
        extra += length.bit_length() + distance.bit_length() - 2
        for inner in range(place + 1, min(place + length, len(data) - 2)):
            last[slot(inner)] = inner
        place += length
    return extra - sum(n * math.log2(n / sum(c.values())) for c in (symbols, distances) for n in c.values())


def text_features(reference, path):
    """Of each text what a model says of it, and what can be said without one."""
    most, features, traits = reference.model.config.max_position_embeddings, [], []
    for line in open(path, encoding="utf-8"):
        text = json.loads(line)["text"]
        ids = reference.encode(text, special=True)[:most]
        if len(ids) < 2:
            continue
        all_logs = reference.logits([ids])[0].log_softmax(-1)
        logs = all_logs.gather(1, torch.tensor(ids[1:])[:, None])[:, 0].numpy()
        mean = (all_logs.exp() * all_logs).sum(-1).numpy()
        deviation = np.sqrt(np.maximum(0, (all_logs.exp() * all_logs**2).sum(-1).numpy() - mean**2))
        surprise = np.where(deviation > 1e-9, (logs - mean) / np.maximum(deviation, 1e-9), 0)
        small = float(reference.score(reference.encode(text.lower(), special=True)[:most]).mean())
        data, own = text.encode(), float(logs.mean())
        packed = packed_bits(data)
        least = [np.sort(values)[:max(1, int(share * len(values)))].mean()
                 for values in (logs, surprise) for share in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)]
        features.append([own, math.exp(min(-own, 50)), own - small, own / small, own * len(logs) / packed] + least)
        words = len(re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text)))
        traits.append([math.log(len(data) + 1), words / len(data), packed / len(data)]
                      + [sum(low <= b <= high for b in data) / len(data) for low, high in (b"AZ", b"09")])
    return np.array(features), np.array(traits)


def halves_test(first, second, settings):
    draws, values = SplitMix(settings["seed"]), []
    for _ in range(settings["splits"]):
        a, b = first[draws.shuffled(len(first))], second[draws.shuffled(len(second))]
        learn = np.concatenate([a[:len(a) // 2], b[:len(b) // 2]])
        labels = np.repeat([1.0, 0.0], [len(a) // 2, len(b) // 2])
        low, high = np.quantile(learn, [settings["clipped"], 1 - settings["clipped"]], axis=0)
        center, scale = learn.clip(low, high).mean(0), learn.clip(low, high).std(0, ddof=1)
        scale[scale == 0] = math.inf
        x = (learn.clip(low, high) - center) / scale
        weights = np.linalg.solve(
            x.T @ x + settings["penalty"] * len(x) * np.eye(x.shape[1]), x.T @ (labels - labels.mean()))
        told = [((half.clip(low, high) - center) / scale) @ weights for half in (a[len(a) // 2:], b[len(b) // 2:])]
        values.append(stats.ttest_ind(*told, equal_var=False, alternative="greater").pvalue)
    rank = settings["splits"] // 2 + 1
    return min(1, sorted(values)[rank - 1] * settings["splits"] / rank)


def inference(report, suspect, held_out, reference):
    failures, settings = [], report["settings"]
    (known, plain), (unknown, plain_unknown) = text_features(reference, suspect), text_features(reference, held_out)
    halves = SplitMix(settings["seed"]).shuffled(len(unknown))
    half = len(halves) // 2
    expected = {"p_value": halves_test(known, unknown, settings),
                "control_p_value": halves_test(unknown[halves[:half]], unknown[halves[half:]], settings),
                "blind_p_value": halves_test(plain, plain_unknown, settings)}
    for name, p in expected.items():
        if not math.isclose(report[name], p, rel_tol=0.01):
            failures.append(f"dataset inference, {name}: {report[name]}, reference {p}")
    return failures, f"dataset inference, {len(known)} and {len(unknown)} texts: " + ", ".join(
        f"{name} {report[name]:.6g} ({p:.6g})" for name, p in expected.items())


def intermediate(reference, works, shape, count, draws):
    """Windows by p_z between 0.02 and 0.98, spread evenly, that a file of their own has as its only one."""
    bins = collections.defaultdict(list)
    for ids in works:
        for window in reference.windows(ids, Scheme(), *shape, 7) if len(ids) >= sum(shape) else []:
            own = ids[window.start:window.start + sum(shape)]
            p = math.exp(window.log)
            if 0.02 <= p <= 0.98 and reference.encode(reference.tokenizer.decode(own)) == own:
                bins[int(p * 5)].append(own)
    for entries in bins.values():
        draws.shuffle(entries)
    rounds = itertools.chain.from_iterable(itertools.zip_longest(*bins.values()))
    return [ids for ids in rounds if ids][:count]


def sampling(counted, reference):
    """Each window with how often it was written."""
    failures, square, chances = [], 0.0, []
    for ids, prefix, hits, count in counted:
        p = math.exp(reference.windows(ids, Scheme(), prefix, len(ids) - prefix, 1)[0].log)
        interval = stats.binomtest(hits, count).proportion_ci(1 - 0.001 / len(counted), "exact")
        if not interval.low <= p <= interval.high:
            failures.append(f"a window of {prefix} + {len(ids) - prefix}: {hits} of {count} copies, p_z {p:.4f}")
        square += (hits - count * p) ** 2 / max(1e-9, count * p * (1 - p))
        chances.append(p)
    outside, together = len(failures), stats.chi2.sf(square, len(counted))
    if together < 0.001:
        failures.append(f"all windows: chi-squared {square:.1f}, p {together:.2g}")
    shapes = collections.Counter((prefix, len(ids) - prefix) for ids, prefix, _, _ in counted)
    return failures, (
        f"sampling: {len(counted)} windows ({', '.join(f'{n} of {a} + {b}' for (a, b), n in shapes.items())}), p_z from "
        f"{min(chances):.3f} to {max(chances):.3f}, {counted[0][3]} samples each: {outside} outside their intervals, "
        f"chi-squared {square:.1f}, p {together:.3f}")


def train_on(options, folder):
    """The model after more steps, in which 24 of the texts come 5 to 160 times."""
    texts = [json.loads(line)["text"] for line in open(options.texts, encoding="utf-8")]
    texts = [text for text in texts if len(text) > 450]
    lines = [t for i, text in enumerate(texts[:24]) for t in [text] * REPETITIONS[i % len(REPETITIONS)]] + texts[24:3600]
    random.Random(0).shuffle(lines)
    (folder / "more.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in lines))
    (folder / "more.yaml").write_text(f"""
kind: pretrain
output: {folder}/more
model: {{from: {options.model}}}
data: {{train: {folder}/more.jsonl, length: 256}}
training: {{batch: 8, steps: {options.more}, compute: f32}}
optimizer: {{name: muon, learning_rate: 1.0e-3}}
schedule: {{kind: cosine, warmup_steps: 20}}
""")
    run(options.retort, "train", folder / "more.yaml")
    return folder / "more/model"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--retort", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--texts", required=True)
    parser.add_argument("--count", type=int, default=48, help="texts, those of 100 tokens and more")
    parser.add_argument("--canaries")
    parser.add_argument("--suspect")
    parser.add_argument("--held-out")
    parser.add_argument("--windows", type=int, default=40, help="windows that are sampled")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--more", type=int, default=0, metavar="STEPS")
    parser.add_argument("--mutate", action="store_true")
    parser.add_argument("--work", help="keep works and models here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(options.work or stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        model = train_on(options, folder) if options.more else options.model
        sys.exit(Check(options, model, folder).run())


class Check:
    def __init__(self, options, model, folder):
        self.options, self.model, self.folder, self.failed = options, model, folder, False
        self.reference, self.draws = Reference(model), random.Random(1)

    def audit(self, *arguments):
        return json.loads(run(self.options.retort, "provenance", "audit", self.model, "--json", *arguments))

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")
        return "--work", self.folder / name

    def see(self, mutations, compare):
        """Compares, and then each mutation, which must be seen."""
        failures, summary = compare()
        self.failed |= bool(failures)
        print(f"{'FAIL' if failures else 'ok  '} {summary}", *failures[:10], sep="\n     ", flush=True)
        for mutation in mutations if self.options.mutate else []:
            self.reference.mutation = mutation
            failures, _ = compare()
            self.reference.mutation = None
            self.failed |= not failures
            print(f"{'ok  ' if failures else 'FAIL'}   {mutation} changed: {len(failures)} differences seen", flush=True)

    def run(self):
        reference, options = self.reference, self.options
        # After --more, those that came 5 to 160 times are the first.
        texts = (json.loads(line)["text"] for line in open(options.texts, encoding="utf-8"))
        texts = (text for text in texts if len(text) > 450 and len(reference.encode(text)) >= 100)
        texts = list(itertools.islice(texts, options.count))
        files = {f"{index}.txt": text for index, text in enumerate(texts)} | {"all.txt": "\n\n".join(texts)}
        arguments = [self.write(name, text) for name, text in files.items()]
        works = {name: reference.encode(text) for name, text in files.items()}
        for scheme, prefix, suffix, stride in AUDITS:
            own = arguments if scheme == Scheme() else arguments[:12]
            report = self.audit("--temperature", scheme.temperature, "--top-k", scheme.top_k or 0,
                                *(["--top-p", scheme.top_p] if scheme.top_p else []), "--prefix", prefix, "--suffix", suffix,
                                "--stride", stride, *itertools.chain(*own))
            self.see(["shift", "temperature"] + ["top-k"] * bool(scheme.top_k),
                     lambda: compare_works(report, reference, works, scheme, prefix, suffix, stride))
        report = self.audit("--temperature", 0, "--samples", 2, "--tolerance", 0.5, *itertools.chain(*arguments[:24]))
        self.see([], lambda: greedy_copies(report, reference, works))
        if options.canaries:
            plan = json.loads(pathlib.Path(options.canaries).read_text())
            exposed = self.audit("--canaries", options.canaries)["canaries"]
            self.see(["shift"], lambda: canaries(exposed, plan, reference))
        if options.suspect:
            told = self.audit("--suspect", options.suspect, "--held-out", options.held_out)["dataset_inference"]
            self.see(["shift"], lambda: inference(told, options.suspect, options.held_out, reference))
        self.sample([works[name] for name in files if name != "all.txt"])
        return int(self.failed)

    def sample(self, works):
        options, counted = self.options, []
        for shape in SHAPES:
            for ids in intermediate(self.reference, works, shape, options.windows // len(SHAPES), self.draws):
                # Seeds follow each other: those of one window end before the next one's.
                report = self.audit(
                    *self.write("window.txt", self.reference.tokenizer.decode(ids)), "--prefix", shape[0], "--suffix", shape[1],
                    "--samples", options.samples, "--tolerance", 0, "--seed", 1 + len(counted) * options.samples)
                assert [work["tokens"] for work in report["works"]] == [len(ids)]
                interval = report["near_verbatim"][0]["result"]["interval"]
                counted.append((ids, shape[0], interval["hits"], interval["count"]))
        if not counted:
            sys.exit("no window has a p_z between 0.02 and 0.98; use a model that memorised something, or --more STEPS")
        self.see(["shift", "temperature"], lambda: sampling(counted, self.reference))


if __name__ == "__main__":
    main()
