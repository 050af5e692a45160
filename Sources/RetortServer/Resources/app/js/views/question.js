// SPDX-License-Identifier: Apache-2.0
/** A person's message: as it was typed, to be copied, edited and branched. */

import { copyText, h, iconButton } from "../dom.js";
import { icon } from "../icons.js";
import { branchSwitcher } from "./branches.js";

export class QuestionView {
  /** @param {import("../app.js").App} app @param {import("../types.js").Message} message */
  constructor(app, message) {
    this.app = app;
    this.message = message;
    this.editing = false;
    this.text = h("div", { class: "question-text" }, message.content);
    this.footer = h("div", { class: "message-footer" });
    this.element = h(
      "article",
      { class: "message question" },
      h("h2", { class: "visually-hidden" }, "You"),
      this.text,
      this.footer,
    );
  }

  update() {
    this.footer.hidden = this.editing;
    const copy = iconButton("Copy the question", icon("copy"), async () => {
      if (await copyText(this.message.content)) copied(copy);
    });
    this.editButton = iconButton("Edit the question", icon("edit"), () => this.edit());
    const branches = branchSwitcher(this.app, this.message);
    const last = this.app.path.at(-1)?.id === this.message.id && !this.app.run;
    const answer = last && h("button", { type: "button", class: "small-button", onclick: () => {
      this.app.attempt(() => this.app.generate({ parent: this.message.id }));
    } }, icon("retry"), "Get an answer");
    this.footer.replaceChildren(...[answer || null, branches, copy, this.editButton].filter((node) => node !== null));
  }

  edit() {
    if (this.editing) return;
    this.editing = true;
    this.footer.hidden = true;
    const area = h("textarea", { class: "edit-text", "aria-label": "Edit the question", rows: "2" });
    area.value = this.message.content;
    const close = () => {
      this.editing = false;
      form.replaceWith(this.text);
      this.update();
      this.editButton.focus();
    };
    const save = async () => {
      const text = area.value.trim();
      if (text === "") return;
      if (this.app.run) {
        this.app.notify({ text: "An answer is being written; stop it first.", error: true });
        return;
      }
      const sent = text === this.message.content
        ? await this.app.attempt(() => this.app.generate({ parent: this.message.id }))
        : await this.app.attempt(() => this.app.ask(this.message.parent, text));
      if (sent) close();
    };
    const form = h("div", { class: "edit" }, area, h("div", { class: "edit-buttons" },
      h("button", { type: "button", class: "button", onclick: close }, "Cancel"),
      h("button", { type: "button", class: "button primary", onclick: save }, "Send")));
    area.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        close();
      } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        save();
      }
    });
    this.text.replaceWith(form);
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  }
}

/** Says on a button that its text is on the clipboard. @param {HTMLElement} button */
export function copied(button) {
  const label = button.getAttribute("aria-label");
  button.replaceChildren(icon("check"));
  button.setAttribute("aria-label", "Copied");
  setTimeout(() => {
    button.replaceChildren(icon("copy"));
    button.setAttribute("aria-label", label);
  }, 1500);
}
