# SPDX-License-Identifier: Apache-2.0
"""Generates the bundled model's problems: prompts, worked thoughts and answers.

A thought multiplies as on paper. Each step ends in two digits, the carry and the digit to write:

    417 × 386
    417 × 6: 7×6=42, 1×6+4=10, 4×6+1=25 → 002502
    417 × 80: 7×8=56, 1×8+5=13, 4×8+1=33 → 033360
    417 × 300: 7×3=21, 1×3+2=05, 4×3+0=12 → 125100
    002502 + 033360 + 125100: 2+0+0=02, 0+6+0+0=06, … → 160962

The longer factor comes first, so that the shorter one sets the number of lines. Problems whose
hash falls into one tenth are never trained on (see `held_out`).

Run it to look at samples: `python data.py --samples 20 --seed 1`.
"""

import argparse
import hashlib
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
                  "These numbers are too large for me. I multiply numbers of up to three digits, or four by "
                  "two, and add numbers of up to five digits."),
}


def held_out(op, operands):
    """Whether a problem belongs to the tenth that is never trained on; order does not matter.

    One-digit times (plus) one-digit is always trained: it is the multiplication table itself.
    """
    if max(operands) < 10:
        return False
    key = op + ",".join(str(n) for n in sorted(operands))
    return hashlib.sha256(key.encode()).digest()[0] % 10 == 0


def in_scope(op, operands):
    """Whether the numbers are small enough for the model."""
    lengths = sorted((len(str(n)) for n in operands), reverse=True)
    if op == "+":
        return 2 <= len(lengths) <= 3 and lengths[0] <= MAX_SUM_DIGITS
    return len(lengths) == 2 and (lengths[0] <= 3 or (lengths[0] == 4 and lengths[1] <= 2))


# --- Thoughts -------------------------------------------------------------------------------------


def column_sum(rows):
    """One line that adds equally long digit strings column by column from the right."""
    steps, carry, digits = [], 0, ""
    for column in range(1, len(rows[0]) + 1):
        terms = [int(row[-column]) for row in rows] + ([carry] if column > 1 else [])
        total = sum(terms)
        steps.append("+".join(map(str, terms)) + f"={total:02d}")
        carry, digits = total // 10, str(total % 10) + digits
    return " + ".join(rows) + ": " + ", ".join(steps) + " → " + digits


def product_thought(a, b):
    """The lines for a × b, the longer factor first."""
    a, b = sorted((a, b), key=lambda n: len(str(n)), reverse=True)
    top, bottom = str(a), str(b)
    width = len(top) + len(bottom)
    lines, rows = [f"{a} × {b}"], []
    for place, digit in enumerate(reversed(bottom)):
        steps, carry = [], 0
        for column, d in enumerate(reversed(top)):
            total = int(d) * int(digit) + carry
            steps.append(f"{d}×{digit}" + (f"+{carry}" if column else "") + f"={total:02d}")
            carry = total // 10
        rows.append(str(a * int(digit) * 10**place).zfill(width))
        lines.append(f"{a} × {digit}{'0' * place}: " + ", ".join(steps) + " → " + rows[-1])
    if len(rows) > 1:
        lines.append(column_sum(rows))
    return "\n".join(lines)


def sum_thought(operands):
    """The lines for a sum; one column is added for the last carry."""
    width = max(len(str(n)) for n in operands) + 1
    return " + ".join(map(str, operands)) + "\n" + column_sum([str(n).zfill(width) for n in operands])


def completion(thought, answer):
    """What the model writes after the generation prompt, without the end token."""
    return f"{thought}\n{THINK_CLOSE}\n\n{answer}"


def solve(op, operands):
    """(thought, answer, value) of a problem in scope."""
    if op == "+":
        value, thought = sum(operands), sum_thought(operands)
        return thought, " + ".join(map(str, operands)) + f" = {value}.", value
    a, b = operands
    return product_thought(a, b), f"{a} × {b} = {a * b}.", a * b


# --- Prompts --------------------------------------------------------------------------------------


def number(rng, digits):
    """A number of exactly so many digits; now and then full of zeros and nines, where carries are hard."""
    low = 0 if digits == 1 else 10 ** (digits - 1)
    if rng.random() < 0.08:
        first = rng.choice("1299")
        return int(first + "".join(rng.choice("0099015") for _ in range(digits - 1)))
    return rng.randint(low, 10**digits - 1)


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


PRODUCT_SIZES = {(1, 1): 3, (2, 1): 8, (3, 1): 10, (4, 1): 9, (2, 2): 8, (3, 2): 14, (4, 2): 12, (3, 3): 36}


def problem(rng, train=True, sizes=None):
    """(op, operands) of the training or of the held-out part."""
    while True:
        if rng.random() < 0.4 and sizes is None:
            op = "+"
            count = 2 if rng.random() < 0.78 else 3
            operands = [number(rng, rng.choices((1, 2, 3, 4, 5), (2, 4, 5, 5, 5))[0]) for _ in range(count)]
        else:
            op = "*"
            size = sizes or rng.choices(list(PRODUCT_SIZES), list(PRODUCT_SIZES.values()))[0]
            operands = [number(rng, n) for n in size]
            rng.shuffle(operands)
        if train is not held_out(op, operands):
            return op, operands


def turn(rng, out_share):
    """One (user text, completion, answer) exchange of the training part."""
    if rng.random() < out_share:
        kind, text = out_of_scope(rng)
        thought, answer = REPLIES[kind]
    else:
        op, operands = problem(rng)
        text = ask(rng, op, operands)
        thought, answer, _ = solve(op, operands)
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


def sample(rng, out_share=0.3):
    """One training sample: (prompt text, completion text without the end token)."""
    messages = []
    if rng.random() < 0.2:
        messages.append({"role": "system", "content": rng.choice(P.SYSTEM_PROMPTS)})
    r = rng.random()
    turns = 0 if r < 0.76 else rng.randint(1, 3) if r < 0.97 else rng.randint(4, 8)
    for _ in range(turns):
        text, _, answer = turn(rng, 0.3)
        messages += [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
    text, target, _ = turn(rng, out_share)
    messages.append({"role": "user", "content": text})
    return render(messages), target


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    for _ in range(args.samples):
        prompt, target = sample(rng)
        print(prompt + target + "\n" + "-" * 60)


if __name__ == "__main__":
    main()
