#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the reference values of the data tests of RetortTrainingTests.

Writes small tokenizers, chat templates and, for conversations rendered by them, the ids and masks
that transformers gives. Where a template marks what the assistant wrote, the mask is that of
apply_chat_template(return_assistant_tokens_mask=True); otherwise it is what TRL trains on: what a
conversation has beyond its prompt with the generation prompt.
Pinned: transformers==5.24.0, tokenizers==0.23.3, jinja2==3.1.6, safetensors==0.8.0.

    python3 Tools/make_training_data_fixtures.py
"""

import json
import pathlib

import tokenizers
import transformers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, trainers
from tokenizers import pre_tokenizers as pre
from transformers.utils import chat_template_utils

assert transformers.__version__ == "5.24.0", transformers.__version__
assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
OUT = pathlib.Path(__file__).parent.parent / "Tests/RetortTrainingTests/Fixtures/data"

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|user|>", "<|assistant|>", "<|end|>"]
PLAIN = ["<think>", "</think>"]
TEXT = """The model answers questions. The assistant thinks first and answers then: one and one
is two, two and two is four. A user asks what the weather in Zürich is; the assistant calls a tool.
system user assistant tool answer question weather city temperature name arguments function
Hello there, how are you? I am fine. What is 17 times 3? It is 51. Thank you! You are welcome.
"""

TEMPLATES = {
    # Qwen 2.5's shape, tools written as JSON.
    "plain": """{%- if tools %}
{{- '<|im_start|>system\\nTools:\\n' }}
{%- for tool in tools %}
{{- tool | tojson }}
{{- '\\n' }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + (message.content or '') }}
{%- for call in message.tool_calls or [] %}
{{- '\\n' + (call.function | tojson) }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    # The same with marks; two blocks in a message that calls.
    "marked": """{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' }}
{%- if message.role == 'assistant' %}
{%- generation %}{{ message.content or '' }}{% endgeneration %}
{%- for call in message.tool_calls or [] %}
{{- '\\n' }}{% generation %}{{ call.function | tojson }}{% endgeneration %}
{%- endfor %}
{%- generation %}{{ '<|im_end|>' }}{% endgeneration %}
{{- '\\n' }}
{%- else %}
{{- message.content + '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    # Roles are words: what the assistant wrote starts and ends inside of tokens.
    "words": """{% for message in messages %}
{% if message.role == 'assistant' %}
Assistant: {% generation %}{{ message.content }}{% endgeneration %}.
{% else %}
{{ message.role | capitalize }}: {{ message.content }}
{% endif %}
{% endfor %}
{% if add_generation_prompt %}
Assistant:{% endif %}
""",
    # Qwen3's habit: thoughts of earlier turns are dropped, the last has a thought in any case.
    "forgetful": """{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' }}
{%- if message.role == 'assistant' %}
{%- set content = message.content.split('</think>')[-1].lstrip('\\n') %}
{%- if loop.last %}
{%- set thought = message.reasoning_content or '' %}
{{- '<think>\\n' + thought + '\\n</think>\\n\\n' }}
{%- endif %}
{{- content }}
{%- else %}
{{- message.content }}
{%- endif %}
{{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    # Phi's habit: every conversation is closed.
    "closed": """{% for message in messages %}{% if message.role == 'assistant' %}{{ '<|assistant|>\\n' + message.content + '<|end|>\\n' }}{% else %}{{ '<|user|>\\n' + message.content + '<|end|>\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}""",
    # R1's habit: the turn is opened with a thought, which no written turn has.
    "opened": """{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + message.content.split('</think>')[-1] + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n<think>\\n' }}
{%- endif %}
""",
}


def message(role, content, **others):
    return {"role": role, "content": content, **others}


WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "Weather of a \"city\"",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}
CONVERSATIONS = {
    "one turn": [message("user", "What is 17 times 3?"), message("assistant", "It is 51.")],
    "two turns": [
        message("system", "You are terse."), message("user", "Hello there, how are you?"),
        message("assistant", "Fine 🙂 and you?"), message("user", "Thank you!"),
        message("assistant", "You are welcome.\n")],
    "thoughts": [
        message("user", "What is 1 and 1?"),
        message("assistant", "two", reasoning_content="One and one."),
        message("user", "And 2 and 2?"),
        message("assistant", "four", reasoning_content="Two and two is four.")],
    "ends with a question": [
        message("user", "Zürich?"), message("assistant", "A city — größer als Genf 👍🏽"),
        message("user", "What is the weather there?")],
    "opens with an answer": [message("assistant", "Hello there"), message("user", "Hello"),
                             message("assistant", "What is it?")],
    "no answer": [message("user", "Hello there")],
    "empty answer": [message("user", "Hello there"), message("assistant", "")],
    "decomposed": [message("user", "Zu\u0308rich e\u0301"), message("assistant", "e\u0301 Zu\u0308rich"),
                   message("user", "?"), message("assistant", "o\u0308")],
    "call": [
        message("user", "What is the weather in Zürich?"),
        message("assistant", "I ask.", tool_calls=[{"type": "function", "function": {
            "name": "get_weather", "arguments": {"city": "Zürich"}}}]),
        message("tool", "{\"temperature\": 17}"), message("assistant", "17 degrees.")],
}
PAIRS = [
    ("What is 17 times 3?", " It is 51."), ("What is 17 times 3? ", "It is 51."),
    ("Zür", "ich"), ("", "The model answers."), ("Hello there", ""), ("two and tw", "o is four"),
    ("🙂", "🙂"), ("A user asks", " what?<|im_end|>"),
]


def byte_level(normalizer=None):
    tokenizer = Tokenizer(models.BPE())
    if normalizer:
        tokenizer.normalizer = normalizer
    words = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    tokenizer.pre_tokenizer = pre.Sequence(
        [pre.Split(Regex(words), "isolated"), pre.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator([TEXT], trainers.BpeTrainer(
        vocab_size=380, initial_alphabet=pre.ByteLevel.alphabet(), show_progress=False))
    return tokenizer


def sentence_piece():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
        decoders.Strip(" ", 1, 0)])
    alphabet = sorted(set(chr(c) for c in range(33, 127)) | {"▁", "\n"})
    tokenizer.train_from_iterator(
        [w for line in TEXT.split("\n") for w in line.split(" ")],
        trainers.BpeTrainer(
            vocab_size=480, initial_alphabet=alphabet, show_progress=False,
            special_tokens=["<unk>"] + [f"<0x{b:02X}>" for b in range(256)]))
    data = json.loads(tokenizer.to_str())
    # The byte tokens are part of the model, not added ones.
    data["added_tokens"] = [t for t in data["added_tokens"] if not t["content"].startswith("<0x")]
    return Tokenizer.from_str(json.dumps(data))


def finished(tokenizer):
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in SPECIAL])
    tokenizer.add_tokens([AddedToken(t, normalized=False) for t in PLAIN])
    return tokenizer


def starting(offsets, spans):
    return [int(any(a <= start < b for a, b in spans)) for start, _ in offsets]


class Reference:
    def __init__(self, name, template):
        path = OUT / f"tokenizer-{name}.json"
        self.hf = transformers.PreTrainedTokenizerFast(
            tokenizer_file=str(path), eos_token="<|endoftext|>", chat_template=template)

    def render(self, messages, tools, asking):
        if not messages:
            # apply_chat_template takes no empty conversation.
            template = chat_template_utils._compile_jinja_template(self.hf.chat_template)
            return template.render(
                messages=[], tools=tools, documents=None, add_generation_prompt=asking,
                **self.hf.special_tokens_map)
        try:
            return self.hf.apply_chat_template(
                messages, tools=tools, add_generation_prompt=asking, tokenize=False)
        except Exception:
            return None

    def sample(self, text, spans):
        out = self.hf(text, add_special_tokens=False, return_offsets_mapping=True)
        mask = starting(out["offset_mapping"], spans)
        return {"ids": out["input_ids"], "mask": mask}

    def marked(self, messages, tools):
        out = self.hf.apply_chat_template(
            messages, tools=tools, tokenize=True, return_dict=True,
            return_assistant_tokens_mask=True)
        return {"ids": out["input_ids"], "mask": out["assistant_masks"]}

    def last(self, messages, tools):
        """What TRL makes of the conversation up to the last answer, split before it."""
        turn = max(i for i, m in enumerate(messages) if m["role"] == "assistant")
        prompt = self.render(messages[:turn], tools, True)
        whole = self.render(messages[:turn + 1], tools, False)
        if prompt is None or not whole.startswith(prompt) or prompt == whole:
            return None
        result = self.sample(whole, [(len(prompt), len(whole))])
        ids = self.hf(prompt, add_special_tokens=False)["input_ids"]
        if result["ids"][:len(ids)] == ids:
            trl = [0] * len(ids) + [1] * (len(result["ids"]) - len(ids))
            assert trl == result["mask"], (prompt, whole)
        return result

    def all(self, messages, tools):
        """All answers that the whole conversation has as they were asked for; the others alone."""
        whole = self.render(messages, tools, False)
        spans, alone, skipped = [], [], 0
        for turn, entry in enumerate(messages):
            if entry["role"] != "assistant":
                continue
            prompt = self.render(messages[:turn], tools, True)
            part = self.render(messages[:turn + 1], tools, False)
            if prompt is None or part is None or not part.startswith(prompt) or part == prompt:
                skipped += 1
                continue
            span = (len(prompt), len(part))
            if whole.startswith(part):
                spans.append(span)
            elif part.endswith("<|endoftext|>") and whole.startswith(part[:-13]):
                spans.append((span[0], span[1] - 13))
            else:
                alone.append(self.sample(part, [span]))
        samples = alone + ([self.sample(whole, spans)] if spans else [])
        return {"samples": samples, "skipped": skipped}


def write(name, value):
    (OUT / name).write_text(value if isinstance(value, str) else
                            json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    finished(byte_level()).save(str(OUT / "tokenizer-bytes.json"), pretty=False)
    finished(byte_level(normalizers.NFC())).save(str(OUT / "tokenizer-nfc.json"), pretty=False)
    finished(sentence_piece()).save(str(OUT / "tokenizer-pieces.json"), pretty=False)
    for name, source in TEMPLATES.items():
        write(f"{name}.jinja", source)
    chats, pairs = [], []
    for name in ("bytes", "nfc", "pieces"):
        for template, source in TEMPLATES.items():
            reference = Reference(name, source)
            for title, messages in CONVERSATIONS.items():
                if title == "call" and template not in ("plain", "marked"):
                    continue
                tools = [WEATHER] if title == "call" else None
                case = {"tokenizer": name, "template": template, "title": title}
                if template in ("marked", "words"):
                    case["marked"] = reference.marked(messages, tools)
                elif title != "no answer":
                    case["last"] = reference.last(messages, tools)
                    case["all"] = reference.all(messages, tools)
                chats.append(case)
        reference = Reference(name, None)
        for prompt, completion in PAIRS:
            case = reference.sample(
                prompt + completion, [(len(prompt), len(prompt + completion))])
            pairs.append({"tokenizer": name, "prompt": prompt, "completion": completion, **case})
    write("masks.json", {
        "conversations": {
            title: {"messages": messages, "tools": [WEATHER] if title == "call" else None}
            for title, messages in CONVERSATIONS.items()},
        "chats": chats, "pairs": pairs})
    print(f"{len(chats)} chats, {len(pairs)} pairs")


if __name__ == "__main__":
    main()
