// SPDX-License-Identifier: Apache-2.0
/** A modal dialog that gives the focus back. */

import { h, iconButton } from "../dom.js";
import { icon } from "../icons.js";

let serial = 0;

/**
 * @param {string} title @param {Node[]} content
 * @param {{buttons?: HTMLElement[], onSubmit?: () => void, closable?: boolean}} [options]
 *   `onSubmit`: by the button, or Enter in a field
 * @returns {HTMLDialogElement} not yet shown
 */
export function makeDialog(title, content, options = {}) {
  serial += 1;
  const id = `dialog-${serial}`;
  const closable = options.closable ?? true;
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": id });
  const form = h("form", { method: "dialog", novalidate: true },
    h(
      "div",
      { class: "dialog-head" },
      h("h2", { id }, title),
      closable && iconButton("Close", icon("close"), () => dialog.close()),
    ),
    h("div", { class: "dialog-body" }, ...content),
    options.buttons ? h("div", { class: "dialog-foot" }, ...options.buttons) : null);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    options.onSubmit?.();
  });
  dialog.append(form);
  if (closable) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  } else dialog.addEventListener("cancel", (event) => event.preventDefault());
  const opener = /** @type {HTMLElement|null} */ (document.activeElement);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (opener?.isConnected) opener.focus();
  });
  document.body.append(dialog);
  return dialog;
}
