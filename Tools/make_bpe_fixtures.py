#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Writes Tests/RetortTokenizersTests/Fixtures/bpe-training.json: small corpora, what the tokenizers
# library learns from them, and the ids that it then gives.
#
#     TOKENIZERS_PARALLELISM=false python3 Tools/make_bpe_fixtures.py
#
# Pinned: tokenizers 0.23.3.

import json
import pathlib
import random

import tokenizers

from check_bpe_trainer import untrained
from tokenizer_inputs import INPUTS

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
OUT = pathlib.Path(__file__).parent.parent / "Tests/RetortTokenizersTests/Fixtures/bpe-training.json"

ENGLISH = [
    "A kettle is filled with water and set on the stove; the water isn't hot yet.\n",
    "When the water boils, the kettle whistles, and we're told that tea is ready.\n",
    "\n",
    "They'll pour the tea into cups, they've always done it that way, and I'd do so too.\n",
    "  Whoever spills the tea wipes the table.   The table's made of oak, the cups of clay.\n",
    "the THE The tea's tea TEA's\t\tthe end",
]
MULTILINGUAL = [
    "Das Wasser kocht, über dem Herd hängt Dampf; größere Töpfe wären schöner.\n",
    "L'été dernier, l'élève répétait : « c'était déjà prêt ».\n",
    "Вода кипит, водяной пар поднимается над водой.\n",
    "水が沸いた。お茶を入れる。水と茶、茶と水。\n", "水开了，水壶响了，茶泡好了。\n",
    "물이 끓는다. 물을 끓이고 차를 우린다.\n", "पानी उबल रहा है, पानी गरम है।\n",
    "ماء الشاي يغلي، والشاي جاهز.\n", "🍵🍵 ☕️ 🫖🍵 👩‍🍳👩‍🍳\n",
    "cafe\u0301 café, A\u030Angstro\u0308m Ångström, \u1112\u1161\u11AB 한\n",
]
CODE = [
    "def count(words):\n", "    table = {}\n", "    for word in words:\n",
    "        table[word] = table.get(word, 0) + 1\n", "    return table\n", "\n",
    "if __name__ == '__main__':\r\n", "\tprint(count(['a', 'b', 'a']))  # {'a': 2, 'b': 1}\n",
    "for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; }\n",
    "while (i <= n) { if (!table[i]) { return -1; } i += 2; }\n",
]
DIGITS = [
    "417 * 386 = 160962\n", "1000000 + 2000000 = 3000000\n", "3.14159 2.71828 1.41421 0.57721\n",
    "2024-01-31 2024-02-29 2025-03-31\n", "1,234,567 12345678901234567890\n", "½ ² ٣٤٥ ١٢٣ ४५\n",
]


def word_list(seed, letters, count, longest):
    source = random.Random(seed)
    return ["".join(source.choice(letters) for _ in range(source.randint(1, longest)))
            for _ in range(count)]


REPEATS = ["a" * n + "\n" for n in range(1, 24)] + ["a" * n + "b" + "a" * (n % 5) for n in range(9)]
REPEATS += ["abababab", "aabaabaabaab", "aaabaaab" * 3, " " * 17, "\n" * 13, "!" * 30, "ééééé"]
RUNS = [" ".join(word_list(5, "ab", 60, 12))]
TIES = word_list(1, "zyxabcABC019", 40, 4)
BINARY = [" ".join(word_list(2, "ab", 300, 9)), " ".join(word_list(3, "xyz", 200, 7))]

CASES = {
    "english": (ENGLISH, {"vocab_size": 400}),
    "english, a chat model's tokens": (ENGLISH, {
        "vocab_size": 380, "pre_tokenizer": "qwen2", "min_frequency": 2,
        "special": ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im_start|>"]}),
    "english, long tokens refused": (ENGLISH, {"vocab_size": 400, "max_token_length": 4}),
    "english, only bytes that occur": (ENGLISH, {
        "vocab_size": 150, "only_seen_bytes": True, "special": ["<s>"]}),
    "english, runs out": (ENGLISH, {"vocab_size": 5000, "pre_tokenizer": "llama3"}),
    "english, only frequent pairs": (ENGLISH, {"vocab_size": 5000, "min_frequency": 5}),
    "many languages, gpt2": (MULTILINGUAL, {"vocab_size": 420}),
    "many languages, qwen2, composed": (MULTILINGUAL, {
        "vocab_size": 420, "pre_tokenizer": "qwen2", "nfc": True}),
    "many languages, llama3": (MULTILINGUAL, {"vocab_size": 420, "pre_tokenizer": "llama3"}),
    "many languages, deepseek": (MULTILINGUAL, {"vocab_size": 420, "pre_tokenizer": "deepseek"}),
    "code, gpt2": (CODE, {"vocab_size": 400}),
    "code, deepseek": (CODE, {"vocab_size": 400, "pre_tokenizer": "deepseek"}),
    "digits, gpt2": (DIGITS, {"vocab_size": 340}),
    "digits, gpt2, each alone": (DIGITS, {"vocab_size": 340, "split_digits": True}),
    "digits, qwen2": (DIGITS, {"vocab_size": 340, "pre_tokenizer": "qwen2"}),
    "digits, llama3": (DIGITS, {"vocab_size": 340, "pre_tokenizer": "llama3"}),
    "digits, llama3, each alone": (DIGITS, {
        "vocab_size": 340, "pre_tokenizer": "llama3", "split_digits": True}),
    "digits, deepseek": (DIGITS, {"vocab_size": 340, "pre_tokenizer": "deepseek"}),
    "ties": (TIES, {"vocab_size": 330}),
    "two letters": (BINARY, {"vocab_size": 420}),
    "two letters, frequent": (BINARY, {"vocab_size": 1000, "min_frequency": 3}),
    "repeated characters": (REPEATS, {"vocab_size": 420}),
    "repeated characters, long tokens refused": (REPEATS + RUNS, {
        "vocab_size": 420, "max_token_length": 6}),
    "tokens of two bytes at most": (REPEATS + RUNS, {"vocab_size": 420, "max_token_length": 1}),
    "added tokens that merges make": (ENGLISH + BINARY, {
        "vocab_size": 380, "special": ["the", "Ġtea", "th", "a", "ab", "ba", " tea", "é"]}),
    "a vocabulary full from the start": (ENGLISH, {"vocab_size": 257, "special": ["<s>"]}),
    "one character": (["a"], {"vocab_size": 300}),
    "one pair": (["ab"], {"vocab_size": 300}),
    "texts are apart": (["ab", "c", "abc", "", "a", "b"], {"vocab_size": 300}),
    "nothing": ([], {"vocab_size": 300, "special": ["<s>"]}),
    "nothing, only bytes that occur": ([""], {"vocab_size": 300, "only_seen_bytes": True}),
}


def case(name, texts, settings):
    tokenizer, trainer = untrained(settings)
    tokenizer.train_from_iterator(texts, trainer)
    learnt = json.loads(tokenizer.to_str())
    # A list by id takes less room than an object.
    vocabulary = learnt["model"]["vocab"]
    assert list(vocabulary.values()) == list(range(len(vocabulary)))
    learnt["model"]["vocab"] = list(vocabulary)
    inputs = ["".join(texts)[:300], "The water's in 12345 cups; über 水。\n\n  aaaaaaa <s>the tea"]
    inputs += INPUTS[:2]
    ids = [{"text": t, "ids": tokenizer.encode(t).ids} for t in inputs]
    return {"name": name, "settings": settings, "texts": texts, "tokenizer": learnt, "cases": ids}


def main():
    cases = [case(name, *item) for name, item in CASES.items()]
    text = ",\n".join(json.dumps(c, ensure_ascii=False, separators=(",", ":")) for c in cases)
    OUT.write_text(f"[\n{text}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
