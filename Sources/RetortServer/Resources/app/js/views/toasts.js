// SPDX-License-Identifier: Apache-2.0
/** Short notices at the edge, with an action while they last. */

import { h, iconButton } from "../dom.js";
import { icon } from "../icons.js";

const MILLISECONDS = 10_000;

export class Toasts {
  /** @param {HTMLElement} region */
  constructor(region) {
    this.region = region;
  }

  /** @param {import("../app.js").Notice} notice */
  show(notice) {
    let timer = 0;
    const close = () => {
      clearTimeout(timer);
      toast.remove();
    };
    const start = () => {
      clearTimeout(timer);
      timer = setTimeout(close, MILLISECONDS);
    };
    const toast = h(
      "div",
      { class: notice.error ? "toast toast-error" : "toast" },
      h("span", { class: "toast-text" }, notice.text),
    );
    if (notice.action) {
      toast.append(h("button", { type: "button", class: "toast-action", onclick: () => {
        close();
        notice.run?.();
      } }, notice.action));
    }
    toast.append(iconButton("Dismiss", icon("close"), close));
    // It stays while a pointer or the focus is on it.
    toast.addEventListener("pointerenter", () => clearTimeout(timer));
    toast.addEventListener("pointerleave", start);
    toast.addEventListener("focusin", () => clearTimeout(timer));
    toast.addEventListener("focusout", start);
    while (this.region.childElementCount >= 3) this.region.firstElementChild.remove();
    this.region.append(toast);
    start();
  }
}
