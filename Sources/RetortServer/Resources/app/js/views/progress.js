// SPDX-License-Identifier: Apache-2.0
/** What goes on before the first token: the queue, the model's loading, the prompt's reading. */

import { h } from "../dom.js";
import { bytes, count, duration } from "../format.js";

/** A prompt that is read faster than this shows no bar. */
const PATIENCE_SECONDS = 0.3;

export class ProgressView {
  constructor() {
    this.text = h("span", { class: "progress-text" });
    this.fill = h("div", { class: "progress-fill" });
    this.bar = h(
      "div",
      {
        class: "progress-bar", role: "progressbar", "aria-label": "Progress", "aria-valuemin": "0",
        "aria-valuemax": "100",
      },
      this.fill,
    );
    this.dots = h("span", { class: "dots", "aria-hidden": "true" }, h("span"), h("span"), h("span"));
    this.element = h(
      "div",
      { class: "progress", hidden: true },
      h("div", { class: "progress-line" }, this.dots, this.text),
      this.bar,
    );
  }

  /** @param {import("../run.js").Run|null} run */
  update(run) {
    const [text, part] = run ? describe(run) : ["", null];
    this.element.hidden = text === "";
    this.text.textContent = text;
    this.dots.hidden = part !== null;
    this.bar.hidden = part === null;
    if (part === null) return;
    this.fill.style.width = `${part * 100}%`;
    this.bar.setAttribute("aria-valuenow", String(Math.round(part * 100)));
  }
}

/** @param {import("../run.js").Run} run @returns {[string, number|null]} what to say, and how much of it is done */
function describe(run) {
  if (run.lost) return ["The connection is lost. Trying again…", null];
  switch (run.phase) {
    case "waiting":
      return ["Starting…", null];
    case "queued":
      return [run.position === 1 ? "Next in the queue…" : `Number ${run.position} in the queue…`, null];
    case "loading":
      return [
        `Loading the model: ${bytes(run.loading.done)} of ${bytes(run.loading.total)}`,
        part(run.loading.done, run.loading.total),
      ];
    case "prefill": {
      const { done, total, cached, seconds } = run.prefill;
      if (seconds < PATIENCE_SECONDS) return ["Reading the prompt…", null];
      const rate = (done - cached) / seconds;
      const left = rate > 0 ? (total - done) / rate : 0;
      const rest = left >= 1 ? `, ${duration(Math.round(left))} left` : "";
      return [`Reading the prompt: ${count(done)} of ${count(total)} tokens${rest}`, part(done, total)];
    }
    default:
      return ["", null];
  }
}

/** @param {number} done @param {number} total */
function part(done, total) {
  return total > 0 ? Math.min(1, done / total) : 0;
}
