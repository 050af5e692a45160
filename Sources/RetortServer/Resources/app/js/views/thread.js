// SPDX-License-Identifier: Apache-2.0
/** The branch that is shown: its messages, and a scroll position that follows an answer until a person scrolls. */

import { byId, copyText, h } from "../dom.js";
import { icon } from "../icons.js";
import { AnswerView } from "./answer.js";
import { QuestionView } from "./question.js";

const EXAMPLES = ["What is 417 × 386?", "Add 12,450 and 9,875", "Hello! What can you do?"];

export class ThreadView {
  /** @param {import("../app.js").App} app @param {(text: string) => void} onExample */
  constructor(app, onExample) {
    this.app = app;
    this.scroller = byId("thread");
    this.messages = byId("messages");
    /** @type {Map<string, QuestionView|AnswerView>} */
    this.views = new Map();
    this.shownId = undefined;
    this.stuck = true;
    this.lastTop = 0;
    this.jump = h(
      "button",
      {
        type: "button", class: "jump", "aria-label": "To the end", title: "To the end", hidden: true,
        onclick: () => this.stick(),
      },
      icon("arrowDown"),
    );
    byId("composer").append(this.jump);
    const examples = EXAMPLES.map((text) => {
      return h("button", { type: "button", class: "example", onclick: () => onExample(text) }, text);
    });
    this.welcome = h("div", { class: "welcome" },
      h("h2", {}, "What shall we work out?"), h("div", { class: "examples" }, ...examples));
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.follow()).observe(this.messages);
    new ResizeObserver(() => this.follow()).observe(this.scroller);
    this.messages.addEventListener("click", (event) => this.clicked(event));
    app.addEventListener("conversation", () => this.update());
    app.addEventListener("models", () => this.update());
    app.addEventListener("run", () => this.stick());
  }

  update() {
    const { app } = this;
    const id = app.conversation?.id ?? null;
    if (id !== this.shownId) {
      for (const view of this.views.values()) if (view instanceof AnswerView) view.leave();
      this.views.clear();
      this.messages.replaceChildren();
      this.shownId = id;
      this.stuck = true;
    }
    const path = app.path;
    const shown = new Set(path.map((message) => message.id));
    for (const [key, view] of this.views) {
      if (shown.has(key)) continue;
      if (view instanceof AnswerView) view.leave();
      view.element.remove();
      this.views.delete(key);
    }
    path.forEach((message, index) => {
      let view = this.views.get(message.id);
      if (!view) {
        view = message.role === "user" ? new QuestionView(app, message) : new AnswerView(app, message);
        this.views.set(message.id, view);
      }
      const there = this.messages.children[index] ?? null;
      if (there !== view.element) this.messages.insertBefore(view.element, there);
      view.update();
    });
    if (path.length === 0) this.messages.replaceChildren(this.welcome);
    else this.welcome.remove();
    this.follow();
  }

  /** Edits the last question of the branch. @returns {boolean} whether there is one */
  editLast() {
    const message = this.app.path.findLast((other) => other.role === "user");
    const view = message && this.views.get(message.id);
    if (!(view instanceof QuestionView) || this.app.run) return false;
    view.edit();
    return true;
  }

  stick() {
    this.stuck = true;
    this.follow();
  }

  follow() {
    if (this.stuck) this.scroller.scrollTop = this.scroller.scrollHeight;
    this.lastTop = this.scroller.scrollTop;
    this.jump.hidden = this.stuck || this.distance() < 80;
  }

  distance() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight;
  }

  scrolled() {
    if (this.distance() < 24) this.stuck = true;
    else if (this.scroller.scrollTop < this.lastTop - 2) this.stuck = false;
    this.lastTop = this.scroller.scrollTop;
    this.jump.hidden = this.stuck || this.distance() < 80;
  }

  /** Buttons within rendered texts. @param {MouseEvent} event */
  async clicked(event) {
    const button = /** @type {HTMLElement} */ (event.target).closest?.("[data-action=copy-code]");
    const code = button?.closest("figure")?.querySelector("code");
    if (!code || !(await copyText(code.textContent ?? ""))) return;
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  }
}
