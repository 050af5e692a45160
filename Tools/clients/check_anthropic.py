#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Anthropic's SDK over /v1/messages.

    python Tools/clients/check_anthropic.py [--retort PATH | --base URL]

Needs requirements-anthropic.txt.
"""

import pathlib
import tempfile

import anthropic

import support

QUESTION = [{"role": "user", "content": "What is 12 + 7?"}]
WEATHER = {
    "name": "weather", "description": "The weather of a city",
    "input_schema": {
        "type": "object", "required": ["city"], "additionalProperties": False,
        "properties": {"city": {"enum": ["Rome", "Oslo"]}, "days": {"enum": [1, 2, 3]}}},
}
KEY = "sk-check-0123456789abcdef0123456789abcdef"
check = support.Checks()
tools = support.Checks()
keys = support.Checks()


def client(base, **options):
    return anthropic.Anthropic(base_url=base, **{"api_key": "none", "max_retries": 0, **options})


# The SDK has no `temperature` any more; the server takes it.
GREEDY = {"temperature": 0}


def ask(base, **options):
    return client(base).messages.create(
        **{"model": "bundled", "max_tokens": 300, "extra_body": GREEDY, "messages": QUESTION,
           **options})


def texts(message, kind):
    return "".join(getattr(block, kind) for block in message.content
                   if block.type == kind)


@check("a message has thinking, text, a stop reason and usage")
def create(base):
    message = ask(base)
    assert (message.type, message.role, message.model) == ("message", "assistant", "bundled")
    assert message.id.startswith("msg_")
    assert [block.type for block in message.content] == ["thinking", "text"], message.content
    assert "19" in texts(message, "text"), message.content
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    assert message.usage.output_tokens > 0
    assert message.usage.input_tokens + message.usage.cache_read_input_tokens > 0


@check("the stream accumulates to the message that comes without a stream")
def stream(base):
    whole = ask(base)
    with client(base).messages.stream(
            model="bundled", max_tokens=300, extra_body=GREEDY, messages=QUESTION) as events:
        kinds, pieces, thoughts = [], [], []
        for event in events:
            kinds.append(event.type)
            if event.type == "text":
                pieces.append(event.text)
            if event.type == "thinking":
                thoughts.append(event.thinking)
        final = events.get_final_message()
    assert kinds[0] == "message_start" and kinds[-1] == "message_stop", kinds
    assert "".join(pieces) == texts(final, "text") == texts(whole, "text")
    assert "".join(thoughts) == texts(final, "thinking") == texts(whole, "thinking")
    assert len(pieces) + len(thoughts) > 3, "the answer came in one piece"
    assert final.stop_reason == whole.stop_reason == "end_turn"
    assert final.usage.output_tokens == whole.usage.output_tokens


@check("text_stream gives the answer without the thought")
def text_stream(base):
    with client(base).messages.stream(
            model="bundled", max_tokens=300, extra_body=GREEDY, messages=QUESTION) as events:
        assert "".join(events.text_stream) == texts(ask(base), "text")


@check("raw events of create(stream=True) are all of known kinds")
def raw(base):
    kinds = {event.type for event in ask(base, stream=True)}
    assert kinds <= {"message_start", "content_block_start", "content_block_delta",
                     "content_block_stop", "message_delta", "message_stop"}, kinds
    assert len(kinds) == 6


@check("a thinking budget bounds the thought, and disabled leaves it out")
def thinking(base):
    short = ask(base, max_tokens=1100, thinking={"type": "enabled", "budget_tokens": 1024})
    assert texts(short, "thinking")
    none = ask(base, thinking={"type": "disabled"})
    assert not texts(none, "thinking") and texts(none, "text"), none.content


@check("a stop sequence ends the answer and is named")
def stop_sequence(base):
    whole = texts(ask(base), "text")
    stop = whole.strip()[-1]
    message = ask(base, stop_sequences=["never said", stop])
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", stop), message
    assert texts(message, "text") == whole[:whole.index(stop)]
    with client(base).messages.stream(
            model="bundled", max_tokens=300, extra_body=GREEDY, messages=QUESTION,
            stop_sequences=[stop]) as events:
        final = events.get_final_message()
    assert (final.stop_reason, final.stop_sequence) == ("stop_sequence", stop), final


@check("max_tokens ends an answer and says so")
def limit(base):
    message = ask(base, max_tokens=4)
    assert message.stop_reason == "max_tokens" and message.usage.output_tokens == 4, message


@check("a system prompt, as text or as blocks, is part of the input")
def system(base):
    plain = client(base).messages.count_tokens(model="bundled", messages=QUESTION).input_tokens
    for value in ["Be brief.", [{"type": "text", "text": "Be brief."}]]:
        count = client(base).messages.count_tokens(
            model="bundled", messages=QUESTION, system=value).input_tokens
        assert count > plain, (count, plain)
        message = ask(base, system=value, max_tokens=5)
        used = message.usage.input_tokens + message.usage.cache_read_input_tokens
        assert used == count, (used, count)


@check("a conversation with thinking blocks and a started answer is taken")
def conversation(base):
    first = ask(base)
    again = ask(base, messages=[
        *QUESTION, {"role": "assistant", "content": first.content},
        {"role": "user", "content": [{"type": "text", "text": "What is 3 * 45?"}]}])
    assert texts(again, "text")
    started = ask(base, messages=[*QUESTION, {"role": "assistant", "content": "The answer is"}])
    assert not texts(started, "thinking") and texts(started, "text"), started.content


@check("faults have the classes of the SDK and Anthropic's body")
def errors(base):
    with support.raises(anthropic.BadRequestError, status_code=400):
        ask(base, messages=[])
    with support.raises(anthropic.BadRequestError, status_code=400):
        ask(base, extra_body={"temperature": 7})
    with support.raises(anthropic.NotFoundError, status_code=404):
        ask(base, model="not-there")
    try:
        ask(base, max_tokens=0)
    except anthropic.BadRequestError as error:
        assert error.body["type"] == "error", error.body
        assert error.body["error"]["type"] == "invalid_request_error", error.body
        assert "max_tokens" in error.body["error"]["message"], error.body
    else:
        raise AssertionError("max_tokens 0 was taken")


@check("closing a stream frees its place")
def cancel(base):
    with client(base).messages.stream(
            model="bundled", max_tokens=900, extra_body={"temperature": 1},
            messages=QUESTION) as events:
        next(iter(events))
    support.until(lambda: support.total(base, "vllm:num_requests_running") == 0)


@tools("a tool that must be called is called with input of its schema, streamed or not")
def forced(base):
    options = dict(tools=[WEATHER], tool_choice={"type": "tool", "name": "weather"},
                   thinking={"type": "disabled"}, messages=QUESTION, model="bundled",
                   max_tokens=300, extra_body=GREEDY)
    message = client(base).messages.create(**options)
    calls = [block for block in message.content if block.type == "tool_use"]
    assert len(calls) == 1 and calls[0].name == "weather", message.content
    assert calls[0].input["city"] in ("Rome", "Oslo") and message.stop_reason == "tool_use"
    with client(base).messages.stream(**options) as events:
        partial = [event.partial_json for event in events if event.type == "input_json"]
        final = events.get_final_message()
    streamed = [block for block in final.content if block.type == "tool_use"]
    assert streamed[0].input == calls[0].input and final.stop_reason == "tool_use", final
    assert len(partial) > 1, partial


@tools("a call's result goes back to the model")
def results(base):
    message = ask(base, tools=[WEATHER], messages=[
        *QUESTION,
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Rome"}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"}]}])
    assert message.content, message


@tools("tools count as input")
def counted(base):
    count = client(base).messages.count_tokens
    plain = count(model="bundled", messages=QUESTION).input_tokens
    assert count(model="bundled", messages=QUESTION, tools=[WEATHER]).input_tokens > plain


@keys("the key comes as x-api-key or as a bearer; others are AuthenticationError")
def key(base):
    one = [{"role": "user", "content": "1"}]
    client(base, api_key=KEY).messages.create(model="bundled", max_tokens=1, messages=one)
    client(base, api_key=None, auth_token=KEY).messages.create(
        model="bundled", max_tokens=1, messages=one)
    with support.raises(anthropic.AuthenticationError, status_code=401):
        client(base, api_key="sk-wrong").messages.create(
            model="bundled", max_tokens=1, messages=one)


def main():
    options = support.parser(__doc__).parse_args()
    if options.base:
        support.finish("anthropic", check.run(options.base))
    with support.serving(options.retort) as base:
        results = [check.run(base)]
    with support.serving(options.retort, "--template", support.TOOLS_TEMPLATE) as base:
        results.append(tools.run(base))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "keys"
        path.write_text(KEY + "\n")
        with support.serving(options.retort, "--api-keys", path) as base:
            results.append(keys.run(base))
    support.finish("anthropic", *results)


if __name__ == "__main__":
    main()
