#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""OpenAI's SDK over chat, completions, responses, embeddings and models.

    python Tools/clients/check_openai.py [--retort PATH | --base URL]

Needs requirements-openai.txt. Most cases are in openai_cases.py; here are those that need a server
of their own: with a template that knows tools, with one place, and with keys.
"""

import concurrent.futures
import contextlib
import json
import pathlib
import subprocess
import tempfile
import time

import openai

import support
from openai_cases import (ENDLESS, QUESTION, Place, answer, ask, chat, check, client, ends_early,
                          idle, refused, respond)

SCHEMA = {"type": "object", "required": ["city"], "additionalProperties": False,
          "properties": {"city": {"enum": ["Rome", "Oslo"]}, "days": {"enum": [1, 2, 3]}}}
WEATHER = {"type": "function", "function": {
    "name": "weather", "description": "The weather of a city", "parameters": SCHEMA}}
TIME = {"type": "function", "function": {
    "name": "time", "parameters": {"type": "object", "required": [], "properties": {}, "additionalProperties": False}}}
NAMED = {"type": "function", "function": {"name": "weather"}}
KEY = "sk-check-0123456789abcdef0123456789abcdef"
OTHER = "sk-other-0123456789abcdef0123456789abcdef"
tools = support.Checks()
limits = support.Checks()
keys = support.Checks()
rates = support.Checks()


# Tools


@tools("a function that must be called is, with arguments of its schema, streamed or not")
def forced(base):
    for choice in ["required", NAMED]:
        options = dict(tools=[WEATHER, TIME] if choice is NAMED else [WEATHER], tool_choice=choice)
        got = ask(base, **options).choices[0]
        assert got.finish_reason == "tool_calls" and not got.message.content, got
        assert got.message.reasoning_content, "the thought is missing"
        call, = got.message.tool_calls
        assert (call.type, call.function.name) == ("function", "weather") and call.id
        assert json.loads(call.function.arguments)["city"] in ("Rome", "Oslo")
        chunks = [chunk.choices[0] for chunk in ask(base, stream=True, **options)]
        deltas = [delta for chunk in chunks for delta in chunk.delta.tool_calls or []]
        assert deltas[0].id and deltas[0].type == "function" and deltas[0].function.name == "weather"
        assert all(delta.index == 0 and not delta.id for delta in deltas[1:])
        assert "".join(delta.function.arguments for delta in deltas) == call.function.arguments
        assert len(deltas) > 2 and chunks[-1].finish_reason == "tool_calls"


@tools("tool_choice required leaves the choice of function, and it is of those that there are")
def any_of(base):
    calls = answer(base, tools=[WEATHER, TIME], tool_choice="required").tool_calls
    assert calls and {call.function.name for call in calls} <= {"weather", "time"}, calls


@tools("tool_choice none calls nothing and auto may answer")
def none(base):
    assert not answer(base, tools=[WEATHER], tool_choice="none").tool_calls
    assert answer(base, tools=[WEATHER], tool_choice="auto", parallel_tool_calls=False)
    with refused("invalid_value", "tool_choice"):
        ask(base, tools=[WEATHER], tool_choice={"type": "function", "function": {"name": "other"}})
    with refused("invalid_value", "tool_choice"):
        ask(base, tool_choice="required")


@tools("parse() and the stream helper read a call's arguments as a pydantic object")
def parsed(base):
    options = chat(tools=[openai.pydantic_function_tool(Place, name="place")], tool_choice="required")
    got = client(base).chat.completions.parse(**options).choices[0].message.tool_calls[0].function
    assert isinstance(got.parsed_arguments, Place), got
    with client(base).chat.completions.stream(**options) as events:
        done = [event for event in events if event.type == "tool_calls.function.arguments.done"]
        final = events.get_final_completion().choices[0].message.tool_calls[0].function
    assert done[0].parsed_arguments == final.parsed_arguments == got.parsed_arguments, (done, final)


@tools("a call's result goes back to the model, and tools count as input")
def results(base):
    called = answer(base, tools=[WEATHER], tool_choice="required")
    got = ask(base, tools=[WEATHER], messages=[
        *QUESTION, called.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": called.tool_calls[0].id, "content": "sunny"}])
    assert got.choices[0].message.content
    plain = ask(base, max_tokens=1).usage.prompt_tokens
    assert ask(base, max_tokens=1, tools=[WEATHER]).usage.prompt_tokens > plain


@tools("responses call functions too, streamed or not, and take their results")
def responses(base):
    options = dict(tools=[{"type": "function", "strict": True, **WEATHER["function"]}], tool_choice="required")
    got = respond(base, **options)
    call = got.output[-1]
    assert (call.type, call.name) == ("function_call", "weather"), got.output
    assert json.loads(call.arguments)["city"] in ("Rome", "Oslo")
    events = list(respond(base, stream=True, **options))
    partial = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
    assert "".join(partial) == events[-1].response.output[-1].arguments == call.arguments
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    assert respond(base, input=[result], previous_response_id=got.id).output_text


# One place


def held(base):
    """A stream that keeps the place and the queue busy, for as long as it is open."""
    stream = ask(base, stream=True, **ENDLESS)
    next(iter(stream))
    return contextlib.closing(stream)


@limits("two answers are made with one place")
def one_place(base):
    got = ask(base, n=2)
    assert len(got.choices) == 2 and got.choices[0].message == got.choices[1].message


@limits("a client's time-out frees its place")
def time_out(base):
    def leave():
        with support.raises(openai.APITimeoutError):
            client(base, timeout=0.2).chat.completions.create(**chat(**ENDLESS))
    ends_early(base, leave)


@limits("a full queue is RateLimitError with Retry-After, streamed or not")
def full(base):
    with held(base):
        for stream in [False, True]:
            try:
                ask(base, n=4, stream=stream)
            except openai.RateLimitError as error:
                assert int(error.response.headers["retry-after"]) > 0, error.response.headers
                assert error.code == "queue_full" and error.type == "rate_limit_error", error.body
            else:
                raise AssertionError("more was taken than the queue holds")
    idle(base)


@limits("the SDK's own retries wait as long as they are told, and get their answer")
def retried(base):
    start, before = time.monotonic(), support.total(base, "retort:refusals_total")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with held(base):
            waiting = pool.submit(client(base, max_retries=2).chat.completions.create, **chat(n=4))
            support.until(lambda: support.total(base, "retort:refusals_total") > before)
        assert len(waiting.result().choices) == 4
    assert time.monotonic() - start >= 1


# Keys


@keys("a key is needed, and a wrong one is AuthenticationError")
def key(base):
    one = chat(max_tokens=1)
    assert client(base, api_key=KEY).chat.completions.create(**one).choices
    for wrong in ["none", KEY + "x", KEY[:-1]]:
        for options in [one, {**one, "stream": True}]:
            with support.raises(openai.AuthenticationError, status_code=401, code="invalid_api_key"):
                client(base, api_key=wrong).chat.completions.create(**options)
        with support.raises(openai.AuthenticationError):
            client(base, api_key=wrong).models.list()


@keys("a response belongs to the key that made it")
def owned(base):
    made = client(base, api_key=KEY).responses.create(model="bundled", input="12 + 7")
    assert client(base, api_key=KEY).responses.retrieve(made.id).id == made.id
    with support.raises(openai.NotFoundError):
        client(base, api_key=OTHER).responses.retrieve(made.id)


@rates("a key's requests in a minute are counted, and more are RateLimitError with Retry-After")
def rate(base, limited):
    ai = client(base, api_key=limited)
    assert ai.chat.completions.create(**chat(max_tokens=1)).choices
    try:
        ai.chat.completions.create(**chat(max_tokens=1))
    except openai.RateLimitError as error:
        assert 0 < int(error.response.headers["retry-after"]) <= 60, error.response.headers
        assert error.code == "rate_limit_exceeded", error.body
    else:
        raise AssertionError("a second request in the minute was taken")


def main():
    options = support.parser(__doc__).parse_args()
    if options.base:
        support.finish("openai", check.run(options.base))
    with support.serving(options.retort) as base:
        results = [check.run(base)]
    with support.serving(options.retort, "--template", support.TOOLS_TEMPLATE) as base:
        results.append(tools.run(base))
    with support.serving(options.retort, "--parallel", 1, "--queue", ENDLESS["n"]) as base:
        results.append(limits.run(base))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "keys"
        path.write_text(f"{KEY}\n{OTHER}\n")
        with support.serving(options.retort, "--api-keys", path) as base:
            results.append(keys.run(base))
        database = pathlib.Path(folder) / "server.sqlite"
        limited = subprocess.run(
            [options.retort, "keys", "add", "check", "--rpm", "1", "--database", database],
            check=True, capture_output=True, text=True).stdout.strip()
        with support.serving(options.retort, "--database", database) as base:
            results.append(rates.run(base, limited))
    support.finish("openai", *results)


if __name__ == "__main__":
    main()
