// SPDX-License-Identifier: Apache-2.0
/** A model's message: what goes on, the thought, the text, and what can be done with it. */

import { copyText, h, iconButton } from "../dom.js";
import { icon } from "../icons.js";
import { MarkdownStream } from "../markdown/stream.js";
import { branchSwitcher } from "./branches.js";
import { allFacts, liveFacts, shortFacts } from "./facts.js";
import { ProgressView } from "./progress.js";
import { copied } from "./question.js";
import { openSeen } from "./seen.js";
import { ThoughtView } from "./thought.js";

/** Rendering takes at most one part in this many of the time. */
const SHARE = 4;

const FINISHES = {
  length: "Cut at the token limit", stopped: "Stopped", context: "The context is full",
  content_filter: "Ended before a protected text",
};

export class AnswerView {
  /** @param {import("../app.js").App} app @param {import("../types.js").Message} message */
  constructor(app, message) {
    this.app = app;
    this.message = message;
    this.raw = false;
    this.factsOpen = false;
    this.frame = 0;
    this.notBefore = 0;
    this.name = h("h2", { class: "answer-name" });
    this.progress = new ProgressView();
    this.thought = new ThoughtView(() => app.attempt(() => app.answerNow()));
    this.content = h("div", { class: "answer-text markdown" });
    this.source = h(
      "pre",
      { class: "answer-source", hidden: true, tabindex: "0", role: "region", "aria-label": "Source of the answer" },
    );
    this.error = h("p", { class: "answer-error", hidden: true });
    this.footer = h("div", { class: "message-footer" });
    this.facts = h("div", { class: "facts-frame", hidden: true });
    this.element = h(
      "article", { class: "message answer" },
      this.name, this.progress.element, this.thought.element, this.content, this.source, this.error, this.footer, this.facts,
    );
    this.stream = new MarkdownStream(this.content);
    /** @type {import("../run.js").Run|null} */
    this.run = null;
    this.onChange = () => this.schedule();
  }

  /** Shows the message as it is now. */
  update() {
    const message = this.app.tree.byId.get(this.message.id) ?? this.message;
    this.message = message;
    const run = this.app.run?.messageId === message.id ? this.app.run : null;
    if (run !== this.run) this.setRun(run);
    const model = this.app.models.find((other) => other.id === message.model)?.name ?? message.model ?? "Answer";
    this.name.textContent = model;
    this.element.setAttribute("aria-busy", String(run !== null));
    if (run) this.renderRun();
    else this.renderFinished(model);
  }

  /** @param {import("../run.js").Run|null} run */
  setRun(run) {
    this.run?.removeEventListener("change", this.onChange);
    clearInterval(this.timer);
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.run = run;
    if (!run) return;
    run.addEventListener("change", this.onChange);
    this.timer = setInterval(() => {
      if (run.phase === "reasoning") this.thought.tick(run);
    }, 250);
  }

  leave() {
    this.setRun(null);
  }

  /** Renders with the next frame, but no more often than the machine bears. */
  schedule() {
    if (this.frame !== 0) return;
    const draw = (now) => {
      if (now < this.notBefore) {
        this.frame = requestAnimationFrame(draw);
        return;
      }
      this.frame = 0;
      const start = performance.now();
      if (this.run) this.renderRun();
      this.notBefore = now + (performance.now() - start) * SHARE;
    };
    this.frame = requestAnimationFrame(draw);
  }

  renderRun() {
    const { run } = this;
    this.progress.update(run);
    this.error.hidden = true;
    if (run.phase === "reasoning") this.thought.showThinking(run);
    else if (run.reasoning !== "") {
      this.thought.showFinished(run.reasoning, run.reasoningSeconds, run.progress?.reasoning_tokens ?? null);
    }
    this.stream.update(run.content, false);
    if (this.raw) this.source.textContent = run.content;
    this.element.classList.toggle("writing", run.phase === "content");
    const live = run.phase === "content" && run.progress ? liveFacts(run.progress) : "";
    this.footer.replaceChildren(h("span", { class: "live-facts" }, live));
    this.facts.hidden = true;
  }

  /** @param {string} model */
  renderFinished(model) {
    const { message } = this;
    this.progress.update(null);
    this.element.classList.remove("writing");
    const seconds = message.timings && message.timings.reasoning_seconds > 0 ? message.timings.reasoning_seconds : null;
    this.thought.showFinished(message.reasoning ?? "", seconds, message.usage?.reasoning_tokens ?? null);
    this.stream.update(message.content, true);
    this.source.textContent = message.content;
    this.error.hidden = message.status !== "error";
    if (message.status === "error") {
      const reason = message.error?.message || "the answer failed";
      this.error.replaceChildren(icon("warning"), reason[0].toUpperCase() + reason.slice(1));
    }
    this.renderFooter(model);
  }

  /** @param {string} model */
  renderFooter(model) {
    const { message, app } = this;
    const idle = app.run === null;
    const nodes = [branchSwitcher(app, message)];
    const copy = iconButton("Copy the answer", icon("copy"), async () => {
      if (await copyText(this.message.content)) copied(copy);
    });
    nodes.push(copy);
    if (idle && message.parent !== null) {
      nodes.push(
        iconButton(
          "Another answer",
          icon("retry"),
          () => app.attempt(() => app.generate({ parent: message.parent })),
          { class: "icon-button retry" },
        ),
      );
    }
    nodes.push(
      iconButton("Show the source", icon("raw"), () => this.toggleRaw(), { "aria-pressed": String(this.raw) }),
    );
    if (app.info?.corpus && message.status !== "streaming" && message.content.trim() !== "") {
      nodes.push(iconButton("Where has this been seen?", icon("books"), () => this.openSeen(), {
        class: "icon-button seen-button", "aria-haspopup": "dialog",
      }));
    }
    const finish = FINISHES[message.finish_reason ?? ""];
    if (finish) nodes.push(h("span", { class: "chip" }, finish));
    if (idle && (finish || message.status === "error") && app.path.at(-1)?.id === message.id) {
      nodes.push(h("button", { type: "button", class: "small-button continue", onclick: () => {
        app.attempt(() => app.generate({ continue: message.id }));
      } }, icon("forward"), "Continue"));
    }
    const short = shortFacts(message);
    if (short !== "") {
      const toggle = h("button", { type: "button", class: "facts-toggle", "aria-expanded": String(this.factsOpen) }, short, icon("down"));
      toggle.addEventListener("click", () => {
        this.factsOpen = !this.factsOpen;
        this.facts.hidden = !this.factsOpen;
        toggle.setAttribute("aria-expanded", String(this.factsOpen));
      });
      nodes.push(toggle);
    }
    this.footer.replaceChildren(...nodes.filter((node) => node !== null));
    this.facts.replaceChildren(allFacts(message, model));
    this.facts.hidden = !this.factsOpen;
  }

  openSeen() {
    openSeen(this.app, this.message.content, () => {
      // The footer may have been made again meanwhile.
      /** @type {HTMLElement|null} */ (this.footer.querySelector(".seen-button"))?.focus();
    });
  }

  toggleRaw() {
    this.raw = !this.raw;
    this.content.hidden = this.raw;
    this.source.hidden = !this.raw;
    this.update();
    /** @type {HTMLElement|null} */ (this.footer.querySelector("[aria-pressed]"))?.focus();
  }
}
