# SPDX-License-Identifier: Apache-2.0
"""Trains the bundled model's tokenizer: byte-level BPE with Qwen2's split, every digit its own token.

`python tokenizer.py --traces FILE --out DIR` writes tokenizer.json and tokenizer_config.json.
"""

import argparse
import json
import pathlib
import random

import jinja2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

import data

VOCABULARY = 1024
# Qwen2's pattern: \p{N} stands alone, so no merge ever holds two digits or a digit and a space.
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
THINK = [data.THINK_OPEN, data.THINK_CLOSE]  # not special: a decoder that skips specials keeps them


def train(traces, seed=1, samples=30_000):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    rng = random.Random(seed)
    texts = ("".join(data.sample(rng, traces, out_share=0.5)) for _ in range(samples))
    marks = CONTROL + THINK
    pieces = (p for t in texts for p in split_off(t, marks))
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(marks), min_frequency=20, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(pieces, trainer)
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in CONTROL])
    tokenizer.add_tokens([AddedToken(t, special=False, normalized=False) for t in THINK])
    return tokenizer


def split_off(text, marks):
    for mark in marks:
        text = text.replace(mark, "\0")
    return [piece for piece in text.split("\0") if piece]


def template():
    return (pathlib.Path(__file__).parent / "chat_template.jinja").read_text()


def check(tokenizer, traces):
    """The properties that data, template and file format rely on."""
    rng = random.Random(2)
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    compiled = environment.from_string(template())
    for text, _ in tokenizer.get_vocab().items():
        assert len(text) == 1 or not any(c.isdigit() for c in text), text
    for _ in range(500):
        prompt, target = data.sample(rng, traces)
        assert tokenizer.decode(tokenizer.encode(prompt + target).ids, skip_special_tokens=False) == prompt + target
    history = [{"role": "system", "content": "Be precise."}, {"role": "user", "content": "2 * 3"},
               {"role": "assistant", "content": "a thought\n</think>\n\n2 × 3 = 6."}, {"role": "user", "content": "hi\n"}]
    assert compiled.render(messages=history, add_generation_prompt=True) == data.render(history)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    traces = data.Traces(args.traces)
    tokenizer = train(traces, args.seed)
    check(tokenizer, traces)
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(args.out / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False, "bos_token": None,
              "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "model_max_length": 1024,
              "chat_template": template()}
    (args.out / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    rng = random.Random(3)
    lengths = [len(tokenizer.encode(target).ids) for _, target in (data.sample(rng, traces) for _ in range(2000))]
    print(f"{tokenizer.get_vocab_size()} tokens; a completion has {sum(lengths) / len(lengths):.0f} on average, "
          f"{max(lengths)} at most")


if __name__ == "__main__":
    main()
