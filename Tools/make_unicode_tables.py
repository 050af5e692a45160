#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Writes UnicodeData.swift and UnicodeData+Normalization.swift: the Unicode properties as Python's
# `tokenizers` sees them (Oniguruma's tables for \p{..}, \s and \w; its own for NFC and NFD), asked
# property by property, so that a token boundary never depends on the Unicode version of a platform.
#
#     python3 Tools/make_unicode_tables.py
#
# Pinned: tokenizers 0.23.3 (Oniguruma 6.9.10, Unicode 16; unicode-normalization-alignments 0.1.12).

import pathlib
import sys
import unicodedata

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__

OUT = pathlib.Path(__file__).parent.parent / "Sources/RetortTokenizers/Unicode"
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
EVERYTHING = "".join(map(chr, SCALARS))
CATEGORIES = (
    "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn"
).split()
SCRIPTS = (
    "Arabic Armenian Bengali Bopomofo Cyrillic Devanagari Georgian Greek Han Hangul Hebrew Hiragana "
    "Katakana Khmer Lao Latin Myanmar Tamil Telugu Thai Tibetan"
).split()


def members(pattern):
    split = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    return {ord(c) for word, _ in split.pre_tokenize_str(EVERYTHING) for c in word}


def ranges(scalars):
    result = []
    for scalar in sorted(scalars):
        if result and result[-1][1] == scalar - 1:
            result[-1][1] = scalar
        else:
            result.append([scalar, scalar])
    return result


def range_text(scalars):
    return " ".join(f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in ranges(scalars))


output = []


def write(name):
    (OUT / name).write_text("\n".join(output) + "\n", "utf-8")
    output.clear()


def header(opening):
    output.extend([
        "// SPDX-License-Identifier: Apache-2.0",
        "//",
        "// Written by Tools/make_unicode_tables.py from tokenizers 0.23.3: Unicode 16 properties",
        "// (Oniguruma 6.9.10) and its normalisation data. Do not edit.",
        "",
        *opening,
    ])


def literal(name, comment, text):
    lines, line = [], ""
    for word in text.split(" "):
        if len(line) + len(word) + 1 > 90:
            lines.append(line)
            line = ""
        line += word + " "
    lines.append(line.rstrip())
    output.append(f"\n    /// {comment}")
    output.append(f'    static let {name}: StaticString = """')
    for line in lines:
        output.append("        " + line.rstrip() + (" \\" if line is not lines[-1] else ""))
    output.append('        """')


category = [None] * 0x110000
for index, name in enumerate(CATEGORIES):
    if name == "Cs":
        continue
    for scalar in members(r"\p{%s}+" % name):
        assert category[scalar] is None
        category[scalar] = index
for scalar in range(0xD800, 0xE000):
    category[scalar] = CATEGORIES.index("Cs")
assert None not in category
runs = []
for index in category:
    if runs and runs[-1][0] == index:
        runs[-1][1] += 1
    else:
        runs.append([index, 1])

# Normalisation, asked scalar by scalar.
nfd, nfc = normalizers.NFD().normalize_str, normalizers.NFC().normalize_str
HANGUL = range(0xAC00, 0xAC00 + 11172)
decompositions = {
    c: nfd(chr(c)) for c in SCALARS if c not in HANGUL and nfd(chr(c)) != chr(c)
}
compositions = {}
for c, full in decompositions.items():
    if nfc(chr(c)) == chr(c) and len(full) > 1:
        first = nfc(full[:-1])
        assert len(first) == 1, hex(c)
        compositions[(ord(first), ord(full[-1]))] = c

# The combining class of a mark: marks of known classes on both sides tell where it sorts.
known = {}
for c in SCALARS:
    # Of Unicode 3.2, so that every later table knows it.
    k = unicodedata.ucd_3_2_0.combining(chr(c))
    if k and k == unicodedata.combining(chr(c)) and k not in known and c not in decompositions:
        known[k] = chr(c)
order = sorted(known)


def combining_class(c):
    text = chr(c)

    def sorts_before(k):  # 0 < class(c) < k
        pair = known[k] + text
        return nfd(pair) != nfd(known[k]) + nfd(text)

    later = [k for k in order if sorts_before(k)]
    if not later:
        # 0, or the highest class: is a mark of class 1 moved before it?
        if nfd(text + known[1]) == text + known[1]:
            return 0
        return order[-1]
    below = [k for k in order if k < later[0]][-1]
    # A class without a mark in Unicode 3.2 (214) lies between two known ones.
    exact = unicodedata.combining(text)
    return exact if below < exact < later[0] else below


combining = {}
for c in SCALARS:
    if c in decompositions or not (chr(c) in known.values() or category[c] in (5, 6, 7)):
        continue
    value = combining_class(c)
    if value:
        combining[c] = value
    # Marks that are younger than the normaliser's tables have class 0 in it.
    if value not in (0, unicodedata.combining(chr(c))):
        print(f"U+{c:04X}: class {value}, not {unicodedata.combining(chr(c))}", file=sys.stderr)

header([
    "/// Unicode properties as text; ``UnicodeProperties`` unpacks them once.",
    "enum UnicodeData {",
    "    /// General categories in the order of the letters that `categories` uses.",
    "    static let categoryNames =",
    f'        "{" ".join(CATEGORIES)}"',
])
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcd"
words = []
for index, count in runs:
    words.append(LETTERS[index] + (str(count) if count > 1 else ""))
literal("categories", "Runs over all of Unicode: a letter for the category, the length unless 1.",
        " ".join(words))
literal("whitespace", "`\\s`: White_Space.", range_text(members(r"\s+")))
word = members(r"\w+")
by_category = {c for c in SCALARS if CATEGORIES[category[c]] in
               ("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Pc")}
literal("wordExtras", "What `\\w` holds beside L, M, Nd and Pc.", range_text(word - by_category) or "")
assert not by_category - word, sorted(map(hex, by_category - word))[:9]
literal("scripts", "Scripts: a name, then its ranges.", " ".join(
    name + " " + range_text(members(r"\p{%s}+" % name)) for name in SCRIPTS))
output.append("}")
write("UnicodeData.swift")

header(["extension UnicodeData {"])
literal("decompositions", "Full canonical decompositions without Hangul: scalar=parts.", " ".join(
    f"{c:X}=" + "+".join(f"{ord(p):X}" for p in full) for c, full in sorted(decompositions.items())))
literal("compositions", "Canonical compositions without Hangul: first+second=scalar.", " ".join(
    f"{a:X}+{b:X}={c:X}" for (a, b), c in sorted(compositions.items())))
classes = {}
for c, value in combining.items():
    classes.setdefault(value, set()).add(c)
literal("combiningClasses", "Canonical combining classes that are not 0: class=, then its ranges.", " ".join(
    f"{value}= {range_text(scalars)}" for value, scalars in sorted(classes.items())))
output.append("}")
write("UnicodeData+Normalization.swift")
