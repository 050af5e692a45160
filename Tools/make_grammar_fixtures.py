#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the reference values of RetortGrammarTests: which texts a pattern matches, by Python's re.

The patterns mean the same in ECMA-262 and in Python with re.ASCII, except that Python's `$` also
matches before a last line feed: it is replaced by `\\Z`.
Pinned: Python 3.11.

    python Tools/make_grammar_fixtures.py
"""

import json
import pathlib
import random
import re

OUT = pathlib.Path(__file__).parent.parent / "Tests/RetortGrammarTests/Fixtures"

PATTERNS = [
    "", "a", "abc", "a|b", "a|bc|", "(a|b)*c", "a*", "a+b?", "a{3}", "a{2,4}", "a{2,}", "(ab){1,2}",
    "a{,2}x"[:1], "[abc]+", "[^abc]", "[a-c0-2]{2}", "[-a]", "[a-]", "[]a]"[1:], "[\\]a]", "[\\-a]+",
    "\\d+", "\\D", "\\w+", "\\W", "\\s", "\\S+", "[\\d_]+", "[^\\d]", ".", ".*", "a.c", "a.*?c", "a+?",
    "(?:a|b){2}", "(?:)", "(a)(b)(c)", "((a|b)c)*", "^abc$", "^a|b$", "^", "$", "^$", "(^a|b)c",
    "a(b$|c)", "(a|^)b", "\\.", "\\*", "\\\\", "\\/", "\\t", "\\n", "\\x41", "\\u0041", "\\u00e9",
    "[\\u0041-\\u0043]+", "é", "[é-ü]", "日本", "[日本]+", "🦙", "[🦙-🦚]", "🦙+", ".{2}", "[^a]{2}",
    "(ab|a)(bc|c)", "(a*)*b", "(a|a)*", "(a?){3}", "(|a)+b", "x(yz?)?", "[0-9]{3}-[0-9]{4}",
    "([01]?\\d|2[0-3]):[0-5]\\d", "(0|[1-9]\\d*)(\\.\\d+)?", "[A-Z]{2}\\d{2}", "\\w+@\\w+\\.\\w+",
    "(?:foo|bar)baz", "a{0}", "a{0,1}b", "(ab){0,}", "[a-z]+(-[a-z]+)*", "\"[^\"]*\"",
    "(a|b)*a(a|b){3}", "[\\w.]+", "[^\\s]+", "[\\s\\d]+", "\\$\\d", "\\^a", "a\\|b", "\\(\\)", "\\[\\]",
    "[.]", "[*+?]", "[\\n\\t]", "}", "a}", "]", "(?P<n>a)b",
]

ALPHABET = list("abcxyz019 -_.@\":/\\*+?|()[]{}^$AB\t\n") + ["é", "ü", "日", "本", "🦙", "🦚"]


def candidates(pattern, rng):
    """Random texts, and texts made of the pattern's own characters."""
    own = [c for c in pattern if c not in "\\"] or ["a"]
    texts = {"", "a", "b", "ab", "abc", "aaa", "A", "0", "é", "🦙", "日本", " ", "\n"}
    for _ in range(60):
        texts.add("".join(rng.choice(own) for _ in range(rng.randrange(6))))
        texts.add("".join(rng.choice(ALPHABET) for _ in range(rng.randrange(1, 5))))
        texts.add("".join(rng.choice("abc0") for _ in range(rng.randrange(1, 7))))
    for example in ["555-1234", "23:59", "24:00", "1.50", "01", "AB12", "a@b.c", "foobaz", "barbaz",
                    "ab-cd-e", "-ab", '"x y"', "abaaa", "baabb", "$1", "^a", "a|b", "()", "[]"]:
        texts.add(example)
    return sorted(texts)


def main():
    rng = random.Random(20261129)
    cases = []
    for pattern in dict.fromkeys(PATTERNS):
        compiled = re.compile(pattern.replace("$", "\\Z") if "\\$" not in pattern else pattern,
                              re.ASCII)
        texts = candidates(pattern, rng)
        full = [text for text in texts if compiled.fullmatch(text)]
        found = [text for text in texts if compiled.search(text)]
        # Keep the file small: all that match, and a part of those that do not.
        others = [text for text in texts if text not in full]
        rng.shuffle(others)
        kept = sorted(set(full[:20]) | set(others[:20]))
        cases.append({"pattern": pattern, "texts": kept,
                      "full": [text in full for text in kept],
                      "search": [text in found for text in kept]})
    (OUT / "regex.json").write_text(
        json.dumps(cases, ensure_ascii=False, indent=None, separators=(",", ":")) + "\n")
    print(len(cases), "patterns,", sum(len(case["texts"]) for case in cases), "texts")


if __name__ == "__main__":
    main()
