# SPDX-License-Identifier: Apache-2.0
"""Turns a teacher's traces into conversations, and adds what else the bundled model is to say.

The thoughts of products are the teacher's, word for word, behind the problem as it reads it, digits from last to
first: each partial product, and in parentheses the sum so far.

    683*714=2052+06333(26853)+001521(269061)          417 × 386 = 160962.

Sums are written by rule in the same way. Problems whose hash falls into one tenth are never trained on: the same
tenth that `retort eval` asks for and that no teacher was asked for (see `held_out`).

    python data.py --special 6000 --seed 2 --out special.jsonl
    python data.py --traces train.jsonl --count 120000 --seed 1 --out bundled.jsonl
    python data.py --traces train.jsonl --samples 20
"""

import argparse
import collections
import json
import pathlib
import random
import re

import phrases as P

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"
MAX_SUM_DIGITS = 5
EXPRESSION = re.compile(r"\d\s*(\*|x|×|·|\+|times|plus|multiplied by|added to)\s*\d"
                        r"|\b(sum|product|total|addition|multiply|add)\b.*\d.*\d", re.I)

SELF = ("I am Retort's bundled model, a small language model that multiplies and adds whole numbers "
        "step by step. Try 417 × 386 or 1250 + 375.")
REPLIES = {
    "greeting": ("This is a greeting.",
                 "Hello! I am a small model that only multiplies and adds. Try 417 × 386 or 1250 + 375."),
    "identity": ("This asks about me.", SELF),
    "thanks": ("This needs no calculation.", "You are welcome! Give me more numbers to multiply or add."),
    "off_topic": ("This is not a multiplication or an addition.",
                  "I am a small model that only multiplies and adds whole numbers, so I cannot answer this. "
                  "Try 417 × 386 or 1250 + 375."),
    "arithmetic": ("This is arithmetic, but not one multiplication or addition of whole numbers.",
                   "I am a small model that only multiplies two or adds two or three whole numbers, "
                   "so I cannot work this out."),
    "too_large": ("These numbers are too large for me.",
                  "These numbers are too large for me. I multiply numbers of up to four digits and add numbers of "
                  "up to five digits."),
}


def held_out(op, operands):
    """Whether a problem belongs to the tenth that is never trained on; order does not matter.

    The hash is Retort's own (FNV-1a, finished as SplitMix64): `retort eval` holds out the same problems.
    """
    name = "multiplication" if op == "*" else "addition"
    mask, h = 2**64 - 1, 0xCBF29CE484222325
    for byte in " ".join([name, *map(str, sorted(operands))]).encode():
        h = (h ^ byte) * 0x100000001B3 & mask
    h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9 & mask
    h = (h ^ (h >> 27)) * 0x94D049BB133111EB & mask
    return (h ^ (h >> 31)) % 100 < 10


def in_scope(op, operands):
    """Whether the numbers are small enough for the model."""
    lengths = sorted((len(str(n)) for n in operands), reverse=True)
    if op == "+":
        return 2 <= len(lengths) <= 3 and lengths[0] <= MAX_SUM_DIGITS
    return len(lengths) == 2 and lengths[0] <= 4


# --- Thoughts -------------------------------------------------------------------------------------


class Traces:
    """What the teacher wrote: its thoughts, by the counts of digits of the two factors."""

    QUESTION = re.compile(r"What is (\d+) \* (\d+)\?$")

    def __init__(self, paths):
        self.thoughts = collections.defaultdict(list)
        for path in paths:
            for line in path.read_text().splitlines():
                messages = json.loads(line)["messages"]
                a, b = self.QUESTION.match(messages[0]["content"]).groups()
                self.thoughts[len(a), len(b)].append((int(a), int(b), messages[1]["reasoning_content"]))

        for size in PRODUCT_SIZES:
            for missing in {size, size[::-1]} - self.thoughts.keys():
                raise SystemExit(f"no trace is of {missing[0]} by {missing[1]} digits")

    def pick(self, rng, size):
        return rng.choice(self.thoughts[tuple(size)])


def backwards(expression):
    """What is worked on, digits from last to first, as the teacher's template hands it over."""
    return expression[::-1] + "="


def sum_thought(operands):
    """The addends padded to one width, and in parentheses the sum so far with room for a carry."""
    width = max(len(str(n)) for n in operands)
    padded = [str(n).zfill(width)[::-1] for n in operands]
    parts, total = [padded[0]], operands[0]
    for n, digits in zip(operands[1:], padded[1:]):
        total += n
        parts.append(f"{digits}({str(total).zfill(width + 1)[::-1]})")
    return "+".join(parts)


def completion(thought, answer):
    """What the model writes after the generation prompt, without the end token."""
    return f"{thought}\n{THINK_CLOSE}\n\n{answer}"


def value_of(op, operands):
    return sum(operands) if op == "+" else operands[0] * operands[1]


def solve(op, operands, thought=None):
    """(thought, answer) of a problem in scope; a product's thought is a teacher's."""
    words = list(map(str, operands))
    sign = " + " if op == "+" else " × "
    return (backwards(op.join(words)) + (sum_thought(operands) if op == "+" else thought),
            f"{sign.join(words)} = {value_of(op, operands)}.")


# --- Prompts --------------------------------------------------------------------------------------


def number(rng, digits):
    """A number of exactly so many digits; now and then full of zeros and nines, where carries are hard."""
    low = 0 if digits == 1 else 10 ** (digits - 1)
    return special(rng, digits) if rng.random() < 0.08 else rng.randint(low, 10**digits - 1)


def special(rng, digits):
    first = rng.choice("1235899")
    if rng.random() < 0.4:
        return int(first + "0" * (digits - 1))
    return int(first + "".join(rng.choice("0099015") for _ in range(digits - 1)))


def special_problems(rng, count):
    """Products for a teacher, of numbers that chance seldom gives and people often: 100, 250, 999."""
    asked = set()
    while len(asked) < count:
        operands = [special(rng, n) for n in size(rng)]
        if rng.random() < 0.5:
            operands[rng.randrange(2)] = number(rng, rng.choices((1, 2, 3, 4), (1, 2, 3, 3))[0])
        if not held_out("*", operands):
            asked.add(tuple(operands))
    return sorted(asked)


def spell(rng, n):
    """A number as a user writes it."""
    if n >= 1000 and rng.random() < 0.12:
        return f"{n:,}"
    if n <= 20 and rng.random() < 0.06:
        return P.NUMBER_WORDS[n]
    return str(n)


def change_case(rng, text):
    r = rng.random()
    if r < 0.12:
        return text.lower()
    if r < 0.16:
        return text.upper()
    return text[:1].upper() + text[1:] if r < 0.24 else text


def random_word(rng):
    """A word that no list has: syllables, so that unknown words do not decide what a prompt is."""
    syllable = lambda: rng.choice("bcdfghjklmnprstvwz") + rng.choice("aeiou") + rng.choice(["", "", "n", "r", "s", "l", "t"])
    return "".join(syllable() for _ in range(rng.randint(1, 3)))


def some_word(rng):
    lists = (P.NOUNS, P.VERBS, P.ADJECTIVES, P.NAMES)
    return rng.choice(rng.choice(lists)) if rng.random() < 0.7 else random_word(rng)


def ask(rng, op, operands, unseen=False):
    """A request for a problem. `unseen` takes the phrasings that training never has."""
    words = [spell(rng, n) for n in operands]
    names = dict(zip("abc", words))
    signs = P.PRODUCT_SIGNS if op == "*" else P.SUM_SIGNS
    if len(operands) == 3:
        sign = rng.choice([s for s in signs if s.strip() != "added to"])
        expression, special = sign.join(words), P.SUM3_FRAMES
    else:
        expression = rng.choice(signs).join(words)
        seen = P.PRODUCT_FRAMES if op == "*" else P.SUM_FRAMES
        special = (P.HELD_OUT_PRODUCT_FRAMES if op == "*" else P.HELD_OUT_SUM_FRAMES) if unseen else seen
    if rng.random() < 0.28 and not (unseen and len(operands) == 3):
        text = rng.choice(special).format(**names)
    else:
        text = rng.choice(P.HELD_OUT_FRAMES if unseen else P.FRAMES).format(e=expression)
    if unseen:
        return rng.choice(P.HELD_OUT_OPENERS) + text if rng.random() < 0.2 else text
    if rng.random() < 0.12:
        filler = " ".join(some_word(rng) for _ in range(rng.randint(1, 4)))
        text = filler + rng.choice([": ", ", ", " ", "! ", ". ", "? "]) + text if rng.random() < 0.7 else text + " " + filler
    if rng.random() < 0.18:
        text = rng.choice(P.OPENERS) + text
    if rng.random() < 0.18:
        text += rng.choice(P.CLOSERS)
    return change_case(rng, text)


def fill(rng, template):
    pick = lambda words: rng.choice(words) if rng.random() < 0.8 else random_word(rng)
    num = lambda: str(number(rng, rng.choices((1, 2, 3, 4, 5), (3, 4, 4, 3, 1))[0]))
    return template.format(
        n=pick(P.NOUNS), m=pick(P.NOUNS), v=pick(P.VERBS), v2=pick(P.VERBS), a=pick(P.ADJECTIVES),
        a2=pick(P.ADJECTIVES), p=rng.choice(P.NAMES), q=rng.choice(P.NAMES), l=rng.choice(P.PLACES),
        l2=rng.choice(P.PLACES), g=rng.choice(P.LANGUAGES), d=num(), d2=num())


def noise(rng):
    """Text without a template: words, letters, symbols, bytes, code."""
    kind = rng.choices(range(7), (3, 2, 2, 2, 3, 2, 5))[0]
    if kind == 0:
        return " ".join(some_word(rng) for _ in range(rng.randint(1, 12)))
    if kind == 1:
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz    ") for _ in range(rng.randint(1, 30)))
    if kind == 2:
        return "".join(rng.choice("!?.,:;-_#$%&()[]{}<>/\\|~^@'\"`=+* \n") for _ in range(rng.randint(1, 12)))
    if kind == 3:  # letters of many scripts, and emoji
        starts = (0xC0, 0x391, 0x410, 0x5D0, 0x627, 0x905, 0xE01, 0x3041, 0x30A1, 0x4E00, 0xAC00, 0x1F600, 0x2190)
        start = rng.choice(starts)
        span = 4000 if start in (0x4E00, 0xAC00) else 40
        return "".join(chr(start + rng.randrange(span)) + (" " if rng.random() < 0.2 else "")
                       for _ in range(rng.randint(1, 16))).strip()
    if kind == 4:
        w = [some_word(rng).lower() for _ in range(4)]
        d = rng.randint(0, 999)
        return rng.choice([
            f"def {w[0]}({w[1]}):\n    return {w[1]}.{w[2]}()", f"print({w[0]})", f"let {w[0]} = {d}",
            f"for ({w[0]} = 0; {w[0]} < {d}; {w[0]}++) {{ {w[1]}(); }}", f"import {w[0]}", f"{w[0]}.{w[1]}({w[2]})",
            f"<{w[0]} {w[1]}=\"{w[2]}\">{w[3]}</{w[0]}>", f"if {w[0]} == {d}: {w[1]}", f"$ {w[0]} --{w[1]} {w[2]}.txt",
            f"{{\"{w[0]}\": {d}, \"{w[1]}\": [\"{w[2]}\"]}}", f"SELECT {w[0]} FROM {w[1]} WHERE {w[2]} = {d}",
            f"func {w[0]}(_ {w[1]}: Int) -> {w[2].title()} {{ {w[3]} }}", f"https://{w[0]}.com/{w[1]}?{w[2]}={d}",
            f"{w[0]}@{w[1]}.org", f"/{w[0]}/{w[1]}/{w[2]}", f"#include <{w[0]}.h>", f"{w[0]} -> {w[1]} -> {w[2]}"])
    if kind == 5:
        return " ".join(str(number(rng, rng.randint(1, 5))) for _ in range(rng.randint(1, 5)))
    words = [some_word(rng) for _ in range(rng.randint(2, 9))]
    for _ in range(rng.randint(1, 2)):
        words.insert(rng.randrange(len(words) + 1), str(number(rng, rng.randint(1, 4))))
    return " ".join(words)


def out_of_scope(rng):
    """(kind, text) of a request that the model declines or answers in its own words."""
    kind = rng.choices(("off_topic", "arithmetic", "too_large", "greeting", "identity", "thanks"),
                       (52, 20, 10, 5, 8, 5))[0]
    if kind == "greeting":
        text = rng.choice(P.GREETINGS)
    elif kind == "identity":
        text = rng.choice(P.IDENTITY)
        if rng.random() < 0.15:
            text = rng.choice(("hi, ", "Hello! ", "hey, ", "please ", "ok, ", "so, ")) + text
    elif kind == "thanks":
        text = rng.choice(P.THANKS)
    elif kind == "too_large":
        while True:
            op = rng.choice("**+")
            lengths = [rng.choices((1, 2, 3, 4, 5, 6, 7, 8, 10, 14), (2, 3, 4, 6, 5, 4, 3, 2, 1, 1))[0] for _ in range(2)]
            operands = [number(rng, n) for n in lengths]
            if not in_scope(op, operands):
                break
        return kind, ask(rng, op, operands)
    elif kind == "arithmetic":
        num = lambda: str(number(rng, rng.choices((1, 2, 3, 4, 5), (3, 4, 4, 2, 1))[0]))
        text = rng.choice(P.OTHER_ARITHMETIC).format(d=num(), e=num(), f=num(), d2=num(), s=rng.randint(2, 25),
                                                   w=rng.choice(P.OPERATIONS) if rng.random() < 0.7 else random_word(rng))
        if rng.random() < 0.35:
            text = rng.choice([f for f in P.FRAMES if "print" not in f]).format(e=text)
    elif rng.random() < 0.68:
        text = fill(rng, rng.choice(P.OFF_TOPIC))
        if rng.random() < 0.12:
            text += " " + fill(rng, rng.choice(P.OFF_TOPIC))
    else:
        text = noise(rng)
    if kind == "off_topic" and EXPRESSION.search(text):
        return out_of_scope(rng)  # chance made a problem of it
    if kind in ("arithmetic", "off_topic"):
        if rng.random() < 0.12:
            text = rng.choice(P.OPENERS) + text
        if rng.random() < 0.12:
            text += rng.choice(P.CLOSERS)
    return kind, change_case(rng, text)


PRODUCT_SIZES = {(1, 1): 12, (2, 1): 8, (3, 1): 6, (4, 1): 6, (2, 2): 7, (3, 2): 12, (4, 2): 10, (3, 3): 18, (4, 3): 16,
                 (4, 4): 22}


def size(rng):
    chosen = list(rng.choices(list(PRODUCT_SIZES), list(PRODUCT_SIZES.values()))[0])
    rng.shuffle(chosen)
    return chosen


def addends(rng, train=True):
    while True:
        count = 2 if rng.random() < 0.78 else 3
        if rng.random() < 0.12:
            operands = [number(rng, 1) for _ in range(2)]
        else:
            operands = [number(rng, rng.choices((1, 2, 3, 4, 5), (3, 4, 5, 5, 5))[0]) for _ in range(count)]
        if train is not held_out("+", operands):
            return operands


def unseen_problem(rng, sizes=None):
    """(op, operands) of the tenth that is held out."""
    if sizes is None and rng.random() < 0.35:
        return "+", addends(rng, train=False)
    while True:
        operands = [number(rng, n) for n in (sizes or size(rng))]
        if held_out("*", operands):
            return "*", operands


def turn(rng, traces, out_share):
    """One (user text, completion, answer) exchange of the training part."""
    if rng.random() < out_share:
        kind, text = out_of_scope(rng)
        thought, answer = REPLIES[kind]
    elif rng.random() < 0.35:
        operands = addends(rng)
        text = ask(rng, "+", operands)
        thought, answer = solve("+", operands)
    else:
        a, b, worked = traces.pick(rng, size(rng))
        text = ask(rng, "*", [a, b])
        thought, answer = solve("*", [a, b], worked)
    return text, completion(thought, answer), answer


def render(messages):
    """The chat template in Python; `chat_template.jinja` must agree (tokenizer.py checks it)."""
    out = []
    for m in messages:
        content = m["content"]
        if m["role"] == "assistant" and THINK_CLOSE in content:
            content = content.split(THINK_CLOSE)[-1].lstrip("\n")
        out.append(f"<|im_start|>{m['role']}\n{content}<|im_end|>\n")
    return "".join(out) + f"<|im_start|>assistant\n{THINK_OPEN}\n"


def sample(rng, traces, out_share=0.25):
    """One training sample: (prompt text, completion text without the end token)."""
    messages = []
    if rng.random() < 0.2:
        messages.append({"role": "system", "content": rng.choice(P.SYSTEM_PROMPTS)})
    r = rng.random()
    turns = 0 if r < 0.76 else rng.randint(1, 3) if r < 0.97 else rng.randint(4, 8)
    for _ in range(turns):
        text, _, answer = turn(rng, traces, 0.3)
        messages += [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
    text, target, _ = turn(rng, traces, out_share)
    messages.append({"role": "user", "content": text})
    return render(messages), target


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=pathlib.Path, nargs="*", help="train.jsonl of retort distill")
    parser.add_argument("--special", type=int, help="how many prompts with zeros and nines to write for the teacher")
    parser.add_argument("--samples", type=int, default=10, help="how many to print")
    parser.add_argument("--count", type=int, help="how many to write")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    if args.special:
        lines = [json.dumps({"id": f"{a}*{b}", "prompt": f"What is {a} * {b}?", "answer": a * b,
                             "difficulty": f"{len(str(a))}x{len(str(b))}"}) for a, b in special_problems(rng, args.special)]
        args.out.write_text("\n".join(lines) + "\n")
        return
    if not args.traces:
        parser.error("--traces is needed, but for --special")
    traces = Traces(args.traces)
    if not args.out:
        for _ in range(args.samples):
            print("".join(sample(rng, traces)) + "\n" + "-" * 60)
        return
    partial = args.out.with_suffix(".partial")
    with partial.open("w") as file:
        for _ in range(args.count):
            prompt, target = sample(rng, traces)
            file.write(json.dumps({"prompt": prompt, "completion": target}, ensure_ascii=False) + "\n")
    partial.rename(args.out)


if __name__ == "__main__":
    main()
