// SPDX-License-Identifier: Apache-2.0
/** The list of conversations: by date, to be searched, renamed, pinned, exported and deleted. */

import { byId, h, iconButton } from "../dom.js";
import { dateGroup } from "../format.js";
import { icon } from "../icons.js";
import { preference, setPreference } from "../preferences.js";
import { openMenu } from "./menu.js";

const SEARCH_DELAY = 200;
export const NARROW = matchMedia("(max-width: 52rem)");

export class Sidebar {
  /** @param {import("../app.js").App} app @param {{newChat: () => void, preferences: () => void}} actions */
  constructor(app, actions) {
    this.app = app;
    this.element = byId("sidebar");
    this.renaming = "";
    this.search = h(
      "input",
      {
        type: "search", id: "search", placeholder: "Search", "aria-label": "Search conversations", autocomplete: "off",
        spellcheck: "false",
      },
    );
    this.list = h("nav", { class: "list", "aria-label": "Conversations" });
    this.file = h(
      "input",
      { type: "file", accept: ".json,application/json", hidden: true, "aria-label": "File to import" },
    );
    this.guard = h("a", { href: "#/guard", class: "foot-button", hidden: true }, icon("guard"), "Guard");
    app.addEventListener("models", () => {
      this.guard.hidden = !app.info?.operator;
    });
    this.element.append(
      h("div", { class: "sidebar-head" },
        h("a", { href: "#/", class: "brand" }, h("img", { src: "icons/icon.svg", alt: "", width: "24", height: "24" }), "Retort"),
        iconButton("Hide the sidebar", icon("sidebar"), () => this.setOpen(false))),
      h("button", { type: "button", class: "new-chat", onclick: actions.newChat }, icon("compose"), "New chat"),
      h("div", { class: "search" }, icon("search"), this.search),
      this.list,
      h("div", { class: "sidebar-foot" },
        h(
          "button",
          { type: "button", class: "foot-button", onclick: () => this.file.click() },
          icon("upload"),
          "Import",
        ),
        this.guard,
        h("button", { type: "button", class: "foot-button", onclick: actions.preferences }, icon("settings"), "Preferences")),
      this.file);
    this.file.addEventListener("change", () => {
      const file = this.file.files?.[0];
      if (file) app.attempt(() => app.import(file));
      this.file.value = "";
    });
    let timer = 0;
    this.search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => app.attempt(() => app.search(this.search.value.trim())), SEARCH_DELAY);
    });
    this.search.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") /** @type {HTMLElement|null} */ (this.list.querySelector("a"))?.focus();
    });
    byId("backdrop").addEventListener("click", () => this.setOpen(false));
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && NARROW.matches && this.renaming === "") this.setOpen(false);
    });
    for (const name of ["list", "conversation"]) app.addEventListener(name, () => this.update());
    NARROW.addEventListener("change", () => this.setOpen(!NARROW.matches));
    this.setOpen(!NARROW.matches && preference("sidebar", "open") === "open");
  }

  get open() {
    return document.body.classList.contains("sidebar-open");
  }

  /** @param {boolean} open */
  setOpen(open) {
    const inside = this.element.contains(document.activeElement);
    document.body.classList.toggle("sidebar-open", open);
    this.element.inert = !open;
    byId("main").inert = open && NARROW.matches;
    if (!NARROW.matches) setPreference("sidebar", open ? null : "closed");
    byId("show-sidebar").setAttribute("aria-expanded", String(open));
    if (!open && inside) byId("show-sidebar").focus();
    else if (open && NARROW.matches) /** @type {HTMLElement|null} */ (this.element.querySelector(".new-chat"))?.focus();
  }

  focusSearch() {
    this.setOpen(true);
    this.search.focus();
    this.search.select();
  }

  update() {
    if (this.renaming !== "") return;
    const active = /** @type {HTMLElement|null} */ (document.activeElement);
    const focused = this.list.contains(active) ? active?.dataset.focus : undefined;
    const top = this.list.scrollTop;
    const now = new Date();
    const groups = new Map();
    for (const summary of this.app.list) {
      const name = summary.pinned ? "Pinned" : dateGroup(summary.updated, now);
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(summary);
    }
    this.list.replaceChildren();
    for (const [name, summaries] of groups) {
      this.list.append(
        h("h2", { class: "group" }, name),
        h("ul", {}, ...summaries.map((summary) => this.item(summary))),
      );
    }
    if (this.app.nextCursor) {
      this.list.append(
        h(
          "button",
          { type: "button", class: "more-button", onclick: () => this.app.attempt(() => this.app.moreOfList()) },
          "Show more",
        ),
      );
    }
    if (this.app.list.length === 0 && this.app.listLoaded) {
      this.list.append(h("p", { class: "list-empty" }, this.app.query ? "Nothing found." : "No conversations yet."));
    }
    this.list.scrollTop = top;
    if (focused) this.focusOn(focused);
  }

  /** @param {string} name of a link or button in the list */
  focusOn(name) {
    /** @type {HTMLElement|null} */ (this.list.querySelector(`[data-focus="${CSS.escape(name)}"]`))?.focus();
  }

  /** @param {import("../types.js").Summary} summary */
  item(summary) {
    const current = summary.id === this.app.conversation?.id;
    const title = summary.title ?? "New conversation";
    const page = current ? "page" : null;
    const link = h("a", { href: `#/c/${summary.id}`, class: "item-link", "aria-current": page, title, "data-focus": summary.id },
      h("span", { class: "item-title" }, title), summary.snippet && h("span", { class: "item-snippet" }, summary.snippet));
    link.addEventListener("click", () => {
      if (NARROW.matches) this.setOpen(false);
    });
    const more = iconButton(
      `More about ${title}`,
      icon("more"),
      () => this.menu(more, summary),
      { "aria-haspopup": "menu", "aria-expanded": "false", "data-focus": `${summary.id} more` },
    );
    const dot = summary.active_run && h(
      "span",
      { class: "item-dot", role: "img", "aria-label": "An answer is being written" },
    );
    return h("li", { class: current ? "item current" : "item" }, dot, link, more);
  }

  /** @param {HTMLElement} anchor @param {import("../types.js").Summary} summary */
  menu(anchor, summary) {
    const { app } = this;
    openMenu(anchor, [
      { label: "Rename", icon: "edit", run: () => this.rename(anchor.closest("li"), summary) },
      {
        label: summary.pinned ? "Unpin" : "Pin", icon: "pin",
        run: () => app.attempt(() => app.change(summary.id, { pinned: !summary.pinned })),
      },
      { label: "Export as Markdown", icon: "download", run: () => app.attempt(() => app.export(summary, "markdown")) },
      { label: "Export as JSON", icon: "download", run: () => app.attempt(() => app.export(summary, "json")) },
      { label: "Delete", icon: "trash", danger: true, run: () => app.attempt(() => app.remove(summary)) },
    ]);
  }

  /** @param {HTMLElement|null} item @param {import("../types.js").Summary} summary */
  rename(item, summary) {
    if (!item) return;
    this.renaming = summary.id;
    const input = h("input", { type: "text", class: "rename", "aria-label": "Title", maxlength: "200" });
    input.value = summary.title ?? "";
    const finish = (keep) => {
      if (this.renaming === "") return;
      this.renaming = "";
      const title = input.value.trim();
      if (keep && title !== "" && title !== summary.title) this.app.attempt(() => this.app.change(summary.id, { title }));
      this.update();
      this.focusOn(summary.id);
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") finish(true);
      else if (event.key === "Escape") {
        event.stopPropagation();
        finish(false);
      }
    });
    input.addEventListener("blur", () => finish(true));
    item.replaceChildren(input);
    input.focus();
    input.select();
  }
}
