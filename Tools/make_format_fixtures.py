# SPDX-License-Identifier: Apache-2.0
"""Makes Tests/RetortFormatsTests/Fixtures, tiny models and files written by the reference libraries,
and from them the seeds in Fuzzing/Corpus.

    python Tools/make_format_fixtures.py

Versions: torch 2.13.0, transformers 5.24.0, safetensors 0.8.0, gguf 0.19.0, numpy 2.4.6
"""

import json
import math
import shutil
import struct
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Q
from safetensors.torch import save_file
from transformers import AutoConfig, GenerationConfig
from transformers import LlamaConfig, LlamaForCausalLM
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

ROOT = Path(__file__).parent.parent
OUT = ROOT / "Tests/RetortFormatsTests/Fixtures"
CORPUS = ROOT / "Fuzzing/Corpus"
EXPECTED: dict = {}

LAYER_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def digest(values) -> dict:
    """Enough of a tensor to tell whether it was read right."""
    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    weights = np.arange(flat.size) % 7 + 1
    return {
        "shape": list(np.asarray(values).shape),
        "first": [float(x) for x in flat[:4]],
        "last": [float(x) for x in flat[-4:]],
        "weighted_sum": float((flat * weights).sum()),
    }


def randomise(model: torch.nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            offset = 1.0 if "norm" in name else 0.0
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1 + offset)


def hugging_face(name: str, model, dtype, generation: GenerationConfig | None, shard: str) -> dict:
    randomise(model, seed=len(name))
    model = model.to(dtype)
    if generation is not None:
        model.generation_config = generation
    directory = OUT / name
    model.save_pretrained(directory, max_shard_size=shard)
    if generation is None:
        (directory / "generation_config.json").unlink(missing_ok=True)
    state = {k: v.float().numpy() for k, v in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        del state["lm_head.weight"]
    EXPECTED[name] = {k: digest(v) for k, v in state.items()}
    return state


def gguf_name(name: str) -> str:
    for hf, stored in [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("lm_head", "output"),
    ]:
        if name.startswith(hf + "."):
            return stored + name[len(hf) :]
    parts = name.split(".")
    return f"blk.{parts[2]}.{LAYER_NAMES['.'.join(parts[3:-1])]}.{parts[-1]}"


def interleave(rows: np.ndarray, heads: int) -> np.ndarray:
    half = rows.shape[0] // heads // 2
    order = [h * 2 * half + j * half + i for h in range(heads) for i in range(half) for j in (0, 1)]
    return rows[order]


def gguf_model(name: str, config, state: dict, qtype: Q, extra=None, **options) -> None:
    arch = config.model_type
    writer = gguf.GGUFWriter(OUT / f"{name}.gguf", arch, **options)
    writer.add_name(name)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_rope_dimension_count(head_dim)
    writer.add_vocab_size(config.vocab_size)
    if extra:
        extra(writer)
    expected = {}
    for hf_name, values in state.items():
        stored = values
        if arch == "llama" and ("q_proj" in hf_name or "k_proj" in hf_name):
            heads = config.num_attention_heads if "q_proj" in hf_name else config.num_key_value_heads
            stored = interleave(values, heads)
        qt = Q.F32 if stored.ndim < 2 else qtype
        data = gguf.quants.quantize(stored.astype(np.float32), qt)
        writer.add_tensor(gguf_name(hf_name), data, raw_dtype=qt)
        expected[hf_name] = digest(gguf.quants.dequantize(data, qt).reshape(stored.shape))
    EXPECTED[f"{name}.gguf"] = expected
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def models() -> None:
    rope = {
        "rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 8192,
    }
    llama = LlamaForCausalLM(LlamaConfig(
        vocab_size=40, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=16, max_position_embeddings=65536,
        rms_norm_eps=1e-5, rope_parameters=rope, bos_token_id=1, eos_token_id=[2, 3],
    ))
    generation = GenerationConfig(
        bos_token_id=1, eos_token_id=[2, 3], do_sample=True, temperature=0.6, top_p=0.95
    )
    state = hugging_face("llama", llama, torch.bfloat16, generation, shard="24KB")

    def llama3(writer):
        inv_freq = ROPE_INIT_FUNCTIONS["llama3"](llama.config, torch.device("cpu"))[0].double()
        plain = 10000.0 ** (-torch.arange(0, 16, 2, dtype=torch.float64) / 16)
        factors = (plain / inv_freq).float().numpy()
        EXPECTED["rope_freqs"] = [float(x) for x in factors]
        writer.add_tensor("rope_freqs.weight", factors, raw_dtype=Q.F32)
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_eot_token_id(3)
        writer.add_sampling_temp(0.6)
        writer.add_sampling_top_p(0.95)
        writer.add_sampling_top_k(20)

    gguf_model("llama-f16", llama.config, state, Q.F16, llama3)

    qwen2 = Qwen2ForCausalLM(Qwen2Config(
        vocab_size=40, hidden_size=32, intermediate_size=64, num_hidden_layers=1,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
        tie_word_embeddings=True, eos_token_id=5,
    ))
    state = hugging_face("qwen2", qwen2, torch.float16, None, shard="50GB")
    gguf_model("qwen2-q8_0", qwen2.config, state, Q.Q8_0)

    qwen3 = Qwen3ForCausalLM(Qwen3Config(
        vocab_size=40, hidden_size=32, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=1, head_dim=32, max_position_embeddings=128,
    ))
    state = hugging_face("qwen3", qwen3, torch.float32, None, shard="50GB")
    gguf_model("qwen3-bf16-split", qwen3.config, state, Q.BF16, split_max_tensors=6)


def every_type() -> None:
    """One GGUF file with all metadata value types and tensors of readable and other types."""
    writer = gguf.GGUFWriter(OUT / "types.gguf", "test")
    writer.add_uint8("t.uint8", 200)
    writer.add_int8("t.int8", -100)
    writer.add_uint16("t.uint16", 60000)
    writer.add_int16("t.int16", -30000)
    writer.add_uint32("t.uint32", 4000000000)
    writer.add_int32("t.int32", -2000000000)
    writer.add_uint64("t.uint64", 2**63 + 5)
    writer.add_int64("t.int64", -(2**62))
    writer.add_float32("t.float32", 0.15625)
    writer.add_float64("t.float64", math.pi)
    writer.add_bool("t.bool", True)
    writer.add_string("t.string", "naïve \N{HOURGLASS}")
    writer.add_array("t.ints", [1, -2, 3])
    writer.add_array("t.floats", [0.5, -1.25])
    writer.add_array("t.bools", [True, False, True])
    writer.add_array("t.strings", ["", "a", "Ġtoken", "\N{ANGSTROM SIGN}", "\N{LATIN CAPITAL LETTER A WITH RING ABOVE}"])
    writer.add_array("t.nested", [[1, 2], [3], [4, 5, 6]])
    random = np.random.default_rng(7)
    expected = {}
    for name, shape, qtype in [
        ("f32", (3, 5), Q.F32), ("f16", (2, 3, 4), Q.F16), ("bf16", (7,), Q.BF16), ("q8_0", (3, 64), Q.Q8_0),
        ("q5_0", (2, 96), Q.Q5_0),
    ]:
        values = random.standard_normal(shape).astype(np.float32)
        data = gguf.quants.quantize(values, qtype)
        writer.add_tensor(name, data, raw_dtype=qtype)
        expected[name] = digest(gguf.quants.dequantize(data, qtype).reshape(shape))
    writer.add_tensor("q4_k", np.zeros((2, 144), np.uint8), raw_dtype=Q.Q4_K)
    writer.add_tensor("i32", np.arange(6, dtype=np.int32))
    EXPECTED["types.gguf"] = expected
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    tensors = {
        "f32": torch.randn(3, 5, generator=torch.Generator().manual_seed(1)),
        "f16": torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(2)).half(),
        "bf16": torch.randn(7, generator=torch.Generator().manual_seed(3)).bfloat16(),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 4),
        "i64": torch.arange(3),
        "f8": torch.ones(4).to(torch.float8_e4m3fn),
        "flags": torch.tensor([True, False]),
    }
    save_file(tensors, OUT / "types.safetensors", metadata={"note": "all kinds"})
    EXPECTED["types.safetensors"] = {
        k: digest(v.float().numpy()) for k, v in tensors.items() if v.is_floating_point() and k != "f8"
    }


BASE = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100,
}
CONFIGS = {
    "llama with defaults": {"model_type": "llama"},
    "llama with null key-value heads": {"model_type": "llama", "num_key_value_heads": None},
    "llama 3.1": {
        "model_type": "llama", "num_key_value_heads": 2, "rope_theta": 500000.0,
        "max_position_embeddings": 131072, "rms_norm_eps": 1e-05,
        "rope_scaling": {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                         "original_max_position_embeddings": 8192, "rope_type": "llama3"},
    },
    "llama with biases": {"model_type": "llama", "attention_bias": True, "mlp_bias": True, "head_dim": 32},
    "linear scaling, old key": {"model_type": "llama", "rope_scaling": {"type": "linear", "factor": 4.0}},
    "rope_parameters": {
        "model_type": "qwen3", "num_key_value_heads": 2,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0},
    },
    "qwen2 with null key-value heads": {"model_type": "qwen2", "num_key_value_heads": None},
    "qwen2 with 32 heads and no key-value heads": {"model_type": "qwen2", "num_attention_heads": 32},
    "qwen2, yarn": {
        "model_type": "qwen2", "num_key_value_heads": 4, "rope_theta": 1000000, "tie_word_embeddings": True,
        "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768},
        "max_position_embeddings": 131072, "use_sliding_window": False, "sliding_window": 1024,
    },
    "qwen3, yarn with mscale": {
        "model_type": "qwen3", "num_key_value_heads": 4, "head_dim": 48,
        "rope_parameters": {"rope_type": "yarn", "factor": 40.0, "mscale": 1.0, "mscale_all_dim": 0.8,
                            "beta_fast": 16, "beta_slow": 0, "rope_theta": 20000.0,
                            "original_max_position_embeddings": 4096},
        "max_position_embeddings": 163840,
    },
    "yarn with attention factor": {
        "model_type": "qwen3", "num_key_value_heads": 4,
        "rope_scaling": {"rope_type": "yarn", "factor": 2.0, "attention_factor": 1.5},
    },
    "sliding window that no layer uses": {
        "model_type": "qwen2", "num_key_value_heads": 4, "use_sliding_window": True, "sliding_window": 16,
        "max_window_layers": 2,
    },
}


def configurations() -> None:
    """What transformers makes of config.json files."""
    cases = []
    scratch = OUT / "scratch"
    for name, fields in CONFIGS.items():
        document = {**BASE, **fields}
        scratch.mkdir(exist_ok=True)
        (scratch / "config.json").write_text(json.dumps(document))
        config = AutoConfig.from_pretrained(scratch)
        rope = dict(config.rope_parameters)
        attention = None
        if rope["rope_type"] == "yarn":
            attention = ROPE_INIT_FUNCTIONS["yarn"](config, torch.device("cpu"))[1]
        head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        cases.append({
            "name": name,
            "config": document,
            "expected": {
                "num_key_value_heads": config.num_key_value_heads,
                "head_dim": head_dim,
                "max_position_embeddings": config.max_position_embeddings,
                "rms_norm_eps": config.rms_norm_eps,
                "tie_word_embeddings": config.tie_word_embeddings,
                "attention_bias": getattr(config, "attention_bias", False),
                "mlp_bias": getattr(config, "mlp_bias", False),
                "rope_theta": rope["rope_theta"],
                "rope": rope,
                "yarn_attention_factor": attention,
            },
        })
    shutil.rmtree(scratch)
    (OUT / "configs.json").write_text(json.dumps(cases, indent=1))


def corpus() -> None:
    """Seeds for fuzzing: small files that reach every branch of the readers."""
    for target in ("FuzzGGUF", "FuzzSafetensors"):
        shutil.rmtree(CORPUS / target, ignore_errors=True)
        (CORPUS / target).mkdir(parents=True)
    shutil.copy(OUT / "types.gguf", CORPUS / "FuzzGGUF")
    shutil.copy(OUT / "types.safetensors", CORPUS / "FuzzSafetensors")
    # The safetensors target reads what follows the length as config.json too.
    texts = {f"config-{i}": json.dumps({**BASE, **c}) for i, c in enumerate(CONFIGS.values())}
    texts["generation"] = (OUT / "llama/generation_config.json").read_text()
    for name, text in texts.items():
        data = text.encode()
        (CORPUS / "FuzzSafetensors" / name).write_bytes(struct.pack("<Q", len(data)) + data)
    for arch, scaling in (("llama", "linear"), ("qwen2", "yarn"), ("qwen3", "none")):
        writer = gguf.GGUFWriter(CORPUS / "FuzzGGUF" / f"{arch}.gguf", arch)
        writer.add_block_count(1)
        writer.add_context_length(128)
        writer.add_embedding_length(64)
        writer.add_feed_forward_length(64)
        writer.add_head_count(2)
        writer.add_head_count_kv([1, 1] if arch == "llama" else 1)
        writer.add_key_length(32)
        writer.add_layer_norm_rms_eps(1e-6)
        writer.add_rope_scaling_type(gguf.RopeScalingType(scaling))
        writer.add_rope_scaling_factor(4.0)
        writer.add_token_list(["a", "b"])
        if arch != "qwen3":
            writer.add_tensor("token_embd.weight", np.ones((2, 64), np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    models()
    every_type()
    configurations()
    (OUT / "expected.json").write_text(json.dumps(EXPECTED, indent=0))
    corpus()
