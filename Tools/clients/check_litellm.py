#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""litellm's deepseek/ and openai/ adapters over the server.

    python Tools/clients/check_litellm.py [--retort PATH | --base URL]

Needs requirements-litellm.txt.
"""

import asyncio
import json
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # no look-up on the network

import litellm

import support

QUESTION = [{"role": "user", "content": "What is 12 + 7?"}]
WEATHER = {"type": "function", "function": {
    "name": "weather", "description": "The weather of a city",
    "parameters": {"type": "object", "required": ["city"], "additionalProperties": False,
                   "properties": {"city": {"enum": ["Rome", "Oslo"]}}}}}
ADAPTERS = ["deepseek", "openai"]
litellm.suppress_debug_info = True
litellm.telemetry = False
check = support.Checks()
tools = support.Checks()


def options(base, adapter, **more):
    # A local DeepSeek address has no /v1 of its own: both forms are answered.
    address = base if adapter == "deepseek" else base + "/v1"
    return {"model": f"{adapter}/bundled", "api_base": address, "api_key": "none",
            "messages": QUESTION, "max_tokens": 300, "temperature": 0, "num_retries": 0,
            "timeout": 120, **more}


def ask(base, adapter, **more):
    return litellm.completion(**options(base, adapter, **more))


def gather(chunks):
    """(thought, content, last finish reason, usage) of a stream."""
    thought, content, reason, usage = "", "", None, None
    for chunk in chunks:
        usage = getattr(chunk, "usage", None) or usage
        for choice in chunk.choices:
            thought += getattr(choice.delta, "reasoning_content", None) or ""
            content += choice.delta.content or ""
            reason = choice.finish_reason or reason
    return thought, content, reason, usage


def for_each(name):
    """A check for each adapter."""
    def add(function):
        for adapter in ADAPTERS:
            check(f"{adapter}/: {name}")(lambda base, adapter=adapter: function(base, adapter))
        return function
    return add


@for_each("the thought comes as reasoning_content, apart from the answer")
def whole(base, adapter):
    answer = ask(base, adapter)
    message = answer.choices[0].message
    assert message.reasoning_content, message
    assert "19" in message.content and "think>" not in message.content, message
    assert answer.choices[0].finish_reason == "stop"
    usage = answer.usage
    assert usage.prompt_tokens > 0 and usage.completion_tokens > 0, usage
    assert usage.completion_tokens_details.reasoning_tokens > 0, usage


@for_each("a stream has the same thought and answer in parts, and the usage")
def streamed(base, adapter):
    message = ask(base, adapter).choices[0].message
    thought, content, reason, usage = gather(
        ask(base, adapter, stream=True, stream_options={"include_usage": True}))
    assert thought == message.reasoning_content, (thought, message.reasoning_content)
    assert content == message.content, (content, message.content)
    assert reason == "stop", reason
    assert usage and usage.completion_tokens > 0, usage


@for_each("an answer of a JSON schema or any object is one")
def formed(base, adapter):
    answer = ask(base, adapter, response_format={"type": "json_object"}, max_tokens=500)
    if answer.choices[0].finish_reason == "stop":
        assert isinstance(json.loads(answer.choices[0].message.content), dict)
    if adapter == "openai":
        schema = {"type": "object", "required": ["sum"], "additionalProperties": False,
                  "properties": {"sum": {"type": "integer", "minimum": 0, "maximum": 99}}}
        answer = ask(base, adapter, response_format={
            "type": "json_schema", "json_schema": {"name": "a", "schema": schema,
                                                   "strict": True}})
        assert 0 <= json.loads(answer.choices[0].message.content)["sum"] <= 99


@for_each("faults have litellm's classes")
def errors(base, adapter):
    try:
        ask(base, adapter, model=f"{adapter}/not-there")
    except litellm.NotFoundError:
        pass
    else:
        raise AssertionError("an unknown model was served")
    try:
        ask(base, adapter, messages=[{"role": "user", "content": "x"}], temperature=9)
    except litellm.BadRequestError:
        pass
    else:
        raise AssertionError("temperature 9 was taken")


@for_each("asynchronous calls at once answer as single ones")
def concurrent(base, adapter):
    async def all_at_once():
        return await asyncio.gather(*[
            litellm.acompletion(**options(base, adapter)) for _ in range(4)])
    single = ask(base, adapter).choices[0].message.content
    assert {answer.choices[0].message.content for answer in asyncio.run(all_at_once())} == {single}


@check("openai/: embeddings come")
def embeddings(base):
    answer = litellm.embedding(
        model="openai/bundled", api_base=base + "/v1", api_key="none", input=["one", "two"],
        encoding_format="float")
    assert len(answer.data) == 2 and len(answer.data[0]["embedding"]) > 8


@tools("both adapters: a tool that must be called is, streamed or not")
def called(base):
    for adapter in ADAPTERS:
        more = dict(tools=[WEATHER], tool_choice="required")
        choice = ask(base, adapter, **more).choices[0]
        call = choice.message.tool_calls[0]
        assert choice.finish_reason == "tool_calls", choice
        assert call.function.name == "weather"
        assert json.loads(call.function.arguments)["city"] in ("Rome", "Oslo")
        rebuilt = litellm.stream_chunk_builder(
            list(ask(base, adapter, stream=True, **more)), messages=QUESTION)
        streamed = rebuilt.choices[0].message.tool_calls[0]
        assert streamed.function.arguments == call.function.arguments, (streamed, call)


def main():
    arguments = support.parser(__doc__).parse_args()
    if arguments.base:
        support.finish("litellm", check.run(arguments.base))
    with support.serving(arguments.retort) as base:
        results = [check.run(base)]
    with support.serving(arguments.retort, "--template", support.TOOLS_TEMPLATE) as base:
        results.append(tools.run(base))
    support.finish("litellm", *results)


if __name__ == "__main__":
    main()
