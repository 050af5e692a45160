# SPDX-License-Identifier: Apache-2.0
"""Measures the bundled model on held-out problems, phrasings and off-topic prompts.

    python evaluate.py --gguf retort-bundled.gguf --tokenizer DIR [--json report.json]
    python evaluate.py … --golden bundled-golden.json --problems bundled-problems.json
    python evaluate.py … --llama-cpp

Operands come from the tenth of the problems that training never sees. A problem counts when the
answer (after the thought) is exactly the expected sentence's number; a refusal is an answer without "=".
`--golden` and `--problems` write the Swift tests' fixtures instead of measuring.
"""

import argparse
import collections
import json
import pathlib
import random
import re
import time

import torch
from tokenizers import Tokenizer
from transformers import Qwen2ForCausalLM

import data
import export
import phrases as P

SYSTEM = {"role": "system", "content": "You are a helpful assistant."}


def user(text):
    return [{"role": "user", "content": text}]


def problems(seed, count, sizes=None, unseen=False, op=None, grid=False):
    """Held-out problems: (kind, messages, expected). `grid`: 1–3 by 1–3 digits, all sizes alike."""
    rng = random.Random(seed)
    made = []
    while len(made) < count:
        size = (rng.randint(1, 3), rng.randint(1, 3)) if grid else sizes
        if size == (1, 1):
            continue  # the multiplication table is trained whole
        o, operands = data.problem(rng, train=False, sizes=size)
        if op and o != op:
            continue
        kind = "×".join(str(len(str(n))) for n in operands) if o == "*" else f"{len(operands)} addends"
        value = sum(operands) if o == "+" else operands[0] * operands[1]
        made.append((kind, user(data.ask(rng, o, operands, unseen)), value))
    return made


def off_topic(final=False):
    if final:
        texts = {"off-topic": P.FINAL_OFF_TOPIC, "other arithmetic": P.FINAL_OTHER_ARITHMETIC}
        return [(kind, user(t), None) for kind, list_ in texts.items() for t in list_]
    texts = {"off-topic": P.HELD_OUT_OFF_TOPIC, "other arithmetic": P.HELD_OUT_OTHER_ARITHMETIC,
             "greetings": P.HELD_OUT_GREETINGS, "about itself": P.HELD_OUT_IDENTITY}
    return [(kind, user(t), None) for kind, list_ in texts.items() for t in list_]


def too_large(seed, count):
    rng = random.Random(seed)
    made = []
    while len(made) < count:
        op = rng.choice("**+")
        operands = [data.number(rng, rng.randint(1, 9)) for _ in range(2)]
        if not data.in_scope(op, operands):
            made.append(("too large", user(data.ask(rng, op, operands, unseen=True)), None))
    return made


def conversations(seed, count):
    """Held-out problems after some turns, with and without a system prompt."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        messages = [SYSTEM] if rng.random() < 0.5 else []
        turns = rng.randint(1, 5)
        for _ in range(turns):
            text, _, answer = data.turn(rng, 0.25)
            messages += [*user(text), {"role": "assistant", "content": answer}]
        op, operands = data.problem(rng, train=False)
        value = sum(operands) if op == "+" else operands[0] * operands[1]
        made.append((f"after {turns} turns", messages + user(data.ask(rng, op, operands)), value))
    return made


def answer_of(text):
    return text.split(data.THINK_CLOSE)[-1].strip() if data.THINK_CLOSE in text else None


def is_right(text, expected):
    """Whether the answer's number is the expected one; without one, whether the model declines."""
    answer = answer_of(text)
    if answer is None:
        return False
    if expected is None:
        return "=" not in answer
    found = re.search(r"= (\d+)\.$", answer)
    return found is not None and int(found[1]) == expected


def is_spelled(messages):
    """Whether the request writes a number as a word ("x" may touch it, as in "3 xfour")."""
    text = re.sub(r"next one|one more|here's one", "", messages[-1]["content"], flags=re.I)
    return re.search(rf"(?<![a-z])x?({'|'.join(P.NUMBER_WORDS)})(?![a-z])", text, re.I) is not None


class Runner:
    """Batched generation with left padding; prompts of like length go together."""

    def __init__(self, model, tokenizer, batch=64):
        self.model, self.tokenizer, self.batch = model, tokenizer, batch
        self.end, self.pad = tokenizer.token_to_id("<|im_end|>"), tokenizer.token_to_id("<|endoftext|>")

    @torch.no_grad()
    def __call__(self, prompts, temperature=0.0, top_p=1.0, limit=320, seed=0):
        torch.manual_seed(seed)
        rows = [self.tokenizer.encode(p).ids for p in prompts]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        out = [None] * len(rows)
        sampling = {"do_sample": True, "temperature": temperature, "top_p": top_p, "top_k": 0} if temperature else {
            "do_sample": False}
        for start in range(0, len(order), self.batch):
            part = order[start:start + self.batch]
            width = max(len(rows[i]) for i in part)
            ids = torch.tensor([[self.pad] * (width - len(rows[i])) + rows[i] for i in part])
            mask = torch.tensor([[0] * (width - len(rows[i])) + [1] * len(rows[i]) for i in part])
            made = self.model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=limit, eos_token_id=self.end,
                                       pad_token_id=self.pad, **sampling)[:, width:].tolist()
            for i, row in zip(part, made):
                out[i] = row[:row.index(self.end) + 1] if self.end in row else row
        return out

    def text(self, ids):
        return self.tokenizer.decode([i for i in ids if i != self.end], skip_special_tokens=False)


def measure(runner, name, items, failures, **sampling):
    """Prints and returns the share that is right, whole and by kind."""
    began = time.time()
    outputs = runner([data.render(m) for _, m, _ in items], **sampling)
    by_kind, spelled = collections.defaultdict(lambda: [0, 0]), [0, 0]
    declined, tokens = 0, 0
    for (kind, messages, expected), ids in zip(items, outputs):
        text = runner.text(ids)
        right = is_right(text, expected)
        by_kind[kind][0] += right
        by_kind[kind][1] += 1
        if expected is not None and is_spelled(messages):
            spelled[0] += right
            spelled[1] += 1
        tokens += len(ids)
        declined += expected is not None and "=" not in (answer_of(text) or "=")
        if not right:
            failures.append({"set": name, "kind": kind, "prompt": messages[-1]["content"], "expected": expected, "text": text})
    right, count = (sum(v[i] for v in by_kind.values()) for i in (0, 1))
    detail = ", ".join(f"{k} {a}/{b}" for k, (a, b) in sorted(by_kind.items()))
    print(f"{name}: {right}/{count} = {100 * right / count:.1f} % ({declined} wrongly declined; "
          f"of those with a number word {spelled[0]}/{spelled[1]}; {tokens / count:.0f} tokens on average; "
          f"{time.time() - began:.0f} s)\n    {detail}", flush=True)
    return {"right": right, "count": count, "declined": declined, "spelled": spelled, "kinds": {k: list(v) for k, v in by_kind.items()}}


@torch.no_grad()
def margin(runner, prompt_ids, output_ids):
    """The smallest lead, in logits, of a chosen token over the second best."""
    logits = runner.model(torch.tensor([prompt_ids + output_ids])).logits[0, len(prompt_ids) - 1:-1]
    best = logits.topk(2, dim=-1).values
    return (best[:, 0] - best[:, 1]).min().item()


def golden(runner, path, least=0.5):
    """Prompts with their greedy outputs, one at a time and so without padding.

    Outputs with a near tie are left out: there another order of summation may choose otherwise.
    """
    items = problems(71, 26, grid=True) + problems(72, 8, op="+") + problems(73, 4, unseen=True) + conversations(74, 6)
    items += [off_topic()[i] for i in (0, 12, 20, 31, 48, 70, 78)] + too_large(75, 2) + off_topic()[-2:]
    entries, near_ties = [], 0
    for i, (_, messages, _) in enumerate(items):
        if i % 5 == 0 and messages[0]["role"] != "system":
            messages = [SYSTEM] + messages
        prompt = data.render(messages)
        ids = runner([prompt])[0]
        prompt_ids = runner.tokenizer.encode(prompt).ids
        if margin(runner, prompt_ids, ids) < least:
            near_ties += 1
            continue
        entries.append({"prompt_messages": messages, "prompt_ids": prompt_ids, "output_ids": ids,
                        "text": runner.text(ids)})
    path.write_text(json.dumps(entries, ensure_ascii=False, indent=None).replace('}, {"prompt_messages"',
                    '},\n{"prompt_messages"') + "\n")
    print(f"{len(entries)} golden outputs, {near_ties} near ties left out; the longest has "
          f"{max(len(e['output_ids']) for e in entries)} tokens")


def fixture_problems(path):
    items = problems(81, 150, grid=True) + problems(82, 50, op="+")
    declined = [m[-1]["content"] for _, m, _ in random.Random(83).sample(off_topic(), 40)]
    value = {"problems": [{"prompt": m[-1]["content"], "expected": e} for _, m, e in items], "off_topic": declined}
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
    print(f"{len(items)} problems, {len(declined)} off-topic prompts")


def compare_llama_cpp(runner, path, count=20):
    """The same greedy text from llama.cpp, which tokenises, templates and multiplies by itself."""
    import llama_cpp
    llama = llama_cpp.Llama(model_path=str(path), n_ctx=1024, n_threads=1, verbose=False)
    items = problems(91, count - 4, grid=True) + off_topic()[:4]
    same = 0
    for _, messages, _ in items:
        prompt = data.render(messages)
        expected = runner([prompt])[0]
        ids = llama.tokenize(prompt.encode(), add_bos=False, special=True)
        assert ids == runner.tokenizer.encode(prompt).ids, prompt
        made = []
        for token in llama.generate(ids, temp=0.0, repeat_penalty=1.0):
            made.append(token)
            if token == runner.end or len(made) >= 320:
                break
        same += made == expected
    print(f"llama.cpp {llama_cpp.__version__}: {same}/{len(items)} greedy outputs identical")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--gguf", type=pathlib.Path)
    source.add_argument("--hf", type=pathlib.Path)
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True)
    parser.add_argument("--quick", action="store_true", help="a tenth of the problems, greedy only")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--failures", type=int, default=8, help="how many to print")
    parser.add_argument("--golden", type=pathlib.Path)
    parser.add_argument("--problems", type=pathlib.Path)
    parser.add_argument("--llama-cpp", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model = export.load(args.gguf) if args.gguf else Qwen2ForCausalLM.from_pretrained(args.hf, dtype=torch.float32).eval()
    runner = Runner(model, Tokenizer.from_file(str(args.tokenizer / "tokenizer.json")))
    if args.golden:
        golden(runner, args.golden)
    if args.problems:
        fixture_problems(args.problems)
    if args.llama_cpp:
        compare_llama_cpp(runner, args.gguf)
    if args.golden or args.problems or args.llama_cpp:
        return
    n = 10 if args.quick else 1
    failures = []
    grid = problems(11, 1000 // n, grid=True)
    report = {"1–3 × 1–3 digits, greedy": measure(runner, "1–3 × 1–3 digits, greedy", grid, failures)}
    sets = {"3 × 3 digits": problems(12, 500 // n, sizes=(3, 3)), "4 × 1 and 4 × 2 digits": problems(
        13, 100 // n, sizes=(4, 1)) + problems(14, 100 // n, sizes=(4, 2)), "sums": problems(15, 400 // n, op="+"),
        "unseen phrasings": problems(16, 400 // n, unseen=True), "after other turns": conversations(17, 200 // n),
        "declined: unseen off-topic": off_topic(), "declined: too large, unseen phrasings": too_large(18, 100 // n)}
    for name, items in sets.items():
        report[name] = measure(runner, name, items, failures)
    if not args.quick:
        name = "1–3 × 1–3 digits, T 0.6, top-p 0.95"
        report[name] = measure(runner, name, grid, failures, temperature=0.6, top_p=0.95)
        name = "declined: final off-topic"
        report[name] = measure(runner, name, off_topic(final=True), failures)
    for failure in failures[:args.failures]:
        print(json.dumps(failure, ensure_ascii=False))
    if args.json:
        args.json.write_text(json.dumps({"results": report, "failures": failures}, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
