// SPDX-License-Identifier: Apache-2.0
/** Where a person writes: the draft is kept, Enter sends, and the button stops an answer. */

import { byId, h } from "../dom.js";
import { icon } from "../icons.js";
import { draftOf, keepDraft } from "../preferences.js";

export class Composer {
  /** @param {import("../app.js").App} app @param {() => boolean} onEditLast */
  constructor(app, onEditLast) {
    this.app = app;
    this.onEditLast = onEditLast;
    this.id = undefined;
    this.sending = false;
    this.area = h(
      "textarea",
      {
        id: "message-text", rows: "1", placeholder: "Ask anything", "aria-label": "Message", autocomplete: "off",
        enterkeyhint: "send",
      },
    );
    this.button = h("button", { type: "submit", class: "send", "aria-label": "Send" }, icon("send"));
    this.thinking = h(
      "button",
      { type: "button", class: "small-button toggle", hidden: true, onclick: () => this.toggleThinking() },
      icon("thought"),
      "Think",
    );
    this.hint = h("span", { class: "composer-hint" }, "Enter sends, Shift+Enter makes a new line");
    const form = byId("composer");
    form.append(
      h(
        "div",
        { class: "composer-box" },
        this.area,
        h("div", { class: "composer-row" }, this.thinking, this.hint, this.button),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.app.run) this.stop();
      else this.send();
    });
    this.area.addEventListener("input", () => {
      keepDraft(app.conversation?.id ?? null, this.area.value);
      this.fit();
      this.update();
    });
    this.area.addEventListener("keydown", (event) => this.pressed(event));
    for (const name of ["conversation", "run", "models"]) app.addEventListener(name, () => this.update());
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (!this.app.run) this.send();
    } else if (event.key === "ArrowUp" && this.area.value === "" && this.onEditLast()) event.preventDefault();
  }

  update() {
    const id = this.app.conversation?.id ?? null;
    if (id !== this.id) {
      this.id = id;
      if (!this.sending) this.area.value = draftOf(id);
      this.fit();
    }
    const running = this.app.run !== null;
    const label = running ? "Stop" : "Send";
    if (this.button.getAttribute("aria-label") !== label) {
      this.button.setAttribute("aria-label", label);
      this.button.title = running ? "Stop (Esc)" : "Send";
      this.button.replaceChildren(icon(running ? "stop" : "send"));
      this.button.classList.toggle("stop", running);
    }
    this.button.disabled = !running && (this.sending || this.area.value.trim() === "");
    const model = this.app.model;
    this.thinking.hidden = !(model?.thinking && model.thinking_optional);
    this.thinking.setAttribute("aria-pressed", String(this.app.settings.thinking !== false));
  }

  toggleThinking() {
    const thinking = this.app.settings.thinking === false;
    this.app.attempt(() => this.app.changeSettings({ ...this.app.settings, thinking }, false));
  }

  async send() {
    const text = this.area.value.trim();
    if (text === "" || this.sending || this.app.run) return;
    this.sending = true;
    this.area.value = "";
    this.fit();
    this.update();
    const sent = await this.app.attempt(() => this.app.send(text));
    this.sending = false;
    // What could not be sent is there again, unless the person writes already.
    if (!sent && this.area.value === "") this.area.value = text;
    keepDraft(this.app.conversation?.id ?? null, this.area.value);
    this.fit();
    this.update();
  }

  stop() {
    this.app.attempt(() => this.app.stop());
    this.area.focus();
  }

  /** @param {string} text */
  fill(text) {
    this.area.value = text;
    this.send();
    this.area.focus();
  }

  focus() {
    this.area.focus();
  }

  /** As high as the text, where the style sheet cannot do it. */
  fit() {
    if (CSS.supports("field-sizing", "content")) return;
    this.area.style.height = "auto";
    this.area.style.height = `${this.area.scrollHeight}px`;
  }
}
