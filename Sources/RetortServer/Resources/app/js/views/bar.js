// SPDX-License-Identifier: Apache-2.0
/** The bar on top: the title, the model, and how full its context is. */

import { byId, h, iconButton } from "../dom.js";
import { bytes, count } from "../format.js";
import { icon } from "../icons.js";

export class Bar {
  /**
   * @param {import("../app.js").App} app
   * @param {{toggleSidebar: () => void, newChat: () => void, settings: () => void}} actions
   */
  constructor(app, actions) {
    this.app = app;
    this.title = h("h1", { class: "title" });
    this.model = h("select", { class: "model", "aria-label": "Model" });
    this.fill = h("div", { class: "gauge-fill" });
    this.gaugeText = h("span", { class: "gauge-text" });
    this.gauge = h(
      "div", { class: "gauge", role: "meter", "aria-label": "Context used", "aria-valuemin": "0", hidden: true },
      h("div", { class: "gauge-bar" }, this.fill), this.gaugeText);
    byId("bar").append(
      iconButton(
        "Show the sidebar",
        icon("sidebar"),
        actions.toggleSidebar,
        { id: "show-sidebar", "aria-expanded": "false", "aria-controls": "sidebar" },
      ),
      this.title, this.gauge, this.model,
      iconButton("Settings of this conversation", icon("settings"), actions.settings, { id: "show-settings" }),
      iconButton("New chat", icon("compose"), actions.newChat, { class: "icon-button only-narrow" }));
    this.model.addEventListener("change", () => {
      app.attempt(() => app.changeSettings({ ...app.settings, model: this.model.value }, false));
    });
    app.addEventListener("models", () => this.update());
    app.addEventListener("conversation", () => this.update());
    app.addEventListener("run", () => {
      app.run?.addEventListener("change", () => this.updateGauge());
    });
  }

  update() {
    const { app } = this;
    const title = app.conversation ? app.conversation.title ?? "New conversation" : "New chat";
    this.title.textContent = title;
    document.title = app.conversation ? `${title} · Retort` : "Retort";
    const options = app.models.map((model) => {
      const notes = [
        model.loaded ? null : "not loaded",
        model.quantisation,
        model.bytes !== null ? bytes(model.bytes) : null,
        model.fits === false ? "too large for the free memory" : null,
      ];
      const option = h("option", { value: model.id }, [model.name, ...notes.filter(Boolean)].join(" · "));
      option.selected = model.id === app.model?.id;
      return option;
    });
    this.model.replaceChildren(...options);
    this.model.hidden = options.length === 0;
    this.updateGauge();
  }

  updateGauge() {
    const { app } = this;
    const context = app.model?.context ?? 0;
    const usage = app.path.findLast((message) => message.usage)?.usage;
    const used = app.run?.progress?.context_used ?? (usage ? usage.prompt_tokens + usage.completion_tokens : 0);
    this.gauge.hidden = context === 0 || used === 0;
    const part = Math.min(1, used / Math.max(1, context));
    this.fill.style.width = `${part * 100}%`;
    this.gauge.classList.toggle("gauge-full", part > 0.85);
    this.gauge.setAttribute("aria-valuemax", String(context));
    this.gauge.setAttribute("aria-valuenow", String(Math.min(used, context)));
    this.gauge.setAttribute("aria-valuetext", `${count(used)} of ${count(context)} tokens`);
    this.gaugeText.textContent = `${count(used)} / ${count(context)}`;
    this.gauge.title = `Context: ${count(used)} of ${count(context)} tokens`;
  }
}
