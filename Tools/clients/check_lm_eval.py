#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lm_eval's local-completions over the server, its log-likelihoods against `retort score`.

    python Tools/clients/check_lm_eval.py --tokenizer DIR [--retort PATH]

DIR is Tools/bundled_model/tokenizer, the bundled model's. Needs requirements-lm-eval.txt.
"""

import json
import logging
import os
import pathlib
import subprocess

from lm_eval.api.instance import Instance
from lm_eval.models.openai_completions import LocalCompletionsAPI

import support

# Context and continuation, as a multiple-choice task asks for them.
PAIRS = [
    ("What is 12 + 7?", " 19"), ("What is 12 + 7?", " 20"), ("What is 3 * 45?", " 135"),
    ("What is 3 * 45?\n3 * 40 = 120\n3 * 5 = 15\n", "120 + 15 = 135"),
    ("a", "b c d e f"), ("Zwölf Äpfel", " für dich"), ("日本", "語の文"), ("", "What is"),
]
TOLERANCE = 1e-3
check = support.Checks()


class Bench:
    def __init__(self, base, retort, tokenizer):
        self.base, self.retort, self.tokenizer = base, retort, tokenizer

    def model(self, **options):
        return LocalCompletionsAPI(
            base_url=self.base + "/v1/completions", model="bundled", tokenizer=self.tokenizer,
            tokenizer_backend="huggingface", max_length=1024, max_retries=1, **options)

    def scored(self, tokens):
        """The log-probability of each token but the first, as the command computes it."""
        output = subprocess.run(
            [self.retort, "score", "bundled", "--json", "--cache-type", "f16", "--ids",
             ",".join(map(str, tokens))], check=True, capture_output=True).stdout
        values = json.loads(output)["logprobs"]
        return values[-(len(tokens) - 1):]


def likelihoods(model, pairs):
    requests = [Instance("loglikelihood", {}, pair, index) for index, pair in enumerate(pairs)]
    return model.loglikelihood(requests, disable_tqdm=True)


def expected(bench, model, context, continuation):
    """As lm_eval splits them: by the encodings of the context and of the whole."""
    if context:
        front, rest = model._encode_pair(context, continuation)
    else:
        front, rest = [model.prefix_token_id], model.tok_encode(continuation)
    return sum(bench.scored(front + rest)[len(front) - 1:])


def compare(found, wanted):
    assert abs(found - wanted) < TOLERANCE, f"{found} over the server, {wanted} by retort score"


def agrees(bench, **options):
    model = bench.model(**options)
    for pair, (found, _) in zip(PAIRS, likelihoods(model, PAIRS), strict=True):
        compare(found, expected(bench, model, *pair))


@check("log-likelihoods of one request at a time are those of retort score")
def single(bench):
    agrees(bench, batch_size=1)


@check("so are those of several prompts in a request")
def batched(bench):
    agrees(bench, batch_size=4)


@check("so are those of several requests at once")
def concurrent(bench):
    agrees(bench, batch_size=2, num_concurrent=4)


@check("the token of temperature 0 is known as greedy, and another is not")
def greedy(bench):
    model = bench.model()
    checked = 0
    for prompt in ["What is 12 + 7?", "What is 3 * 45?", "12 + 7 =", "The answer", "a", "1 + 1"]:
        request = Instance("generate_until", {}, (
            prompt, {"until": ["\n"], "max_gen_toks": 1, "temperature": 0}), 0)
        [text] = model.generate_until([request], disable_tqdm=True)
        front, rest = model._encode_pair(prompt, text) if text.strip() else ([], [])
        # The text must be read as the token that it was.
        if len(rest) != 1 or front != model.tok_encode(prompt):
            continue
        checked += 1
        [(_, is_greedy), (_, is_other)] = likelihoods(model, [(prompt, text), (prompt, "qzj")])
        assert is_greedy, f"{text!r} came at temperature 0 after {prompt!r} and is not greedy"
        assert not is_other, f"'qzj' after {prompt!r} is greedy"
    assert checked >= 2, f"only {checked} prompts gave a text of one token"


@check("a text's rolling log-likelihood is the sum over its tokens")
def rolling(bench):
    model = bench.model()
    text = "What is 12 + 7? It is 19. What is 3 * 45? It is 135."
    found = model.loglikelihood_rolling(
        [Instance("loglikelihood_rolling", {}, (text,), 0)], disable_tqdm=True)[0]
    compare(found, sum(bench.scored([model.prefix_token_id, *model.tok_encode(text)])))


def main():
    parser = support.parser(__doc__)
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True)
    options = parser.parse_args()
    os.environ.setdefault("OPENAI_API_KEY", "none")
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    retort, tokenizer = str(options.retort), str(options.tokenizer)
    if options.base:
        support.finish("lm_eval", check.run(Bench(options.base, retort, tokenizer)))
    with support.serving(options.retort) as base:
        result = check.run(Bench(base, retort, tokenizer))
    support.finish("lm_eval", result)


if __name__ == "__main__":
    main()
