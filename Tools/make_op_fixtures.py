#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gradients of every op of the tape, by PyTorch in float64, checked against finite differences.

    python3 Tools/make_op_fixtures.py Tests/RetortTensorTests/Fixtures/ops

Needs torch 2.13.0, safetensors 0.8.0 (Tools/requirements.txt). For each case a file of f32: the inputs
under their names, `weights` (the loss is the sum of weights * output; several outputs stand side by
side), `out`, and `grad.NAME` for each input. Packed documents begin where STARTS says. torch's own
gradcheck compares each function with finite differences before its gradients are written.
"""
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

torch.manual_seed(3)
D = torch.float64
LENGTH = 11
STARTS = [0, 0, 0, 0, 4, 4, 4, 4, 4, 9, 9] + [0] * 11
ROWS = 2 * LENGTH


def normal(*shape):
    return torch.randn(*shape, dtype=D)


def rms(x, w, eps=1e-5):
    shape = x.shape
    x = x.view(*shape[:-1], -1, w.shape[0])
    return (w * x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps)).view(shape)


def angles(pairs):
    place = torch.tensor([i % LENGTH - s for i, s in enumerate(STARTS)], dtype=D)
    turns = place[:, None] * 10000.0 ** (-torch.arange(pairs, dtype=D) / pairs)
    return turns.cos()[:, None], turns.sin()[:, None]


def rope(x, head, pairs, interleaved):
    cos, sin = angles(pairs)
    x = x.view(ROWS, -1, head)
    still, turned = x[..., :head - 2 * pairs], x[..., head - 2 * pairs:]
    a, b = (turned[..., ::2], turned[..., 1::2]) if interleaved else turned.chunk(2, -1)
    first, second = a * cos - b * sin, b * cos + a * sin
    out = torch.stack((first, second), -1).flatten(-2) if interleaved else torch.cat((first, second), -1)
    return torch.cat((still, out), -1).reshape(ROWS, -1)


def attention(q, k, v, heads, kv_heads, scale):
    def split(x, n):
        return x.view(2, LENGTH, n, -1).transpose(1, 2)
    q, k, v = split(q, heads), split(k, kv_heads), split(v, kv_heads)
    k, v = (x.repeat_interleave(heads // kv_heads, 1) for x in (k, v))
    place = torch.arange(LENGTH)
    starts = torch.tensor(STARTS).view(2, 1, LENGTH, 1)
    sees = (place[None, None, :, None] >= place) & (place >= starts)
    scores = (q @ k.transpose(-1, -2) * scale).masked_fill(~sees, -torch.inf)
    return (scores.softmax(-1) @ v).transpose(1, 2).reshape(ROWS, -1)


def latent_keys(expanded, shared, heads, nope):
    parts = expanded.view(ROWS, heads, -1)
    keys = torch.cat((parts[..., :nope], shared[:, None].expand(-1, heads, -1)), -1)
    return torch.cat((keys.reshape(ROWS, -1), parts[..., nope:].reshape(ROWS, -1)), -1)


def experts(x, residual, router, gate, up, down, softmax, normalise, scale, alpha, per_token):
    """Sequence-wise balance loss: DeepSeek-V3 (2024), equations 17 to 20."""
    logits = x @ router.T
    scores = logits.softmax(-1) if softmax else logits.sigmoid()
    chosen = scores.topk(per_token, -1).indices
    weights = scores.gather(1, chosen)
    if normalise:
        weights = weights / weights.sum(-1, keepdim=True)
    weights = weights * scale
    out = residual
    for place in range(per_token):
        g, u, d = gate[chosen[:, place]], up[chosen[:, place]], down[chosen[:, place]]
        hidden = F.silu(torch.einsum("ti,toi->to", x, g)) * torch.einsum("ti,toi->to", x, u)
        out = out + weights[:, place, None] * torch.einsum("ti,toi->to", hidden, d)
    count = router.shape[0]
    share = torch.zeros(ROWS, count, dtype=D).scatter(1, chosen, 1).view(2, LENGTH, count).mean(1)
    share = share * count / per_token
    mean = (scores / scores.sum(-1, keepdim=True)).view(2, LENGTH, count).mean(1)
    return out, alpha * (share * mean).sum(-1).sum()


def divergence(logits, ids, teacher, kind, temperature=1.0, beta=0.5):
    """Of the outcomes `ids`, and of all others as one."""
    p, q = (logits / temperature).softmax(-1), teacher
    if ids.shape[1] < logits.shape[1]:
        own = p.gather(-1, ids)
        p = torch.cat([own, 1 - own.sum(-1, keepdim=True)], -1)
        q = torch.cat([q, 1 - q.sum(-1, keepdim=True)], -1)
    else:
        p = p.gather(-1, ids)
    m = beta * q + (1 - beta) * p
    terms = {
        "forward": q * (q.log() - p.log()),
        "reverse": p * (p.log() - q.log()),
        "jsd": beta * q * (q.log() - m.log()) + (1 - beta) * p * (p.log() - m.log()),
    }[kind] * temperature ** 2
    return terms.sum(-1)


def case(root, name, function, inputs, constants=None, loss=False):
    names = list(inputs)
    leaves = [inputs[key].clone().requires_grad_() for key in names]
    assert torch.autograd.gradcheck(function, leaves, atol=1e-6), name
    out = function(*leaves)
    extra = 0
    if isinstance(out, tuple):
        out, extra = out
    weights = torch.ones_like(out) if loss else normal(*out.shape)
    ((weights * out).sum() + extra).backward()
    tensors = {key: value for key, value in inputs.items()}
    tensors.update(constants or {})
    tensors["out"] = out.detach()
    tensors["weights"] = weights
    for key, leaf in zip(names, leaves):
        tensors[f"grad.{key}"] = leaf.grad
    save_file({k: v.float().contiguous() for k, v in tensors.items()}, root / f"{name}.safetensors")
    print(name)


def main():
    root = Path(sys.argv[1])
    root.mkdir(parents=True, exist_ok=True)
    x = normal(ROWS, 20)
    case(root, "linear", lambda x, w: x @ w.T, dict(x=x, w=normal(13, 20)))
    case(root, "linear-bias-residual", lambda x, w, b, r: r + x @ w.T + b,
         dict(x=x, w=normal(13, 20), b=normal(13), r=normal(ROWS, 13)))
    case(root, "linears", lambda x, w, v: torch.cat((x @ w.T, x @ v.T), -1),
         dict(x=x, w=normal(13, 20), v=normal(37, 20)))
    case(root, "linear-wide", lambda x, w: x @ w.T, dict(x=normal(ROWS, 3), w=normal(70, 3)))
    case(root, "rms-norm", rms, dict(x=x, w=normal(20)))
    case(root, "rms-norm-heads", rms, dict(x=x, w=normal(5)))
    for name, pairs, interleaved in [("half", 4, False), ("interleaved", 4, True), ("part", 3, False)]:
        case(root, f"rotate-{name}", lambda x, p=pairs, i=interleaved: rope(x, 8, p, i),
             dict(x=normal(ROWS, 24)))
    for name, heads, kv, key, value in [
            ("plain", 2, 2, 6, 6), ("grouped", 4, 2, 6, 6), ("unequal", 2, 2, 10, 4),
            ("wide", 1, 1, 34, 34)]:
        case(root, f"attention-{name}",
             lambda q, k, v, h=heads, n=kv, d=key: attention(q, k, v, h, n, d ** -0.5),
             dict(q=normal(ROWS, heads * key), k=normal(ROWS, kv * key), v=normal(ROWS, kv * value)))
    case(root, "gated", lambda g, u: F.silu(g) * u, dict(g=normal(ROWS, 18), u=normal(ROWS, 18)))
    case(root, "gated-linear", lambda g, u, w, r: r + (F.silu(g) * u) @ w.T,
         dict(g=normal(ROWS, 18), u=normal(ROWS, 18), w=normal(9, 18), r=normal(ROWS, 9)))
    case(root, "split", lambda x: x * torch.cat((torch.full((7,), 2.0, dtype=D), torch.ones(13, dtype=D))),
         dict(x=x))
    case(root, "concatenate", lambda x, y: torch.cat((x, y), -1), dict(x=x, y=normal(ROWS, 6)))
    case(root, "latent-keys", lambda e, s: latent_keys(e, s, 3, 4),
         dict(expanded=normal(ROWS, 3 * (4 + 5)), shared=normal(ROWS, 6)))
    for name, softmax, normalise, scale, alpha in [
            ("sigmoid", False, True, 2.5, 0.3), ("softmax", True, False, 1.0, 0.2),
            ("softmax-normalised", True, True, 1.0, 0.0)]:
        case(root, f"experts-{name}",
             lambda x, r, router, g, u, d, s=softmax, n=normalise, c=scale, a=alpha:
                 experts(x, r, router, g, u, d, s, n, c, a, 2),
             dict(x=normal(ROWS, 8), residual=normal(ROWS, 8), router=normal(5, 8),
                  gate=normal(5, 6, 8), up=normal(5, 6, 8), down=normal(5, 8, 6)))
    targets = torch.randint(0, 19, (ROWS,))
    case(root, "head-cross-entropy",
         lambda x, w: F.cross_entropy(x @ w.T, targets, reduction="none"),
         dict(x=x, w=normal(19, 20)), dict(targets=targets), loss=True)
    teacher = normal(ROWS, 19).softmax(-1)
    order = torch.stack([torch.randperm(19) for _ in range(ROWS)])
    top = teacher.topk(5, -1)
    some = dict(ids=top.indices, teacher=top.values)
    every = dict(ids=order, teacher=teacher.gather(-1, order))
    for kind in ["forward", "reverse", "jsd"]:
        for name, known, settings in [
            ("", every, {}), ("-top", some, {}), ("-top-warm", some, dict(temperature=2.0)),
            ("-skewed", every, dict(beta=0.1)),
        ]:
            if "skewed" in name and kind != "jsd":
                continue
            case(root, f"head-{kind}{name}",
                 lambda x, w, k=kind, o=known, e=settings: divergence(
                     x @ w.T, o["ids"], o["teacher"], k, **e),
                 dict(x=x, w=normal(19, 20)), dict(targets=targets, **known), loss=True)
    save_file(dict(starts=torch.tensor(STARTS).float()), root / "starts.safetensors")


if __name__ == "__main__":
    main()
