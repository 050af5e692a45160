# SPDX-License-Identifier: Apache-2.0
"""Trains the bundled model from scratch on generated problems; `--resume` goes on from a checkpoint.

    python train.py --tokenizer DIR --out DIR --minutes 40 --seed 1

The schedule follows the clock: warm-up, constant, then linear decay over the last part of
`--minutes`, so that a run ends in time whatever else the machine does. Only what the model writes
(thought, answer, end token) is scored; prompts are not.
"""

import argparse
import json
import pathlib
import random
import time

import torch
from torch import distributed, multiprocessing
from tokenizers import Tokenizer
from transformers import Qwen2Config, Qwen2ForCausalLM

import data

FIRST_LINE_WEIGHT = 3.0


def configuration(vocabulary, end, pad, hidden, layers):
    return Qwen2Config(
        vocab_size=vocabulary, hidden_size=hidden, intermediate_size=hidden * 8 // 3 // 32 * 32,
        num_hidden_layers=layers, num_attention_heads=hidden // 32, num_key_value_heads=2 if hidden % 64 == 0 else 1,
        max_position_embeddings=1024, rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        rms_norm_eps=1e-6, tie_word_embeddings=True, bos_token_id=None, eos_token_id=end, pad_token_id=pad)


class Batches:
    """An endless stream of steps; a step is a list of (ids, labels, weights) micro-batches of like length.

    The first line of the thought weighs more: there the model takes the request's numbers or declines,
    and few tokens carry that.
    """

    def __init__(self, tokenizer, seed, micro_tokens, micros, out_share):
        self.tokenizer, self.rng = tokenizer, random.Random(seed)
        self.micro_tokens, self.micros, self.out_share = micro_tokens, micros, out_share
        self.end, self.pad = tokenizer.token_to_id("<|im_end|>"), tokenizer.token_to_id("<|endoftext|>")
        self.newlines = {i for text, i in tokenizer.get_vocab().items() if "Ċ" in text}  # such as ".\n"

    def pool(self, samples=1536):
        pairs = [data.sample(self.rng, self.out_share) for _ in range(samples)]
        prompts = self.tokenizer.encode_batch([p for p, _ in pairs])
        targets = self.tokenizer.encode_batch([t for _, t in pairs])
        rows = [(p.ids, t.ids + [self.end]) for p, t in zip(prompts, targets)]
        rows.sort(key=lambda r: len(r[0]) + len(r[1]))
        batches, batch = [], []
        for row in rows:
            if batch and (len(batch) + 1) * (len(row[0]) + len(row[1])) > self.micro_tokens:
                batches.append(batch)
                batch = []
            batch.append(row)
        batches.append(batch)
        self.rng.shuffle(batches)
        return batches

    def __iter__(self):
        queue = []
        while True:
            while len(queue) < self.micros:
                queue += self.pool()
            yield [self.tensors(b) for b in queue[:self.micros]]
            queue = queue[self.micros:]

    def tensors(self, batch):
        width = max(len(p) + len(t) for p, t in batch)
        ids = torch.full((len(batch), width), self.pad)
        labels = torch.full((len(batch), width), -100)
        weights = torch.ones((len(batch), width))
        for i, (prompt, target) in enumerate(batch):
            row = torch.tensor(prompt + target)
            ids[i, :len(row)] = row
            labels[i, len(prompt):len(row)] = row[len(prompt):]
            first = next(n for n, token in enumerate(target, 1) if token in self.newlines)
            weights[i, len(prompt):len(prompt) + first] = FIRST_LINE_WEIGHT
        return ids[:, :-1], labels[:, 1:], weights[:, 1:]


def loss_sum(model, ids, labels, weights, half):
    """Weighted cross-entropy summed over the scored positions. Right padding needs no mask under causality."""
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
        scored = labels != -100
        logits = model.lm_head(hidden[scored])
    losses = torch.nn.functional.cross_entropy(logits.float(), labels[scored], reduction="none")
    return (losses * weights[scored]).sum(), int(scored.sum())


def rate(fraction, peak, decay):
    """The learning rate at a fraction of the run: 2 % warm-up, constant, linear to 2 % at the end."""
    if fraction < 0.02:
        return peak * max(fraction / 0.02, 0.02)
    if fraction < 1 - decay:
        return peak
    return peak * max((1 - fraction) / decay, 0.02)


def save(model, optimizer, state, args):
    temporary = args.out / "checkpoint.tmp"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "state": state}, temporary)
    temporary.rename(args.out / "checkpoint.pt")
    model.save_pretrained(args.out / "hf")


def average_gradients(model, scored, loss, seconds):
    """Sums the processes' gradients and counts in place; returns (scored, loss, mean seconds) of all.

    The processes share one clock so that they take the same rate and stop together.
    """
    flat = torch.cat([p.grad.flatten() for p in model.parameters()] + [torch.tensor([scored, loss, seconds])])
    distributed.all_reduce(flat)
    scored, loss, seconds = flat[-3:].tolist()
    flat /= scored
    offset = 0
    for p in model.parameters():
        p.grad.copy_(flat[offset:offset + p.numel()].view_as(p))
        offset += p.numel()
    return scored, loss, seconds / distributed.get_world_size()


def train(rank, args):
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    distributed.init_process_group("gloo", init_method=f"file://{args.out.resolve()}/rendezvous", rank=rank,
                                   world_size=args.processes)
    tokenizer = Tokenizer.from_file(str(args.tokenizer / "tokenizer.json"))
    config = configuration(tokenizer.get_vocab_size(), tokenizer.token_to_id("<|im_end|>"),
                           tokenizer.token_to_id("<|endoftext|>"), args.hidden, args.layers)
    model = Qwen2ForCausalLM(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.rate, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
    state = {"step": 0, "tokens": 0, "scored": 0, "samples": 0, "seconds": 0.0}
    if args.resume:
        checkpoint = torch.load(args.out / "checkpoint.pt")
        model.load_state_dict(checkpoint["model"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        state = checkpoint["state"]
    # A resumed run draws fresh problems: the stream is endless and its position is not kept.
    seed = (args.seed * 1_000_000 + state["step"]) * args.processes + rank
    batches = iter(Batches(tokenizer, seed, args.micro_tokens, args.micros, args.out_share))
    if rank == 0:
        print(f"{sum(p.numel() for p in model.parameters())} parameters", flush=True)

    model.train()
    start, saved, average = time.time() - state["seconds"], time.time(), None
    while True:
        fraction = state["seconds"] / (args.minutes * 60)
        if fraction >= 1 or (args.steps and state["step"] >= args.steps):
            break
        for group in optimizer.param_groups:
            group["lr"] = rate(fraction, args.rate, args.decay)
        scored, loss = 0, 0.0
        for ids, labels, weights in next(batches):
            part, count = loss_sum(model, ids, labels, weights, args.bf16)
            part.backward()
            scored += count
            loss += part.item()
            state["tokens"] += ids.numel() * args.processes
            state["samples"] += len(ids) * args.processes
        scored, loss, state["seconds"] = average_gradients(model, scored, loss, time.time() - start)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        state["step"] += 1
        state["scored"] += int(scored)
        average = loss / scored if average is None else 0.95 * average + 0.05 * loss / scored
        if rank:
            continue
        if state["step"] % 20 == 0:
            print(f"step {state['step']} {state['seconds'] / 60:.1f} min loss {average:.4f} "
                  f"lr {optimizer.param_groups[0]['lr']:.5f} {state['tokens'] / 1e6:.2f} M tokens "
                  f"{state['tokens'] / state['seconds']:.0f}/s", flush=True)
        if time.time() - saved > 120:
            save(model, optimizer, state, args)
            saved = time.time()
    if rank == 0:
        save(model, optimizer, state, args)
        (args.out / "run.json").write_text(json.dumps({**state, "loss": average, "arguments": {
            k: v for k, v in vars(args).items() if not isinstance(v, pathlib.Path)}}, indent=2) + "\n")
    distributed.destroy_process_group()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--minutes", type=float, default=40, help="of this run and those it resumes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--decay", type=float, default=0.4, help="the share of the run in which the rate falls")
    parser.add_argument("--micro-tokens", type=int, default=2048)
    parser.add_argument("--micros", type=int, default=2, help="micro-batches a step and process")
    parser.add_argument("--out-share", type=float, default=0.3, help="samples outside the model's scope")
    parser.add_argument("--processes", type=int, default=2, help="data-parallel, one thread each")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--steps", type=int, default=0, help="stop after so many steps (0: by the clock)")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "rendezvous").unlink(missing_ok=True)
    multiprocessing.spawn(train, (args,), args.processes)


if __name__ == "__main__":
    main()
