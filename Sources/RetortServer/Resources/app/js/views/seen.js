// SPDX-License-Identifier: Apache-2.0
/** Where an answer has been seen: its parts that stand word for word in the server's corpus, and the texts that have them. */

import { ApiError } from "../api.js";
import { h, iconButton } from "../dom.js";
import { count, plural } from "../format.js";
import { icon } from "../icons.js";
import { piecesOf, rangesOf } from "../spans.js";
import { makeDialog } from "./dialog.js";

/**
 * @typedef {import("../types.js").Trace} Trace
 * @typedef {import("../types.js").TraceSpan} TraceSpan
 * @typedef {import("../types.js").TraceSource} TraceSource
 */

/** Shorter parts are everybody's. */
const MINIMUM_BYTES = 24;
const SOURCES = 10;
const QUOTED = 240;
/** About a line of the text, in pixels. */
const LINE = 28;

export const NO_PROOF =
  "A match is no proof that the model learnt from that text: common phrases stand in many places, and this corpus need not be what it was trained on. Nor is a part without a match proven to be the model's own.";

/** A share in words that neither make something of nothing nor all of nearly all. @param {number} share from 0 to 1 */
export function percent(share) {
  const whole = Math.round(share * 100);
  if (whole <= 0) return share > 0 ? "Less than 1 %" : "0 %";
  return whole >= 100 && share < 1 ? "More than 99 %" : `${whole} %`;
}

/** What was found in a sentence. @param {Trace} trace */
export function summaryOf(trace) {
  const shown = trace.spans.length;
  if (shown === 0) return `No part of ${MINIMUM_BYTES} bytes or more stands in the corpus.`;
  const all = Math.max(trace.span_count, shown);
  const rarest = shown < all ? ` The ${count(shown)} rarest are marked.` : "";
  return `${percent(trace.coverage)} of this answer stands word for word in the corpus, in ${plural(all, "part")}.${rarest}`;
}

/** How much of the answer it is and how often that occurs. @param {TraceSpan} span */
export function factsOf(span) {
  const times = span.count === 1 ? "once" : `${count(span.count)} times`;
  return `${plural(span.length, "byte")}, ${times} in the corpus.`;
}

/** The licence and the place. @param {TraceSource} source */
export function placeOf(source) {
  // A file may have one text on each line.
  const within = source.file_offset > 0 ? `text at byte ${count(source.file_offset)} of the file, there ` : "";
  return `${source.licence ?? "no licence stated"} · ${within}at byte ${count(source.offset)} of ${count(source.length)}`;
}

/**
 * The part that a press on a piece chooses: where parts overlap, pressing again goes to the next of them.
 * @param {number[]} spans of the piece @param {number} chosen
 */
export const nextOf = (spans, chosen) => spans[(spans.indexOf(chosen) + 1) % spans.length];

/**
 * Asks, and shows what is found until it is closed.
 * @param {import("../app.js").App} app @param {string} text of the answer @param {() => void} onClose
 */
export function openSeen(app, text, onClose) {
  const status = h("p", { class: "seen-summary", role: "status", tabindex: "-1" });
  const found = h("div", { class: "seen" });
  const again = h("button", { type: "button", class: "button", hidden: true, onclick: () => {
    look();
    // The button has gone, and must not take the focus with it.
    status.focus();
  } }, "Try again");
  const dialog = makeDialog("Where has this been seen?", [status, found, h("p", { class: "hint" }, NO_PROOF)], {
    buttons: [again, h("button", { type: "button", class: "button primary", onclick: () => dialog.close() }, "Done")],
  });
  dialog.classList.add("wide");
  const closed = new AbortController();
  dialog.addEventListener("close", () => {
    closed.abort();
    onClose();
  });
  const look = async () => {
    again.hidden = true;
    status.textContent = "Looking through the corpus …";
    found.replaceChildren();
    try {
      const trace = await app.api.trace({ text, minimum: MINIMUM_BYTES, limit: SOURCES }, closed.signal);
      if (closed.signal.aborted) return;
      status.textContent = summaryOf(trace);
      if (trace.spans.length > 0) found.replaceChildren(...new FoundView(text, trace.spans).elements);
    } catch (error) {
      if (closed.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      status.textContent = "";
      found.replaceChildren(h("p", { class: "answer-error", role: "alert" }, icon("warning"), error.message));
      again.hidden = false;
    }
  };
  dialog.showModal();
  look();
}

/** The text with its parts marked, and the sources of the chosen part. */
class FoundView {
  /** @param {string} text @param {TraceSpan[]} spans at least one */
  constructor(text, spans) {
    this.spans = spans;
    this.chosen = -1;
    const ranges = rangesOf(text, spans);
    this.quotes = ranges.map(({ start, end }) => text.slice(start, end));
    /** The marks of each part. @type {HTMLElement[][]} */
    this.marks = spans.map(() => []);
    this.text = h(
      "div",
      { class: "seen-text", tabindex: "0", role: "region", "aria-label": "The answer with the parts that were found" },
      ...piecesOf(text, ranges).map((piece) => this.node(piece)),
    );
    // Read out at each step, unlike the sources, which may be many.
    this.position = h("h3", { class: "seen-position", "aria-live": "polite" });
    this.facts = h("p", { "aria-live": "polite" });
    this.quote = h("blockquote", { class: "seen-quote" });
    this.sources = h("ul", { class: "seen-sources" });
    const step = (by, label, picture) => iconButton(label, icon(picture), () => {
      this.choose((this.chosen + by + spans.length) % spans.length);
      this.reveal();
    });
    const detail = h("section", { class: "seen-detail", "aria-label": "The chosen part" },
      h("div", { class: "seen-steps" },
        spans.length > 1 && step(-1, "Previous part", "left"),
        this.position,
        spans.length > 1 && step(1, "Next part", "right")),
      h("div", { class: "seen-facts" }, this.quote, this.facts, this.sources));
    this.elements = [this.text, detail];
    this.choose(0);
  }

  /** @param {import("../spans.js").Piece} piece @returns {Node|string} */
  node({ text, spans }) {
    if (spans.length === 0) return text;
    const press = () => this.choose(nextOf(spans, this.chosen));
    // A button of HTML is a box that no line breaks, hence the role. The space between two parts has no name and is none.
    const button = text.trim() !== "" && {
      role: "button", tabindex: "0", "aria-pressed": "false", onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        press();
      },
    };
    const mark = h("mark", { class: spans.length > 1 ? "seen-part seen-shared" : "seen-part", onclick: press, ...button }, text);
    for (const index of spans) this.marks[index].push(mark);
    return mark;
  }

  /** Scrolls the text alone, lest the arrows move away under a finger. */
  reveal() {
    const box = this.text.getBoundingClientRect();
    const mark = this.marks[this.chosen][0]?.getBoundingClientRect();
    if (mark && (mark.top < box.top || mark.top + LINE > box.bottom)) this.text.scrollTop += mark.top - box.top - LINE;
  }

  /** @param {number} index */
  choose(index) {
    const press = (/** @type {HTMLElement} */ mark, /** @type {boolean} */ pressed) => {
      mark.classList.toggle("seen-chosen", pressed);
      if (mark.hasAttribute("role")) mark.setAttribute("aria-pressed", String(pressed));
    };
    for (const mark of this.marks[this.chosen] ?? []) press(mark, false);
    for (const mark of this.marks[index]) press(mark, true);
    this.chosen = index;
    const span = this.spans[index];
    const quote = this.quotes[index];
    this.position.textContent = `Part ${count(index + 1)} of ${count(this.spans.length)}`;
    this.quote.textContent = quote.length > QUOTED ? `${quote.slice(0, QUOTED).replace(/[\ud800-\udbff]$/, "")}…` : quote;
    const more = span.count > span.sources.length
      ? ` ${plural(span.sources.length, "text")} that ${span.sources.length === 1 ? "has" : "have"} it, with one place each:`
      : "";
    this.facts.textContent = factsOf(span) + more;
    // A path may hold anything, letters that turn the line around too.
    this.sources.replaceChildren(...span.sources.map((source) => {
      return h("li", {}, h("bdi", { class: "seen-path" }, source.path), h("span", { class: "hint" }, placeOf(source)));
    }));
  }
}
