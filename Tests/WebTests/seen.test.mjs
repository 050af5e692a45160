// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { boundariesOf, piecesOf, rangesOf } from "../../Sources/RetortServer/Resources/app/js/spans.js";
import { factsOf, nextOf, percent, placeOf, summaryOf } from "../../Sources/RetortServer/Resources/app/js/views/seen.js";

/** The bytes of a part of a text, found by its UTF-8. */
function spanOf(text, part) {
  const offset = Buffer.from(text).indexOf(Buffer.from(part));
  return { offset, length: Buffer.byteLength(part) };
}
const cut = (text, spans) => rangesOf(text, spans).map(({ start, end }) => text.slice(start, end));

const FAMILY = "👩‍👩‍👧‍👦";
const TEXTS = ["", "plain", "\u0301 first", "🇩🇪🇫🇷🇦 🇺🇸", "👍🏽👍 ☎️", "🏴‍☠️x", "Größe", "日本語 text", `a ${FAMILY} b 🧀 c`, "Zoe\u0308 naïve", "lone \ud83d half", "end \ud83d", "\udc00 begins", "line\r\nline", "\u0000\u007f\u0080\u07ff\u0800\uffff\u{10000}"];

describe("Characters of a text", () => {
  for (const text of TEXTS) {
    test(`of ${JSON.stringify(text)} begin where Unicode says, with as many bytes before as an encoder makes`, () => {
      const starts = [...new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text)].map(({ index }) => index);
      const units = [...starts, text.length];
      const bytes = units.map((unit) => new TextEncoder().encode(text.slice(0, unit)).length);
      assert.deepEqual(boundariesOf(text), { bytes, units });
    });
  }
});

describe("Places in bytes", () => {
  const text = `Größe 🧀 und ${FAMILY}, dann Zoe\u0308 bis 日本語.`;
  for (const part of ["Größe", "öße", "🧀", "🧀 und", `und ${FAMILY},`, "Zoe\u0308 bis", "日本語", "本", text]) {
    test(`find ${JSON.stringify(part)} behind characters of several bytes`, () => assert.deepEqual(cut(text, [spanOf(text, part)]), [part]));
  }

  test("within a character begin behind it and end before it", () => {
    const bytes = (offset, length) => cut("aöbüc", [{ offset, length }])[0];
    assert.equal(bytes(2, 2), "b");
    assert.equal(bytes(2, 3), "b");
    assert.equal(bytes(2, 4), "bü");
    assert.equal(bytes(0, 2), "a");
  });

  test("do not tear an accent from its letter nor an emoji apart", () => {
    const accent = "Zoe\u0308 x";
    assert.deepEqual(cut(accent, [{ offset: 0, length: 3 }]), ["Zo"]);
    assert.deepEqual(cut(accent, [{ offset: 3, length: 4 }]), [" x"]);
    const family = `ab ${FAMILY} cd`;
    assert.deepEqual(cut(family, [{ offset: 0, length: 3 + 11 }]), ["ab "]);
    assert.deepEqual(cut(family, [{ offset: 3 + 11, length: Buffer.byteLength(family) - 14 }]), [" cd"]);
  });

  test("within a single character take all of it", () => {
    assert.deepEqual(cut(`a${FAMILY}b`, [{ offset: 5, length: 4 }]), [FAMILY]);
    assert.deepEqual(cut("aöb", [{ offset: 2, length: 1 }, { offset: 1, length: 1 }]), ["ö", "ö"]);
  });

  test("beyond the text end with it", () => {
    assert.deepEqual(cut("abc", [{ offset: 1, length: 99 }, { offset: 50, length: 9 }, { offset: 0, length: 0 }]), ["bc", "", ""]);
    assert.deepEqual(rangesOf("", [{ offset: 0, length: 5 }]), [{ start: 0, end: 0 }]);
  });
});

describe("Pieces of a text", () => {
  const pieces = (text, ...ranges) => piecesOf(text, ranges.map(([start, end]) => ({ start, end }))).map(({ text, spans }) => [text, spans]);

  test("without ranges are the text", () => {
    assert.deepEqual(pieces("abc"), [["abc", []]]);
    assert.deepEqual(pieces(""), []);
  });
  test("lie between and in ranges", () => assert.deepEqual(pieces("0123456789", [2, 4], [6, 9]), [["01", []], ["23", [0]], ["45", []], ["678", [1]], ["9", []]]));
  test("of ranges that touch are no third", () => assert.deepEqual(pieces("0123", [0, 2], [2, 4]), [["01", [0]], ["23", [1]]]));
  test("of ranges that overlap belong to both", () => {
    assert.deepEqual(pieces("0123456789", [0, 5], [3, 8], [4, 10]),
      [["012", [0]], ["3", [0, 1]], ["4", [0, 1, 2]], ["567", [1, 2]], ["89", [2]]]);
  });
  test("are the same whatever the order, and with one range in another", () => {
    assert.deepEqual(pieces("0123456789", [3, 8], [0, 10]), [["012", [1]], ["34567", [0, 1]], ["89", [1]]]);
  });
  test("of empty ranges are none", () => assert.deepEqual(pieces("0123", [2, 2], [9, 9], [1, 2]), [["0", []], ["1", [2]], ["23", []]]));

  test("make up the text, and the pieces of a span make up what was found", () => {
    const text = `Größe 🧀 und ${FAMILY}, dann Zoe\u0308 bis 日本語.`;
    const parts = [`ße 🧀 und ${FAMILY}`, `und ${FAMILY}, dann Zoe\u0308`, "e\u0308 bis 日本"];
    const found = piecesOf(text, rangesOf(text, parts.map((part) => spanOf(text, part))));
    assert.equal(found.map((piece) => piece.text).join(""), text);
    parts.forEach((part, index) => {
      assert.equal(found.filter(({ spans }) => spans.includes(index)).map((piece) => piece.text).join(""), part);
    });
  });

  test("of a long text are made in a moment", () => {
    const text = `e${"\u0308".repeat(20_000)}${"🧀 words ".repeat(20_000)}`;
    const total = Buffer.byteLength(text);
    const spans = Array.from({ length: 5000 }, (_, index) => ({ offset: index * 40, length: 400 })).filter(({ offset }) => offset < total);
    const start = performance.now();
    const found = piecesOf(text, rangesOf(text, spans));
    assert.equal(found.map((piece) => piece.text).join(""), text);
    assert.ok(performance.now() - start < 2000, `${performance.now() - start} ms`);
  });
});

describe("Where an answer has been seen", () => {
  const span = { offset: 0, length: 80, text: "", count: 1200, log_probability: -9, sources: [] };
  const source = { path: "a", file_offset: 0, licence: "MIT", length: 1234, sha256: "", offset: 77 };

  test("shares", () => assert.deepEqual([0, 0.001, 0.37, 0.996, 1].map(percent), ["0 %", "Less than 1 %", "37 %", "More than 99 %", "100 %"]));
  test("what was found", () => {
    assert.equal(summaryOf({ span_count: 0, coverage: 0, spans: [] }), "No part of 24 bytes or more stands in the corpus.");
    assert.equal(summaryOf({ span_count: 1, coverage: 0.37, spans: [span] }), "37 % of this answer stands word for word in the corpus, in 1 part.");
    assert.equal(summaryOf({ span_count: 5, coverage: 0.37, spans: [span, span] }), "37 % of this answer stands word for word in the corpus, in 5 parts. The 2 rarest are marked.");
  });
  test("how often", () => assert.deepEqual([span, { ...span, count: 1 }].map(factsOf), ["80 bytes, 1,200 times in the corpus.", "80 bytes, once in the corpus."]));
  test("licence and place", () => {
    assert.equal(placeOf(source), "MIT · at byte 77 of 1,234");
    assert.equal(placeOf({ ...source, licence: null, file_offset: 5000 }), "no licence stated · text at byte 5,000 of the file, there at byte 77 of 1,234");
  });
  test("a press on overlapping parts goes from one to the next", () => {
    assert.deepEqual([nextOf([1, 2], 0), nextOf([1, 2], 1), nextOf([1, 2], 2), nextOf([4], 4)], [1, 2, 1, 4]);
  });
});
