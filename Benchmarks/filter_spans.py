"""Spans of protected texts, as they are and changed, for Benchmarks/filter.sh.

    python3 Benchmarks/filter_spans.py PROTECTED OUT [--count 2000] [--bytes 215]

PROTECTED is a folder of text files or JSON lines with 'text'. Each span is drawn within a document, some 50 tokens long, starts anywhere and
stands between sentences that are nobody's. OUT gets a folder for each kind of change.
"""

import argparse
import json
import pathlib
import random
import unicodedata

LOOKALIKES = str.maketrans("aceiopxysABCEHIKMOPTXY", "асеіорхуѕАВСЕНІКМОРТХУ")
BEFORE = "You asked me how that goes. Here is what I would say of it: "
AFTER = " And that is all there is to it, I believe. Ask again whenever you like."


def documents(folder):
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if not path.is_file():
            continue
        if path.suffix == ".jsonl":
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    yield json.loads(line)["text"]
        else:
            yield path.read_text(encoding="utf-8", errors="ignore")


def punctuation(span, rng):
    out = []
    for letter in span:
        if letter == " " and rng.random() < 0.2:
            out.append(rng.choice([", ", "; ", " - ", "… ", '" ']))
        elif unicodedata.category(letter).startswith("P") and rng.random() < 0.7:
            continue
        else:
            out.append(letter)
    return "".join(out)


def changes():
    return {
        "exact": lambda s, r: s,
        "upper": lambda s, r: s.upper(),
        "spaces": lambda s, r: "".join(c + " " * r.randrange(3) if c.isspace() else c for c in s).replace(" ", "\n", 3),
        "punctuation": punctuation,
        "lookalikes": lambda s, r: "".join(c.translate(LOOKALIKES) if r.random() < 0.5 else c for c in s),
        "all": lambda s, r: punctuation(s, r).swapcase().translate(LOOKALIKES),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protected")
    parser.add_argument("out")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--bytes", type=int, default=215)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    texts = [text for text in documents(arguments.protected) if len(text) > 2 * arguments.bytes]
    weights = [len(text) for text in texts]
    spans = []
    for text in rng.choices(texts, weights, k=arguments.count):
        start = rng.randrange(len(text) - arguments.bytes)
        spans.append(text[start : start + arguments.bytes])
    for name, change in changes().items():
        folder = pathlib.Path(arguments.out, name)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "texts.jsonl").open("w", encoding="utf-8") as file:
            for span in spans:
                text = BEFORE + change(span, rng) + AFTER
                file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
