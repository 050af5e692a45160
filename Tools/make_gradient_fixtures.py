#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gradients that transformers computes for some of the small checkpoints of make_model_fixtures.py.

    python3 Tools/make_gradient_fixtures.py Tests/RetortModelsTests/Fixtures [NAME...]

Needs torch 2.13.0, transformers 5.24.0, safetensors 0.8.0 (Tools/requirements.txt). Writes
gradients.safetensors into each folder, all f32: tokens, targets (-1: none), starts and positions
[rows, length]; loss [1], the mean over the targets; and the gradient of every parameter under its name.
The first row is one document, the second is packed of three, which do not see each other. Gates that
choose experts get none of the balance losses; those have their own tests. With a layer that predicts the
token after the next, both rows are one document and the loss is that of the two together.
"""
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.modeling_layers import MtpModel

CASES = [
    "llama-mha", "llama-biases", "llama-mqa-tied", "llama-head-dim", "llama-yarn", "qwen2-gqa",
    "qwen3-head-dim", "qwen3-tied-bias", "qwen3-moe", "deepseek-v2-lite", "deepseek-v3",
    "deepseek-v3-yarn-magnitudes", "deepseek-v3-unnormalised", "deepseek-v3-half-split",
    "deepseek-v3-mtp",
]
# What the predicting layer's loss is multiplied with.
PREDICTION = 0.3
LENGTH = 21
DOCUMENTS = [[LENGTH], [9, 1, 11]]


def batch(vocabulary, documents=DOCUMENTS):
    generator = torch.Generator().manual_seed(7)
    tokens = torch.randint(0, vocabulary, (2, LENGTH), generator=generator)
    starts = torch.zeros(2, LENGTH, dtype=torch.long)
    positions = torch.zeros(2, LENGTH, dtype=torch.long)
    targets = torch.full((2, LENGTH), -1, dtype=torch.long)
    for row, lengths in enumerate(documents):
        start = 0
        for length in lengths:
            end = start + length
            starts[row, start:end] = start
            positions[row, start:end] = torch.arange(length)
            targets[row, start:end - 1] = tokens[row, start + 1:end]
            start = end
    targets[0, :5] = -1  # a masked prompt
    return tokens, starts, positions, targets


def predictor_of(folder, model):
    """The predicting layer of a checkpoint, and what its tensors are called there."""
    predictor = MtpModel(model, 1).train()
    layer, stored = predictor.layers[0], load_file(folder / "model.safetensors")
    prefix = f"model.layers.{model.config.num_hidden_layers}."
    names = {}
    with torch.no_grad():
        for key, tensor in [*layer.named_parameters(), *layer.named_buffers()]:
            name = prefix + key.removeprefix("mtp_block.").replace("post_norm", "shared_head.norm")
            names[key] = name
            if name in stored:
                tensor.copy_(stored[name])
            elif name.endswith("gate_up_proj"):
                base = name.removesuffix("gate_up_proj")
                tensor.copy_(torch.stack([torch.cat([stored[f"{base}{i}.{half}_proj.weight"]
                                                     for half in ("gate", "up")]) for i in range(len(tensor))]))
            elif name.endswith("experts.down_proj"):
                base = name.removesuffix("down_proj")
                tensor.copy_(torch.stack(
                    [stored[f"{base}{i}.down_proj.weight"] for i in range(len(tensor))]))
            else:
                raise KeyError(name)
    return predictor, names


def prediction_loss(predictor, states, tokens):
    """The sum of the losses of the tokens after the next."""
    total = 0
    for row, state in zip(tokens, states):
        places = torch.arange(1, len(row))[None]
        after = predictor.forward_layer(0, state[None, :-1], places, None, input_ids=row[None, 1:])
        logits = predictor._project_to_logits(after)[0, :-1]
        total = total + torch.nn.functional.cross_entropy(logits, row[2:], reduction="sum")
    return total


def main():
    root = Path(sys.argv[1])
    for name in sys.argv[2:] or CASES:
        folder = root / name
        config = AutoConfig.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager").train()
        predictor = names = None
        if name.endswith("-mtp"):
            predictor, names = predictor_of(folder, model)
        documents = [[LENGTH], [LENGTH]] if predictor else DOCUMENTS
        tokens, starts, positions, targets = batch(config.vocab_size, documents)
        if predictor:
            targets[0, :LENGTH - 1] = tokens[0, 1:]
        place = torch.arange(LENGTH)
        sees = (place[None, :, None] >= place[None, None, :]) & (place[None, None, :] >= starts[:, :, None])
        mask = torch.where(sees, 0.0, torch.finfo(torch.float32).min)[:, None]
        result = model(
            input_ids=tokens, attention_mask=mask, position_ids=positions, output_hidden_states=True)
        logits = result.logits
        loss = torch.nn.functional.cross_entropy(
            logits.view(-1, logits.shape[-1]), targets.view(-1), ignore_index=-1)
        whole = loss
        if predictor:
            predicted = prediction_loss(predictor, result.hidden_states[-1], tokens)
            whole = loss + PREDICTION * predicted / (targets >= 0).sum()
        whole.backward()
        out = dict(tokens=tokens.float(), targets=targets.float(), starts=starts.float(),
                   positions=positions.float(), loss=loss.detach()[None])
        stored = load_file(folder / "model.safetensors").keys()
        grads = {}
        for key, parameter in model.named_parameters():
            if parameter.grad is not None:
                grads[key] = parameter.grad
        for key, parameter in predictor.layers[0].named_parameters() if predictor else ():
            if parameter.grad is not None:
                grads[names[key]] = parameter.grad
        out.update(split_experts(grads, stored))
        missing = [key for key in stored if key not in out and "e_score" not in key
                   and not (config.tie_word_embeddings and key == "lm_head.weight")]
        assert not missing, missing
        save_file({k: v.contiguous() for k, v in out.items()}, folder / "gradients.safetensors")
        print(name, f"{loss.item():.6f}")


def split_experts(grads, stored):
    """transformers holds experts stacked; checkpoints have one tensor for each."""
    out = {}
    for key, grad in grads.items():
        if key in stored or not (".experts." in key and grad.ndim == 3):
            out[key] = grad
            continue
        base, kind = key.rsplit(".", 1)
        for index in range(grad.shape[0]):
            if kind == "gate_up_proj":
                gate, up = grad[index].chunk(2, dim=0)
                out[f"{base}.{index}.gate_proj.weight"] = gate
                out[f"{base}.{index}.up_proj.weight"] = up
            else:
                out[f"{base}.{index}.{kind}.weight"] = grad[index]
    return out


if __name__ == "__main__":
    main()
