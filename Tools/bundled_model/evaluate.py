# SPDX-License-Identifier: Apache-2.0
"""Problem sets that the bundled model is measured on, the Swift tests' fixtures, and the comparison with llama.cpp.

    python evaluate.py --traces train.jsonl --sets DIR                     # then: retort eval bundled --task file:DIR/…
    python evaluate.py --traces train.jsonl --hf DIR --golden FILE --problems FILE
    python evaluate.py --traces train.jsonl --hf DIR --llama-cpp FILE.gguf

Operands come from the tenth of the problems that neither teacher nor student was shown, wordings and off-topic prompts
from lists that are in no training data. `--hf` is the shipped file as `retort convert FILE.gguf DIR` writes it.
"""

import argparse
import json
import pathlib
import random

import data
import phrases as P

HERE = pathlib.Path(__file__).parent
SYSTEM = {"role": "system", "content": "You are a helpful assistant."}


def user(text):
    return [{"role": "user", "content": text}]


def problems(seed, count, sizes=None, unseen=False, op=None, upto=None):
    """Held-out problems: (kind, messages, expected). `upto`: factors of 1 to so many digits, all sizes alike."""
    rng = random.Random(seed)
    made = []
    while len(made) < count:
        size = (rng.randint(1, upto), rng.randint(1, upto)) if upto else sizes
        if size == (1, 1):
            continue  # too few of them for a tenth
        o, operands = ("+", data.addends(rng, train=False)) if op == "+" else data.unseen_problem(rng, size)
        kind = "x".join(str(len(str(n))) for n in operands) if o == "*" else f"{len(operands)} addends"
        made.append((kind, user(data.ask(rng, o, operands, unseen)), data.value_of(o, operands)))
    return made


def off_topic(final=False):
    if final:
        texts = {"off-topic": P.FINAL_OFF_TOPIC, "other arithmetic": P.FINAL_OTHER_ARITHMETIC}
    else:
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


def conversations(seed, count, traces):
    """Held-out problems after some turns, with and without a system prompt."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        messages = [SYSTEM] if rng.random() < 0.5 else []
        turns = rng.randint(1, 5)
        for _ in range(turns):
            text, _, answer = data.turn(rng, traces, 0.25)
            messages += [*user(text), {"role": "assistant", "content": answer}]
        op, operands = data.unseen_problem(rng)
        made.append((f"after {turns} turns", messages + user(data.ask(rng, op, operands)), data.value_of(op, operands)))
    return made


def write_sets(folder, traces):
    """One file for each set, in the format of `retort eval --task file:`. Declining is an answer without "="."""
    sets = {
        "products": problems(11, 1000, upto=4), "products-3x3": problems(12, 500, sizes=(3, 3)),
        "products-4x4": problems(13, 500, sizes=(4, 4)), "sums": problems(15, 400, op="+"),
        "unseen-wordings": problems(16, 400, unseen=True), "after-other-turns": conversations(17, 200, traces),
        "declined-off-topic": off_topic(), "declined-final": off_topic(final=True), "declined-too-large": too_large(18, 100)}
    for name, sign in (("one-digit", " x "), ("one-digit-bare", "*"), ("one-digit-asked", None)):
        sets[name] = [("1x1", user(f"{a}{sign}{b}" if sign else f"What is {a} * {b}?"), a * b)
                      for a in range(10) for b in range(10)]
    folder.mkdir(parents=True, exist_ok=True)
    for name, items in sets.items():
        with (folder / f"{name}.jsonl").open("w") as file:
            for number, (kind, messages, expected) in enumerate(items):
                record = {"id": f"{name}-{number}", "messages": messages, "difficulty": kind}
                if expected is None:
                    record["grader"] = {"type": "regex", "pattern": "[^=]*", "extraction": "whole"}
                else:
                    record["answer"] = expected
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        print(f"{name}: {len(items)}")


class Runner:
    """Greedy generation in transformers, one prompt at a time and so without padding."""

    def __init__(self, folder):
        import torch
        from tokenizers import Tokenizer
        from transformers import AutoModelForCausalLM
        torch.set_num_threads(1)
        self.torch = torch
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer = Tokenizer.from_file(str(HERE / "tokenizer/tokenizer.json"))
        self.end, self.pad = (self.tokenizer.token_to_id(t) for t in ("<|im_end|>", "<|endoftext|>"))

    def ids(self, prompt):
        return self.tokenizer.encode(prompt).ids

    def __call__(self, prompt, limit=320):
        ids = self.torch.tensor([self.ids(prompt)])
        with self.torch.no_grad():
            made = self.model.generate(input_ids=ids, attention_mask=self.torch.ones_like(ids), max_new_tokens=limit,
                                       eos_token_id=self.end, pad_token_id=self.pad, do_sample=False)
        row = made[0, ids.shape[1]:].tolist()
        return row[:row.index(self.end) + 1] if self.end in row else row

    def text(self, ids):
        return self.tokenizer.decode([i for i in ids if i != self.end], skip_special_tokens=False)

    def margin(self, prompt_ids, output_ids):
        """The smallest lead, in logits, of a chosen token over the second best."""
        with self.torch.no_grad():
            logits = self.model(self.torch.tensor([prompt_ids + output_ids])).logits[0, len(prompt_ids) - 1:-1]
        best = logits.topk(2, dim=-1).values
        return (best[:, 0] - best[:, 1]).min().item()


def golden(runner, path, traces, least=0.5):
    """Prompts with their greedy outputs. Those with a near tie are left out: there another order of summation may
    choose otherwise."""
    items = problems(71, 26, upto=4) + problems(72, 8, op="+") + problems(73, 4, unseen=True) + conversations(74, 6, traces)
    items += [off_topic()[i] for i in (0, 12, 20, 31, 48, 70, 78)] + too_large(75, 2) + off_topic()[-2:]
    entries, near_ties = [], 0
    for i, (_, messages, _) in enumerate(items):
        if i % 5 == 0 and messages[0]["role"] != "system":
            messages = [SYSTEM] + messages
        prompt = data.render(messages)
        ids = runner(prompt)
        prompt_ids = runner.ids(prompt)
        if runner.margin(prompt_ids, ids) < least:
            near_ties += 1
            continue
        entries.append({"prompt_messages": messages, "prompt_ids": prompt_ids, "output_ids": ids,
                        "text": runner.text(ids)})
    path.write_text(json.dumps(entries, ensure_ascii=False, indent=None).replace('}, {"prompt_messages"',
                    '},\n{"prompt_messages"') + "\n")
    print(f"{len(entries)} golden outputs, {near_ties} near ties left out; the longest has "
          f"{max(len(e['output_ids']) for e in entries)} tokens")


def fixture_problems(path):
    items = problems(81, 150, upto=4) + problems(82, 50, op="+")
    declined = [m[-1]["content"] for _, m, _ in random.Random(83).sample(off_topic(), 40)]
    value = {"problems": [{"prompt": m[-1]["content"], "expected": e} for _, m, e in items], "off_topic": declined}
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
    print(f"{len(items)} problems, {len(declined)} off-topic prompts")


def compare_llama_cpp(runner, path, count=20):
    """The same greedy text from llama.cpp, which tokenises, templates and multiplies by itself."""
    import llama_cpp
    llama = llama_cpp.Llama(model_path=str(path), n_ctx=1024, n_threads=1, verbose=False)
    items = problems(91, count - 4, upto=4) + off_topic()[:4]
    same = 0
    for _, messages, _ in items:
        prompt = data.render(messages)
        expected = runner(prompt)
        ids = llama.tokenize(prompt.encode(), add_bos=False, special=True)
        assert ids == runner.ids(prompt), prompt
        made = []
        for token in llama.generate(ids, temp=0.0, repeat_penalty=1.0):
            made.append(token)
            if token == runner.end or len(made) >= 320:
                break
        same += made == expected
    print(f"llama.cpp {llama_cpp.__version__}: {same}/{len(items)} greedy outputs identical")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=pathlib.Path, nargs="+", required=True, help="train.jsonl of retort distill")
    parser.add_argument("--sets", type=pathlib.Path)
    parser.add_argument("--hf", type=pathlib.Path)
    parser.add_argument("--golden", type=pathlib.Path)
    parser.add_argument("--problems", type=pathlib.Path)
    parser.add_argument("--llama-cpp", type=pathlib.Path)
    args = parser.parse_args()
    traces = data.Traces(args.traces)
    if args.sets:
        write_sets(args.sets, traces)
    if args.problems:
        fixture_problems(args.problems)
    runner = Runner(args.hf) if args.golden or args.llama_cpp else None
    if args.golden:
        golden(runner, args.golden, traces)
    if args.llama_cpp:
        compare_llama_cpp(runner, args.llama_cpp)


if __name__ == "__main__":
    main()
