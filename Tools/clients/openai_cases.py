# SPDX-License-Identifier: Apache-2.0
"""The cases of check_openai.py that need no server but the one with the bundled model."""

import array
import asyncio
import base64
import json
import math
import time
import typing
import urllib.error
import urllib.request

import openai
import pydantic

import support

QUESTION = [{"role": "user", "content": "What is 12 + 7?"}]
PRODUCT = [{"role": "user", "content": "What is 417 times 386?"}]
# All of these make the server work for long: none of the answers ends by itself.
ENDLESS = {"n": 8, "max_tokens": 900, "extra_body": {"ignore_eos": True}}
# The marker that closes a thought counts with the thought, also where there is no other token.
MARKER = 1
check = support.Checks()


class Place(pydantic.BaseModel):
    city: typing.Literal["Rome", "Oslo"]


class Trip(pydantic.BaseModel):
    """Takes references, a choice, a list and limits in its schema."""
    place: Place
    days: typing.Annotated[int, pydantic.Field(ge=1, le=30)]
    by_train: bool
    stops: typing.Annotated[list[Place], pydantic.Field(max_length=2)]
    guide: typing.Literal["Ann"] | None


def client(base, kind=openai.OpenAI, **options):
    return kind(base_url=base + "/v1", **{"api_key": "none", "max_retries": 0, "timeout": 120, **options})


def chat(**options):
    return {"model": "bundled", "messages": QUESTION, "max_tokens": 300, "temperature": 0, **options}


def ask(base, **options):
    return client(base).chat.completions.create(**chat(**options))


def answer(base, **options):
    return ask(base, **options).choices[0].message


def complete(base, prompt="12 + 7 = ", **options):
    """A completion of just 12 tokens."""
    return client(base).completions.create(
        **{"model": "bundled", "prompt": prompt, "max_tokens": 12, "temperature": 0,
           "extra_body": {"ignore_eos": True}, **options})


def respond(base, **options):
    return client(base).responses.create(
        **{"model": "bundled", "input": QUESTION[0]["content"], "temperature": 0, **options})


def tokens(base, text):
    """Token ids, by the server's own path beside OpenAI's."""
    return client(base).with_options(base_url=base).post(
        "/tokenize", cast_to=object, body={"prompt": text, "add_special_tokens": False})["tokens"]


def gather(chunks):
    """The answers of a stream by their index, with their texts and last finish reason."""
    found = {}
    for chunk in chunks:
        for choice in chunk.choices:
            one = found.setdefault(choice.index, {"thought": "", "text": "", "finish": None, "logprobs": []})
            assert one["finish"] is None, "a chunk follows the one with the finish reason"
            one["thought"] += getattr(choice.delta, "reasoning_content", None) or ""
            one["text"] += choice.delta.content or ""
            one["finish"] = choice.finish_reason
            one["logprobs"] += (choice.logprobs and choice.logprobs.content) or []
    return found


def reasoning(answered):
    return answered.usage.completion_tokens_details.reasoning_tokens


def idle(base):
    """Waits until nothing is computed or waits."""
    names = "vllm:num_requests_running", "vllm:num_requests_waiting"
    support.until(lambda: not any(support.total(base, name) for name in names))


def refused(code, param, kind=openai.BadRequestError):
    """The block must be refused with this code for this field."""
    return support.raises(kind, code=code, param=param)


def ends_early(base, leave):
    """What the block starts must be broken off when its client has left."""
    before = support.total(base, "vllm:generation_tokens_total")
    leave()
    idle(base)
    made = support.total(base, "vllm:generation_tokens_total") - before
    assert made < ENDLESS["n"] * ENDLESS["max_tokens"] / 2, f"{made} tokens were made for nobody"
    assert "19" in answer(base).content


# Chat


@check("an answer has its thought apart, under two names, and counts that add up")
def whole(base):
    got = ask(base)
    assert (got.object, got.model, got.id[:9]) == ("chat.completion", "bundled", "chatcmpl-")
    assert abs(got.created - time.time()) < 60
    choice, usage = got.choices[0], got.usage
    assert (len(got.choices), choice.index, choice.finish_reason, choice.logprobs) == (1, 0, "stop", None)
    message = choice.message
    assert (message.role, message.refusal, message.tool_calls) == ("assistant", None, None)
    assert "19" in message.content and "think>" not in message.content, message.content
    assert message.reasoning_content and message.reasoning_content == message.reasoning
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert 0 < reasoning(got) < usage.completion_tokens
    assert abs(reasoning(got) - len(tokens(base, message.reasoning_content))) < 5, usage


@check("chunks come as role, thought, answer, finish reason, and the usage last")
def order(base):
    got = ask(base)
    chunks = list(ask(base, stream=True, stream_options={"include_usage": True}))
    assert {(chunk.id, chunk.object, chunk.model) for chunk in chunks} == {
        (chunks[0].id, "chat.completion.chunk", "bundled")}
    *deltas, last = chunks
    kinds = []
    for chunk in deltas:
        assert chunk.usage is None and "usage" in chunk.model_fields_set, "usage is not null"
        delta = chunk.choices[0].delta
        assert getattr(delta, "reasoning", None) == getattr(delta, "reasoning_content", None)
        kind = ("role" if delta.role else "thought" if getattr(delta, "reasoning_content", None)
                else "text" if delta.content else "finish")
        kinds += [kind] if kinds[-1:] != [kind] else []
    assert kinds == ["role", "thought", "text", "finish"], kinds
    assert last.choices == [] and last.usage.completion_tokens == got.usage.completion_tokens, last
    assert reasoning(last) == reasoning(got)
    one = gather(chunks)[0]
    assert (one["thought"], one["text"], one["finish"]) == (
        got.choices[0].message.reasoning_content, got.choices[0].message.content, "stop")
    assert all(chunk.choices and not chunk.usage for chunk in ask(base, stream=True)), "usage unasked for"


@check("the asynchronous client gets the same, four at once, streamed or not")
def asynchronous(base):
    async def run():
        async with client(base, openai.AsyncOpenAI) as ai:
            whole = await asyncio.gather(*[ai.chat.completions.create(**chat()) for _ in range(4)])
            chunks = [chunk async for chunk in await ai.chat.completions.create(**chat(stream=True))]
            return {got.choices[0].message.content for got in whole}, gather(chunks)[0]["text"]
    texts, streamed = asyncio.run(run())
    assert texts == {streamed} == {answer(base).content}, (texts, streamed)


@check("a prompt that came before is cached, and counts as such")
def cached(base):
    messages = [{"role": "system", "content": "Be exact. " * 40 + str(time.time_ns())}, *QUESTION]
    first, second = (ask(base, messages=messages, max_tokens=5).usage for _ in range(2))
    assert second.prompt_tokens == first.prompt_tokens
    assert first.prompt_tokens_details.cached_tokens < second.prompt_tokens_details.cached_tokens
    assert first.prompt_tokens / 2 < second.prompt_tokens_details.cached_tokens < first.prompt_tokens


@check("a thinking budget bounds the thought, and the answer still comes")
def budget(base):
    assert reasoning(ask(base, messages=PRODUCT)) > 50
    for body in [{"thinking_budget": 9}, {"thinking_budget_tokens": 9},
                 {"thinking": {"type": "enabled", "budget_tokens": 9}}]:
        got = ask(base, messages=PRODUCT, extra_body=body)
        assert 0 < reasoning(got) <= 9 + MARKER and got.choices[0].message.content, (body, got)
    got = ask(base, messages=PRODUCT, max_tokens=40)
    assert reasoning(got) <= 30 + MARKER and got.choices[0].message.content, got


@check("reasoning_effort is taken, and none leaves the thought out")
def effort(base):
    usual = answer(base)
    for word in ["minimal", "low", "medium", "high", "xhigh"]:
        assert answer(base, reasoning_effort=word) == usual, word
    for options in [{"reasoning_effort": "none"}, {"extra_body": {"thinking": {"type": "disabled"}}},
                    {"extra_body": {"enable_thinking": False}}]:
        got = ask(base, **options)
        assert not hasattr(got.choices[0].message, "reasoning_content"), got
        assert got.choices[0].message.content and reasoning(got) <= MARKER, got
        assert not gather(ask(base, stream=True, **options))[0]["thought"]
    with refused("invalid_value", "reasoning_effort"):
        ask(base, reasoning_effort="utmost")


@check("a started answer is gone on with, and roles and parts of a conversation are taken")
def conversation(base):
    started = {"role": "assistant", "content": "12 + 7 =", "prefix": True}
    got = ask(base, messages=[*QUESTION, started])
    assert not hasattr(got.choices[0].message, "reasoning_content") and reasoning(got) == 0, got
    prompt = "<|im_start|>user\nWhat is 12 + 7?<|im_end|>\n<|im_start|>assistant\n12 + 7 ="
    assert got.choices[0].message.content == complete(base, prompt, max_tokens=300, extra_body={}).choices[0].text
    first = answer(base)
    got = answer(base, messages=[
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What is "}, {"type": "text", "text": "12 + 7?"}]},
        first.model_dump(exclude_none=True), {"role": "user", "content": "What is 3 * 45?"}])
    assert "135" in got.content, got


@check("stop strings end the answer, not the thought, and are left out")
def stop(base):
    text = answer(base).content
    assert "+" in answer(base).reasoning_content and "=" in text
    for value in ["=", ["never said", "="]]:
        choice = ask(base, stop=value).choices[0]
        assert choice.message.content == text[:text.index("=")] and choice.finish_reason == "stop", choice
        assert gather(ask(base, stop=value, stream=True))[0]["text"] == text[:text.index("=")]


@check("max_completion_tokens and max_tokens bound an answer, and the reason is length")
def limit(base):
    for options in [{"max_completion_tokens": 5}, {"max_tokens": 5}, {"max_tokens": 5, "stream": True,
                                                   "stream_options": {"include_usage": True}}]:
        got = ask(base, **options)
        chunks = list(got) if "stream" in options else None
        finish = gather(chunks)[0]["finish"] if chunks else got.choices[0].finish_reason
        usage = (chunks[-1] if chunks else got).usage
        assert (finish, usage.completion_tokens) == ("length", 5), (options, finish, usage)


@check("ignore_eos goes on to the limit")
def endless(base):
    got = ask(base, max_tokens=200, extra_body={"ignore_eos": True})
    assert (got.choices[0].finish_reason, got.usage.completion_tokens) == ("length", 200)
    assert complete(base, max_tokens=200, extra_body={}).choices[0].finish_reason == "stop"
    got = complete(base, max_tokens=200)
    assert (got.choices[0].finish_reason, got.usage.completion_tokens) == ("length", 200)


@check("n gives that many answers, streamed or not, and the prompt counts once")
def several(base):
    got = ask(base, n=3, temperature=1.5, seed=5, max_tokens=60)
    assert [choice.index for choice in got.choices] == [0, 1, 2]
    assert len({choice.message.reasoning_content for choice in got.choices}) > 1, "all answers are one"
    assert got.usage.prompt_tokens == ask(base, max_tokens=1).usage.prompt_tokens
    streamed = gather(ask(base, n=3, temperature=1.5, seed=5, max_tokens=60, stream=True))
    assert sorted(streamed) == [0, 1, 2]
    for choice in got.choices:
        assert streamed[choice.index]["text"] == choice.message.content


@check("a seed repeats an answer, others differ")
def seed(base):
    texts = [answer(base, temperature=1.5, seed=number, max_tokens=60).model_dump() for number in [7, 7, 8, -9]]
    assert texts[0] == texts[1] and texts[0] not in texts[2:], texts


@check("logit_bias and penalties change what is said")
def bias(base):
    first = tokens(base, "x")[0]
    assert complete(base, max_tokens=4, logit_bias={str(first): 100}).choices[0].text == "xxxx"
    digits = {str(tokens(base, digit)[0]): -100 for digit in "0123456789"}
    assert not any(letter.isdigit() for letter in answer(base, logit_bias=digits).content)
    usual = complete(base, max_tokens=60).choices[0].text
    for name in ["frequency_penalty", "presence_penalty"]:
        assert complete(base, max_tokens=60, **{name: 2}).choices[0].text != usual, name
        with refused("invalid_value", name):
            complete(base, **{name: 2.5})
    with refused("invalid_value", "logit_bias"):
        complete(base, logit_bias={"99999999": 1})


def text_of(entries):
    return b"".join(bytes(entry.bytes) for entry in entries).decode()


@check("log-probabilities are those of the answer's tokens, streamed or not")
def logprobs(base):
    choice = ask(base, logprobs=True, top_logprobs=3).choices[0]
    entries = choice.logprobs.content
    assert text_of(entries).strip() == choice.message.content, entries
    for entry in entries:
        values = [top.logprob for top in entry.top_logprobs]
        assert len(values) == 3 and values == sorted(values, reverse=True) and values[0] <= 0, entry
        assert entry.top_logprobs[0].token == entry.token and entry.logprob == values[0], entry
        assert sum(map(math.exp, values)) < 1.0001
    assert choice.logprobs.refusal is None and "refusal" in choice.logprobs.model_fields_set
    streamed = gather(ask(base, logprobs=True, top_logprobs=3, stream=True))[0]["logprobs"]
    assert [entry.token for entry in streamed] == [entry.token for entry in entries]
    plain = ask(base, logprobs=True).choices[0].logprobs.content
    assert len(plain) == len(entries) and not plain[0].top_logprobs
    with refused("invalid_value", "top_logprobs"):
        ask(base, top_logprobs=3)


@check("the tokens that have log-probabilities make up the content, to the letter")
def logprobs_text(base):
    choice = ask(base, logprobs=True).choices[0]
    text = text_of(choice.logprobs.content)
    assert text == choice.message.content, (text, choice.message.content)


@check("response_format json_object and json_schema give such answers after the thought")
def forms(base):
    got = ask(base, response_format={"type": "json_object"}, max_tokens=500).choices[0]
    if got.finish_reason == "stop":
        assert isinstance(json.loads(got.message.content), dict), got
    schema = {"type": "object", "required": ["sum"], "additionalProperties": False,
              "properties": {"sum": {"type": "integer", "minimum": 0, "maximum": 99}}}
    form = {"type": "json_schema", "json_schema": {"name": "sum", "schema": schema, "strict": True}}
    message = answer(base, response_format=form)
    assert 0 <= json.loads(message.content)["sum"] <= 99 and message.reasoning_content, message
    assert gather(ask(base, response_format=form, stream=True))[0]["text"] == message.content
    form["json_schema"]["schema"] = {"type": "nonsense"}
    with refused("invalid_value", "response_format"):
        ask(base, response_format=form)


@check("chat.completions.parse() gives a pydantic object, or says that the answer is cut")
def parsed(base):
    parse = client(base).chat.completions.parse
    message = parse(**chat(response_format=Trip, max_tokens=500)).choices[0].message
    assert isinstance(message.parsed, Trip) and message.parsed.model_dump(), message
    with support.raises(openai.LengthFinishReasonError):
        parse(**chat(response_format=Trip, max_tokens=6))


@check("chat.completions.stream() accumulates to the answer that comes without a stream")
def helper(base):
    with client(base).chat.completions.stream(**chat(
            logprobs=True, stream_options={"include_usage": True})) as events:
        events = list(events) + [events.get_final_completion()]
    *events, final = events
    message, usual = final.choices[0].message, ask(base)
    assert message.content == usual.choices[0].message.content == "".join(
        event.delta for event in events if event.type == "content.delta")
    assert message.reasoning_content == usual.choices[0].message.reasoning_content
    assert final.usage.completion_tokens == usual.usage.completion_tokens
    kinds = {event.type for event in events}
    assert kinds == {"chunk", "content.delta", "content.done", "logprobs.content.delta",
                     "logprobs.content.done"}, kinds
    with client(base).chat.completions.stream(**chat(response_format=Trip, max_tokens=500)) as events:
        done = [event for event in events if event.type == "content.done"]
        assert done[0].parsed == events.get_final_completion().choices[0].message.parsed
        assert isinstance(done[0].parsed, Trip)


# Completions, embeddings, models


@check("a completion goes on with a text or with token ids, one prompt or several")
def prompts(base):
    text = complete(base).choices[0].text
    ids = tokens(base, "12 + 7 = ")
    assert text and complete(base, ids).choices[0].text == text
    for several in [["12 + 7 = ", "3 + 4 = "], [ids, tokens(base, "3 + 4 = ")]]:
        got = complete(base, several, n=2)
        assert [choice.index for choice in got.choices] == [0, 1, 2, 3]
        assert [choice.text for choice in got.choices[:2]] == [text, text], got
        assert got.choices[2].text == got.choices[3].text == complete(base, "3 + 4 = ").choices[0].text
        assert got.usage.completion_tokens == 48 and got.usage.prompt_tokens < 4 * len(ids)
    assert complete(base, stop=text[3]).choices[0].text == text[:text.index(text[3])]
    for name, value in [("suffix", "end"), ("best_of", 3)]:
        with refused("unsupported_parameter", name):
            complete(base, **{name: value})
    with refused("invalid_value", "prompt[0]"):
        complete(base, [99999999])


@check("a completion streams in parts, with its prompt if asked, and the usage last")
def completion_stream(base):
    got = complete(base, echo=True)
    *chunks, last = complete(base, echo=True, stream=True, stream_options={"include_usage": True})
    assert "".join(chunk.choices[0].text for chunk in chunks) == got.choices[0].text
    assert got.choices[0].text.startswith("12 + 7 = ")
    assert [chunk.choices[0].finish_reason for chunk in chunks][-1] == got.choices[0].finish_reason == "length"
    assert last.choices == [] and last.usage.completion_tokens == 12 and len(chunks) > 4
    entries = [chunk.choices[0].logprobs for chunk in complete(base, stream=True, logprobs=2)]
    whole = complete(base, logprobs=2).choices[0].logprobs
    assert [token for entry in entries for token in entry.tokens] == whole.tokens
    assert [place for entry in entries for place in entry.text_offset] == whole.text_offset


@check("echo with logprobs has the prompt's tokens in the old shape, and max_tokens may be 0")
def echo(base):
    prompt = "12 + 7 = 19, ¾ × 8 = 6"
    for limit in [0, 1, 5]:
        got = complete(base, prompt, max_tokens=limit, echo=True, logprobs=2)
        choice, shown = got.choices[0], got.choices[0].logprobs
        assert choice.text.startswith(prompt) and (limit or choice.text == prompt)
        assert got.usage.completion_tokens == limit and len(shown.tokens) == got.usage.total_tokens
        assert shown.token_logprobs[0] is None and shown.top_logprobs[0] is None
        assert all(value <= 0 for value in shown.token_logprobs[1:])
        for index, token in enumerate(shown.tokens):
            if not token.startswith("bytes:"):
                assert choice.text[shown.text_offset[index]:].startswith(token), (index, token, choice.text)
            if index:
                assert shown.top_logprobs[index][token] == shown.token_logprobs[index]
                assert len(shown.top_logprobs[index]) in (2, 3)
    made = complete(base, logprobs=0, max_tokens=8).choices[0]
    ids = [token for text in ["12 + 7 = ", *made.logprobs.tokens] for token in tokens(base, text)]
    again = complete(base, ids, max_tokens=0, echo=True, logprobs=0)
    for one, other in zip(made.logprobs.token_logprobs, again.choices[0].logprobs.token_logprobs[-8:]):
        assert abs(one - other) < 1e-2, (made.logprobs, again.choices[0].logprobs)


@check("embeddings have the length one, as numbers, as base64 and of token ids")
def embeddings(base):
    embed = client(base).embeddings.create
    floats = embed(model="bundled", input=["one", "two"], encoding_format="float")
    assert [item.index for item in floats.data] == [0, 1] and floats.usage.total_tokens > 0
    for item in floats.data:
        assert abs(math.hypot(*item.embedding) - 1) < 1e-4
    assert floats.data[0].embedding != floats.data[1].embedding
    usual = embed(model="bundled", input=["one", "two"])  # the SDK asks for base64 and reads it
    coded = embed(model="bundled", input=["one", "two"], encoding_format="base64")
    for number, item, text in zip(floats.data, usual.data, coded.data):
        values = array.array("f", base64.b64decode(text.embedding)).tolist()
        assert all(abs(a - b) < 1e-6 and b == c for a, b, c in zip(number.embedding, values, item.embedding))
        assert len(values) == len(number.embedding) == len(item.embedding)
    by_id = embed(model="bundled", input=tokens(base, "one"), encoding_format="float").data[0].embedding
    assert math.dist(by_id, floats.data[0].embedding) < 1e-4
    with refused("invalid_value", "dimensions"):
        embed(model="bundled", input="one", dimensions=3)


@check("models are listed and found by name")
def models(base):
    listed = list(client(base).models.list())
    found = client(base).models.retrieve("bundled")
    assert found in listed and (found.object, found.id) == ("model", "bundled"), listed
    with support.raises(openai.NotFoundError, code="model_not_found"):
        client(base).models.retrieve("not-there")


# Responses


@check("a response has a thought, a text and usage, and is kept until it is deleted")
def response(base):
    responses, got = client(base).responses, respond(base, instructions="Be brief.", metadata={"a": "b"})
    assert (got.object, got.status, got.error, got.metadata) == ("response", "completed", None, {"a": "b"})
    assert [item.type for item in got.output] == ["reasoning", "message"] and "19" in got.output_text
    usage = got.usage
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    assert 0 < usage.output_tokens_details.reasoning_tokens < usage.output_tokens
    assert responses.retrieve(got.id) == got
    again = respond(base, input="What is 3 * 45?", previous_response_id=got.id)
    assert "135" in again.output_text and again.previous_response_id == got.id
    items = [{"role": "user", "content": "What is 12 + 7?"}, *got.output, {"role": "user", "content": "And 3 * 45?"}]
    assert respond(base, input=items).output_text
    responses.delete(got.id)
    unkept = respond(base, store=False)
    for gone in [got.id, unkept.id]:
        with support.raises(openai.NotFoundError):
            responses.retrieve(gone)
    short = respond(base, max_output_tokens=16, reasoning={"effort": "none"}, input=PRODUCT)
    assert short.usage.output_tokens_details.reasoning_tokens <= MARKER
    short = respond(base, max_output_tokens=16, input=PRODUCT)
    assert (short.status, short.incomplete_details.reason) == ("incomplete", "max_output_tokens")


@check("a response's events are numbered and placed, and accumulate to it")
def response_stream(base):
    events = list(respond(base, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"] and kinds[-1] == "response.completed"
    final = events[-1].response
    for event in events[2:-1]:
        item = final.output[event.output_index]
        if "output_item" not in event.type:
            assert (event.item_id, event.content_index) == (item.id, 0), event
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == final.output_text
    with client(base).responses.stream(model="bundled", input="What is 12 + 7?", temperature=0) as stream:
        kinds = {event.type for event in stream}
        assert stream.get_final_response().output_text == final.output_text == respond(base).output_text
    assert {"response.reasoning_text.delta", "response.output_text.done", "response.output_item.done"} <= kinds


@check("responses.parse() gives a pydantic object")
def response_parsed(base):
    got = client(base).responses.parse(
        model="bundled", input="What is 12 + 7?", temperature=0, text_format=Trip, max_output_tokens=500)
    assert isinstance(got.output_parsed, Trip), got


# Faults


@check("faults have the SDK's classes, and a code and param as at OpenAI")
def faults(base):
    for options, code, param in [
            ({"messages": []}, "empty_array", "messages"), ({"temperature": 7}, "invalid_value", "temperature"),
            ({"messages": [{"role": "user", "content": 5}]}, "invalid_type", "messages[0].content"),
            ({"messages": [{"role": "user", "content": "12 + " * 1500}]}, "context_length_exceeded", "messages"),
            ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
             "unsupported_content", "messages[0].content[0].type"),
            ({"max_tokens": 0}, "invalid_value", "max_tokens"), ({"n": 0}, "invalid_value", "n")]:
        for stream in [False, True]:
            with refused(code, param):
                ask(base, stream=stream, **options)
    for call in [ask, complete, respond]:
        with refused("model_not_found", "model", openai.NotFoundError):
            call(base, model="not-there")
    try:
        ask(base, messages=[])
    except openai.BadRequestError as error:
        assert set(error.body) == {"message", "type", "param", "code"}, error.body
        assert error.type == "invalid_request_error" and error.request_id, error.body


@check("a body that is no JSON is 400, so that the SDK does not repeat it")
def malformed(base):
    request = urllib.request.Request(
        base + "/v1/chat/completions", b'{"model": "bundled", ', {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as error:
        body = json.load(error)["error"]
        assert error.code == 400 and body["type"] == "invalid_request_error", (error.code, body)
        assert body["param"] is None and isinstance(body["code"], str), body
    else:
        raise AssertionError("half an object was taken")
    name = 'retort:http_responses_total{status="400"}'
    before = support.metrics(base)[name]
    with support.raises(openai.BadRequestError):
        client(base, max_retries=2).chat.completions.create(**chat(messages=[]))
    assert support.metrics(base)[name] == before + 1


@check("another method than a path has is 405 and names those that it has")
def method(base):
    for call, path, allowed in [("get", "/chat/completions", "POST"), ("post", "/models", "GET")]:
        try:
            getattr(client(base), call)(path, cast_to=object)
        except openai.APIStatusError as error:
            assert error.status_code == 405 and allowed in error.response.headers["allow"], error
            assert error.code == "method_not_allowed", error.body
        else:
            raise AssertionError(f"{call} {path} was answered")


@check("a stream on the wire is events and comments only, and ends with [DONE]")
def wire(base):
    with client(base).chat.completions.with_streaming_response.create(**chat(stream=True)) as got:
        assert got.headers["content-type"].startswith("text/event-stream") and got.headers["x-request-id"]
        lines = [line for line in got.iter_lines() if line]
    assert all(line.startswith(("data: ", ":")) for line in lines), lines
    assert lines[-1] == "data: [DONE]"
    first = next(json.loads(line[6:]) for line in lines if line.startswith("data: "))
    assert first["choices"][0] == {"index": 0, "delta": {"role": "assistant", "content": ""},
                                   "logprobs": None, "finish_reason": None}, first


@check("a body above 16 MiB is 413")
def too_large(base):
    with support.raises(openai.APIStatusError, status_code=413, code="body_too_large"):
        ask(base, messages=[{"role": "user", "content": "x" * (17 << 20)}])
    assert "19" in answer(base).content


@check("closing a stream, or cancelling its task, frees its place")
def cancel(base):
    def close():
        with ask(base, stream=True, **ENDLESS) as stream:
            next(iter(stream))

    def leave():
        async def run():
            async with client(base, openai.AsyncOpenAI) as ai:
                task = asyncio.create_task(ai.chat.completions.create(**chat(**ENDLESS)))
                await asyncio.sleep(0.1)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                assert task.cancelled(), "the answer came before it was cancelled"
        asyncio.run(run())

    for way in [close, leave]:
        ends_early(base, way)
