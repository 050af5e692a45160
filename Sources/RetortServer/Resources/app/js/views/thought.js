// SPDX-License-Identifier: Apache-2.0
/** What a model thought before it answered: open while it thinks, then folded under how long it took. */

import { h } from "../dom.js";
import { count, duration, plural, ticking } from "../format.js";
import { icon } from "../icons.js";
import { MarkdownStream } from "../markdown/stream.js";
import { preference, setPreference } from "../preferences.js";

let serial = 0;

export class ThoughtView {
  /** @param {() => void} onAnswerNow */
  constructor(onAnswerNow) {
    serial += 1;
    const id = `thought-${serial}`;
    this.label = h("span", { class: "thought-label" });
    this.toggle = h("button", { type: "button", class: "thought-toggle", "aria-expanded": "false", "aria-controls": id },
      icon("thought"), this.label, icon("down"));
    this.answerNow = h(
      "button",
      { type: "button", class: "small-button answer-now", hidden: true, onclick: onAnswerNow },
      icon("forward"),
      "Answer now",
    );
    this.body = h(
      "div",
      { id, class: "thought-body markdown", hidden: true, tabindex: "0", role: "region", "aria-label": "Thought" },
    );
    this.element = h(
      "div",
      { class: "thought", hidden: true },
      h("div", { class: "thought-head" }, this.toggle, this.answerNow),
      this.body,
    );
    this.stream = new MarkdownStream(this.body, { thought: true });
    this.toggle.addEventListener("click", () => this.toggled());
    this.text = "";
    this.thinking = false;
    this.open = false;
    /** Whether a person opened or closed it, which then holds. */
    this.chosen = false;
  }

  /** @param {string} text @param {number|null} seconds @param {number|null} tokens of a thought that has ended */
  showFinished(text, seconds, tokens) {
    this.thinking = false;
    this.element.hidden = text.trim() === "";
    this.answerNow.hidden = true;
    this.element.classList.remove("thinking");
    this.label.textContent = seconds === null ? "Thought" : `Thought for ${duration(seconds)}`;
    if (tokens) this.label.append(h("span", { class: "thought-tokens" }, ` · ${plural(tokens, "token")}`));
    this.text = text;
    if (!this.chosen) this.setOpen(false);
    if (this.open) this.stream.update(text, true);
  }

  /** @param {import("../run.js").Run} run that thinks */
  showThinking(run) {
    if (!this.thinking) {
      this.thinking = true;
      this.element.hidden = false;
      this.element.classList.add("thinking");
      this.answerNow.hidden = false;
      if (!this.chosen) this.setOpen(preference("thoughts", "open") === "open");
    }
    this.text = run.reasoning;
    this.tick(run);
    if (!this.open) return;
    const low = this.body.scrollTop + this.body.clientHeight > this.body.scrollHeight - 24;
    this.stream.update(run.reasoning, false);
    if (low) this.body.scrollTop = this.body.scrollHeight;
  }

  /** @param {import("../run.js").Run} run */
  tick(run) {
    const tokens = run.progress?.reasoning_tokens;
    this.label.textContent = `Thinking… ${ticking(run.thinkingSeconds)}${tokens ? ` · ${count(tokens)} tokens` : ""}`;
  }

  toggled() {
    this.chosen = true;
    this.setOpen(!this.open);
    // While it thinks is when the preference shows.
    if (this.thinking) setPreference("thoughts", this.open ? "open" : "folded");
  }

  /** @param {boolean} open */
  setOpen(open) {
    this.open = open;
    this.body.hidden = !open;
    this.toggle.setAttribute("aria-expanded", String(open));
    if (!open) return;
    this.stream.update(this.text, !this.thinking);
    if (this.thinking) this.body.scrollTop = this.body.scrollHeight;
  }
}
