#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Writes Tests/RetortTokenizersTests/Fixtures: real vocabularies cut down to what the test inputs
# can reach (a merge whose result is no part of any input is never applied), with their own ids, and
# the ids that the reference gives with the whole vocabulary.
#
#     python3 Tools/make_tokenizer_fixtures.py VOCAB_DIR DEEPSEEK_TOKENIZER_JSON
#
# VOCAB_DIR holds ggml-vocab-*.gguf with .inp and .out (llama.cpp, MIT); DEEPSEEK_TOKENIZER_JSON is
# DeepSeek V3's tokenizer.json (MIT; in the wheel of litellm 1.110.2).
# Pinned: tokenizers 0.23.3, gguf 0.19.0, llama-cpp-python 0.3.36.

import json
import pathlib
import random
import sys

import tokenizers
from gguf import GGUFReader
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers as pre

from tokenizer_inputs import INPUTS

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
OUT = pathlib.Path(__file__).parent.parent / "Tests/RetortTokenizersTests/Fixtures"
WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|"


def byte_alphabet():
    """GPT-2's bytes_to_unicode."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {b: chr(b) for b in plain}
    for b in range(256):
        table.setdefault(b, chr(256 + len(table) - len(plain)))
    return table


ALPHABET = byte_alphabet()


def splits(*patterns):
    return [pre.Split(Regex(p), "isolated") for p in patterns]


def pre_tokenizer(name, letters):
    level = pre.ByteLevel(add_prefix_space=False, use_regex=False)
    digits = pre.Digits(individual_digits=True)
    ideographs = "[一-龥ࠀ-一가-퟿]+"
    if name == "gpt-2":
        return pre.ByteLevel(add_prefix_space=False, use_regex=True)
    if name == "llama-bpe":
        return pre.Sequence(splits(CONTRACTIONS + WORDS % r"\p{N}{1,3}") + [level])
    if name == "qwen2":
        return pre.Sequence(splits(CONTRACTIONS + WORDS % r"\p{N}") + [level])
    if name == "deepseek-coder":
        return pre.Sequence(
            splits("[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", ideographs) + [digits, level])
    if name == "deepseek-llm":
        return pre.Sequence(
            splits("[\r\n]", r"\s?[%s]+" % letters, r"\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$",
                   ideographs) + [digits, level])
    raise SystemExit(f"no pre-tokenizer for {name}")


class Vocabulary:
    def __init__(self, path):
        fields = GGUFReader(path).fields

        def value(key, default=None):
            field = fields.get("tokenizer.ggml." + key)
            return default if field is None else field.contents()

        self.model = value("model")
        self.pre = value("pre")
        self.tokens = value("tokens")
        self.types = value("token_type")
        self.scores = value("scores", [])
        self.merges = value("merges", [])
        self.bos, self.eos = value("bos_token_id"), value("eos_token_id")
        self.pad, self.unknown = value("padding_token_id"), value("unknown_token_id")
        self.add_bos, self.add_eos = value("add_bos_token"), value("add_eos_token")

    def reference(self, letters):
        """The same vocabulary in the tokenizers library."""
        vocab = {t: i for i, t in enumerate(self.tokens)}
        merges = [tuple(m.split(" ")) for m in self.merges]
        result = Tokenizer(models.BPE(vocab, merges, ignore_merges=self.pre == "llama-bpe"))
        result.pre_tokenizer = pre_tokenizer(self.pre, letters)
        if self.pre == "qwen2":
            result.normalizer = normalizers.NFC()
        result.decoder = decoders.ByteLevel()
        for kind, special in ((3, True), (4, False)):
            added = [AddedToken(t, normalized=False, special=special)
                     for t, k in zip(self.tokens, self.types) if k == kind]
            (result.add_special_tokens if special else result.add_tokens)(added)
        return result

    def shrunk(self, texts):
        """The part that can be reached from the texts."""
        if self.pre == "qwen2":
            texts = texts + [normalizers.NFC().normalize_str(t) for t in texts]
        if self.model == "gpt2":
            everything = "\n".join("".join(ALPHABET[b] for b in t.encode()) for t in texts)
        else:
            everything = "\n".join("▁" + t.replace(" ", "▁") for t in texts)
        kept = [
            i for i, t in enumerate(self.tokens)
            if self.types[i] in (2, 6) or len(t) == 1 and self.model == "gpt2" or t in everything
            or self.types[i] in (3, 4) and (i in (self.bos, self.eos) or any(t in x for x in texts))
        ]
        merges = [m for m in self.merges if m.replace(" ", "") in everything]
        result = {
            "model": self.model, "pre": self.pre, "count": len(self.tokens),
            "ids": kept, "tokens": [self.tokens[i] for i in kept],
            "types": [self.types[i] for i in kept],
            "bos": self.bos, "eos": self.eos, "pad": self.pad, "unknown": self.unknown,
            "add_bos": self.add_bos, "add_eos": self.add_eos, "merges": merges,
        }
        if self.scores:
            result["scores"] = [round(float(self.scores[i]), 6) for i in kept]
        return result


def write(name, value):
    path = OUT / name
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
    print(f"{name}: {path.stat().st_size} bytes")


def vocabularies(folder, letters):
    from llama_cpp import Llama

    for path in sorted(pathlib.Path(folder).glob("*.gguf")):
        vocabulary = Vocabulary(path)
        inputs = path.with_suffix(".gguf.inp").read_bytes().decode().split(
            "\n__ggml_vocab_test__\n")
        lines = path.with_suffix(".gguf.out").read_text().split("\n")
        cases = [{"text": text, "ids": [int(i) for i in line.split()]}
                 for text, line in zip(inputs[:-1], lines[:-1], strict=True)]
        assert len(cases) == 46 and not inputs[-1] and not lines[-1]
        if vocabulary.model == "gpt2":
            reference = vocabulary.reference(letters)
            encode = lambda text: reference.encode(text, add_special_tokens=False).ids
            for case in cases:
                assert encode(case["text"]) == case["ids"], case["text"]
        else:
            reference = Llama(str(path), vocab_only=True, verbose=False)
            encode = lambda text: reference.tokenize(text.encode(), add_bos=False, special=True)
        cases += [{"text": text, "ids": encode(text)} for text in INPUTS]
        name = path.stem.removeprefix("ggml-vocab-")
        write(f"vocab-{name}.json",
              vocabulary.shrunk([c["text"] for c in cases]) | {"cases": cases})


def deepseek_v3(path):
    data = json.loads(pathlib.Path(path).read_text("utf-8"))
    reference = Tokenizer.from_file(path)
    reserved = [t["content"] for t in data["added_tokens"] if "holder" in t["content"]]
    texts = INPUTS + [f"a{reserved[0]} b {reserved[-1][:-3]}"]
    everything = "\n".join("".join(ALPHABET[b] for b in t.encode()) for t in texts)
    model = data["model"]
    model["vocab"] = {t: i for t, i in model["vocab"].items() if len(t) == 1 or t in everything}
    model["merges"] = [m for m in model["merges"] if m.replace(" ", "") in everything]
    data["added_tokens"] = [t for t in data["added_tokens"]
                            if t["id"] < 3 or any(t["content"] in x for x in texts)]
    cases = []
    for text in texts:
        reference.encode_special_tokens = False
        parsed = reference.encode(text).ids
        reference.encode_special_tokens = True
        cases.append({"text": text, "ids": parsed, "plain_ids": reference.encode(text).ids})
    write("deepseek-v3.json", {"tokenizer": data, "cases": cases})


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def unicode_sweeps():
    """Hashes over all scalars, so that a table that is wrong in one place is found."""
    scalars = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    everything = "".join(scalars)
    properties = {}
    for pattern in [r"\p{L}", r"\p{N}", r"\p{P}", r"\p{S}", r"\p{M}", r"\p{Lu}", r"\p{Ll}",
                    r"\p{Lo}", r"\p{Nd}", r"\p{Cn}", r"\p{Han}", r"\p{Hangul}", r"\s", r"\w", r"\d",
                    "(?i:[a-z])", "[^\\s\\p{L}\\p{N}]"]:
        words = pre.Split(Regex(f"(?:{pattern})+"), "removed", invert=True).pre_tokenize_str(
            everything)
        found = "".join(w for w, _ in words)
        properties[pattern] = {"count": len(found), "hash": fnv(found.encode())}
    forms = {}
    for name, form in (("NFC", normalizers.NFC()), ("NFD", normalizers.NFD())):
        for template in ["{}", "a{}", "{}\u0301", "\u0323{}\u0301", "\u1100{}\u11a8", "e\u0301{}"]:
            text = " ".join(template.replace("{}", c) for c in scalars)
            forms[f"{name} {template}"] = fnv(form.normalize_str(text).encode())
    return {"properties": properties, "forms": forms}


def patterns():
    """What Oniguruma does with patterns beyond those of the common pre-tokenizers."""
    cases = [
        (".", "a\nb"), ("a$", "a\na"), ("^a", "ba\na"), ("(?m:.)", "a\n"), ("a{,2}", "aaaa"),
        ("a{2,}", "aaab"), ("a{1,", "xa{1,"), ("a{x}", "a{x}"), ("[]a]", "a]"),
        ("[a-z&&[^b]]+", "abc"), ("[[a][b]]+", "abc"), (r"\bfoo\b", "a foo b foot"),
        (r"\Bo", "foo o"), (r"\h", "afg"), (r"\p{^L}+", "12a"), (r"\P{L}+", "12a"),
        ("[[:alpha:]]+", "aé1"), ("[[:^alpha:]]+", "aé1"), (r"\p{Letter}+", "a1"),
        (r"\p{lu}+", "aAÉ"), (r"\uFF5Ea", "～a"), (r"\x41", "A"), (r"\x{1F680}", "a🚀"),
        ("[-a]+", "-ab"), ("[a-]+", "-ab"), ("a+?", "aa"), ("a??b", "ab"), ("(?=a)", "bab"),
        ("", "ab"), ("[^a]+", "\nba"), ("(?i)a|b", "AB"), ("(?i:a)b", "AB Ab"),
        ("a(?i)b|c", "aB C c aC"), ("(?:a|ab)(?:c|bcd)(?:d*)", "abcd"), ("(?>a+)ab", "aaab"),
        ("a++b", "aab"), ("a++a", "aaa"), ("(?<n>a)b", "ab"), ("(a|b)*c", "ababcab"),
        ("(a?)*b", "aab"), ("(?:(?=a)a|b)+", "abab"), ("(?!ab)a", "abaca"), (r"\d+", "٣4a"),
        (r"[^\S\n]+", " \n "), (r"\Aa|b\z|c\Z", "aabbcc"), (r"a\Z", "a\n"),
        ("(?i:ſ|k)", "sSſKk"), (r"\w+|[^\w\s]+", "Hi, you_2! é"), (r"[\p{L}\p{M}]+", "e\u0301 b"),
        (r"\p{Han}+|\p{Hiragana}+", "漢字かな"), ("ab|a", "aab"), ("a|ab", "aab"),
        (r"\s+(?!\S)|\s+", "a  b   c "), ("(?:x{2}){2}", "xxxxx"), ("x{2}?", "xxx"), ("é+", "éée"),
        ("[à-ü]+", "éàa"), (r"\$\+|\^", "$+^"), ("a**", "aab"), ("(?:a*)+b", "aaab"),
        ("(?-i:a)b", "ab"), ("(?i-m:A)", "a"), ("{", "a{"), ("]", "]"), ("a|", "ab"),
    ]
    behaviors = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
    names = {"merged_with_previous": "MergedWithPrevious", "merged_with_next": "MergedWithNext"}
    result = []
    for pattern, text in cases:
        split = pre.Split(Regex(pattern), "removed", invert=True)
        pieces = [w for w, _ in split.pre_tokenize_str(text)]
        result.append({"pattern": pattern, "text": text, "behavior": "Removed", "invert": True,
                       "pieces": pieces})
    for behavior in behaviors:
        for pattern, text in [(r"\p{N}", "a12b3"), (" ", " a  b c "), ("-+", "--a-b--"), ("x", "")]:
            for invert in (False, True):
                split = pre.Split(Regex(pattern), behavior, invert=invert)
                pieces = [w for w, _ in split.pre_tokenize_str(text)] if text else []
                result.append({
                    "pattern": pattern, "text": text, "invert": invert, "pieces": pieces,
                    "behavior": names.get(behavior, behavior.capitalize())})
    return result


def broken_texts():
    """What Python makes of bytes that are not UTF-8."""
    source = random.Random(1)
    pool = [0x41, 0x80, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF1, 0xF4,
            0xF5, 0xFF, 0x96, 0x81]
    texts = [bytes(source.choice(pool) for _ in range(source.randint(1, 12))) for _ in range(300)]
    return [{"bytes": list(t), "text": t.decode("utf-8", errors="replace")} for t in texts]


def deepseek_letters():
    """The alphabet of DeepSeek LLM, as the Swift sources list it."""
    source = (pathlib.Path(__file__).parent.parent / "Sources/RetortTokenizers/PreTokenizers"
              / "PreTokenizerPatterns.swift").read_text("utf-8")
    listed = source.split("deepSeekLetters: [ClosedRange<UInt32>] = [")[1].split("]")[0]
    letters = ""
    for item in listed.replace("\n", " ").split(","):
        if item.strip():
            a, b = (chr(int(x, 16)) for x in item.strip().split("..."))
            letters += a if a == b else f"{a}-{b}"
    return letters


def main():
    folder, tokenizer = sys.argv[1:]
    vocabularies(folder, deepseek_letters())
    deepseek_v3(tokenizer)
    write("unicode.json", unicode_sweeps())
    write("patterns.json", patterns())
    write("broken.json", broken_texts())


if __name__ == "__main__":
    main()
