// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ApiError } from "../../Sources/RetortServer/Resources/app/js/api.js";
import { bytes, dateGroup, duration, energy, fileName, money, plural, speed, ticking } from "../../Sources/RetortServer/Resources/app/js/format.js";
import { Run } from "../../Sources/RetortServer/Resources/app/js/run.js";
import { EventParser } from "../../Sources/RetortServer/Resources/app/js/sse.js";
import { Tree } from "../../Sources/RetortServer/Resources/app/js/tree.js";
import { shortFacts } from "../../Sources/RetortServer/Resources/app/js/views/facts.js";
import { keysOf, sentence, titleOf } from "../../Sources/RetortServer/Resources/app/js/views/guard.js";
import { numberOf } from "../../Sources/RetortServer/Resources/app/js/views/settings.js";

describe("Server-sent events", () => {
  const text = ": comment\nid: 1\nevent: content\ndata: {\"text\": \"a\"}\n\nid:2\r\ndata:one\r\ndata: two\r\n\r\nevent: none\n\nid: 3\nevent: done\ndata: {}\n\n";
  const expected = [{ id: "1", event: "content", data: '{"text": "a"}' }, { id: "2", event: "message", data: "one\ntwo" }, { id: "3", event: "done", data: "{}" }];

  test("are read however the text is cut", () => {
    for (let size = 1; size <= text.length; size += 1) {
      const parser = new EventParser();
      const events = [];
      for (let at = 0; at < text.length; at += size) events.push(...parser.push(text.slice(at, at + size)));
      assert.deepEqual(events, expected, `in pieces of ${size}`);
    }
  });

  test("without their last line are not yet events", () => {
    assert.deepEqual(new EventParser().push("data: a\n"), []);
  });
});

describe("A tree of messages", () => {
  const message = (id, parent, created) => ({ id, parent, created });
  const tree = new Tree([message("a", null, 1), message("b", "a", 2), message("c", "a", 4), message("d", "a", 3), message("e", "b", 5), message("f", "e", 6)]);

  test("has the path to a leaf", () => {
    assert.deepEqual(tree.path("f").map((one) => one.id), ["a", "b", "e", "f"]);
    assert.deepEqual(tree.path(null), []);
    assert.deepEqual(tree.path("nobody"), []);
  });
  test("has siblings by age", () => assert.deepEqual(tree.siblings(tree.byId.get("c")).map((one) => one.id), ["b", "d", "c"]));
  test("has the newest leaf below a message", () => assert.deepEqual(["a", "b", "f"].map((id) => tree.newestLeaf(id)), ["c", "f", "f"]));
  test("does not follow a circle for ever", () => {
    assert.equal(new Tree([message("a", "b", 1), message("b", "a", 2)]).path("a").length, 2);
  });
});

describe("Numbers and times for people", () => {
  test("durations", () => assert.deepEqual([0.04, 0.4, 3.26, 34.2, 59.7, 125, 3725].map(duration), ["0.04 s", "0.4 s", "3.3 s", "34 s", "1 min 0 s", "2 min 5 s", "1 h 2 min"]));
  test("what ticks", () => assert.deepEqual([0.9, 12.9, 61].map(ticking), ["0 s", "12 s", "1 min 1 s"]));
  test("sizes", () => assert.deepEqual([0, 999, 909_632, 1_117_320_000, 4e12].map(bytes), ["0 B", "999 B", "910 kB", "1.1 GB", "4 TB"]));
  test("speeds, energies, prices", () => assert.deepEqual([speed(5.25), speed(54.4), energy(24.4), energy(7200), money(0.00123, "USD"), money(1.5, null)],
    ["5.3 tok/s", "54 tok/s", "24 J", "2 Wh", "$0.0012", "1.50"]));
  test("small prices are written out", () => assert.deepEqual(
    [money(0.0004, "USD"), money(0.000012, "EUR"), money(2e-9, "USD"), money(0, "USD")],
    ["$0.0004", "0.000012 EUR", "< $0.00001", "$0.00"]));
  test("an answer's line has its price where one is known", () => {
    const message = {
      usage: { completion_tokens: 261 }, timings: { tokens_per_second: 54, prompt_seconds: 0.5, decode_seconds: 4 },
      cost: { price: null, currency: null },
    };
    assert.equal(shortFacts(message), "261 tokens · 54 tok/s · 4.5 s");
    const priced = { ...message, cost: { price: 0.0004, currency: "USD" } };
    assert.equal(shortFacts(priced), "261 tokens · 54 tok/s · 4.5 s · $0.0004");
  });
  test("plurals", () => assert.deepEqual([plural(1, "token"), plural(1200, "token")], ["1 token", "1,200 tokens"]));
  test("dates", () => {
    const now = new Date(2026, 10, 29, 12);
    const at = (...date) => new Date(...date).getTime() / 1000;
    assert.deepEqual([at(2026, 10, 29, 0), at(2026, 10, 28, 23), at(2026, 10, 23), at(2026, 10, 5), at(2026, 1, 3), at(2026, 10, 29, 13)].map((time) => dateGroup(time, now)),
      ["Today", "Yesterday", "Previous 7 days", "Previous 30 days", "February 2026", "Today"]);
  });
  test("names of files", () => assert.deepEqual([fileName("What is 417 × 386?"), fileName("../../etc/passwd"), fileName(null), fileName("数学")], ["what-is-417-386", "etc-passwd", "conversation", "数学"]));
});

describe("Fields of settings", () => {
  const field = (more) => ({ name: "temperature", label: "", hint: "", minimum: 0, maximum: 2, whole: false, ...more });
  for (const [text, more, expected] of [["", {}, null], [" 0.5 ", {}, 0.5], ["0,5", {}, 0.5], ["2.1", {}, undefined], ["-1", {}, undefined], ["x", {}, undefined], ["Infinity", {}, undefined],
    ["1.5", { whole: true }, undefined], ["0", { aboveMinimum: true }, undefined], ["1e-3", {}, 0.001]]) {
    test(`${JSON.stringify(text)} with ${JSON.stringify(more)}`, () => assert.equal(numberOf(text, field(more)), expected));
  }
});

describe("A run that is followed", () => {
  const start = { id: "m", content: "old", reasoning: "" };
  const started = { id: 1, event: "started", data: { message: "m", model: "x", base: { reasoning: "", content: "ol" } } };
  const done = { id: 9, event: "done", data: { message: { id: "m", content: "old dog" }, revision: 4 } };

  /** Streams for each connection in turn; an error is thrown where one stands. */
  function fakeApi(streams) {
    const asked = [];
    return {
      asked,
      async *events(run, from) {
        asked.push(from);
        for (const event of streams.shift()) {
          if (event instanceof Error) throw event;
          yield event;
        }
      },
    };
  }

  test("joins the texts behind their base, and ends with the message", async () => {
    const run = new Run(fakeApi([[started, { id: 2, event: "reasoning", data: { text: "hm" } }, { id: 3, event: "reasoning_end", data: { seconds: 2, tokens: 1 } },
      { id: 4, event: "content", data: { text: "d dog" } }, done]]), "r", start);
    let ends = 0;
    run.addEventListener("end", () => (ends += 1));
    await run.follow();
    assert.deepEqual([run.reasoning, run.content, run.reasoningSeconds, run.revision, run.result.content, ends], ["hm", "old dog", 2, 4, "old dog", 1]);
  });

  test("goes on where it was when the connection is lost", async () => {
    const api = fakeApi([[started, { id: 5, event: "content", data: { text: "d" } }, new ApiError(0, "unreachable", "")], [{ id: 6, event: "content", data: { text: " dog" } }, done]]);
    const run = new Run(api, "r", start);
    await run.follow();
    assert.deepEqual([api.asked, run.content, run.lost], [[0, 5], "old dog", false]);
  });

  test("ends without a message when the server has forgotten it", async () => {
    const run = new Run(fakeApi([[new ApiError(404, "not_found", "")]]), "r", start);
    await run.follow();
    assert.deepEqual([run.phase, run.result, run.failure.status], ["ended", null, 404]);
  });

  test("stops listening when it is left", async () => {
    const run = new Run(fakeApi([[started, { id: 2, event: "content", data: { text: "never" } }]]), "r", start);
    run.addEventListener("change", () => run.leave());
    await run.follow();
    assert.equal(run.content, "ol");
  });
});

describe("The guard's page", () => {
  test("names keys and clusters", () => {
    assert.equal(titleOf({ key: "a" }), "Key a");
    assert.equal(titleOf({ cluster: 2, keys: ["a", "b"] }), "Cluster 2 of 2 keys");
    assert.deepEqual(keysOf({ key: "a" }), ["a"]);
    assert.deepEqual(keysOf({ cluster: 1, keys: ["a", "b"] }), ["a", "b"]);
  });

  test("says what was decided", () => {
    const entry = (kind, body) => sentence({ sequence: 1, time: 0, kind, body });
    assert.equal(entry("measure", { key: "a", action: "hide_thoughts", by: "me", reason: "sweeps" }), "a: hide thoughts by me: sweeps");
    assert.equal(entry("measure", { key: "a", action: null, reason: "r" }), "a: lifted: r");
    assert.equal(entry("appeal", { key: "a", decision: "denied", reason: "r" }), "a: appeal denied: r");
    assert.equal(entry("alert", { key: "a", score: 0.756 }), "Key a: alert, score 0.76");
    assert.equal(entry("note", {}), "note");
  });
});
