// SPDX-License-Identifier: Apache-2.0
/** `‹ 2/3 ›`: the alternatives of a message. */

import { h, iconButton } from "../dom.js";
import { icon } from "../icons.js";

/**
 * @param {import("../app.js").App} app @param {import("../types.js").Message} message
 * @returns {HTMLElement|null} null where there is but one
 */
export function branchSwitcher(app, message) {
  const siblings = app.tree.siblings(message);
  if (siblings.length < 2) return null;
  const at = siblings.findIndex((sibling) => sibling.id === message.id);
  const what = message.role === "user" ? "question" : "answer";
  const go = (step, label) => iconButton(`${label} ${what}`, icon(step < 0 ? "left" : "right"), () => {
    const id = siblings[at + step].id;
    app.attempt(() => app.switchTo(id));
    // The other message is there now: the focus stays on the arrow, or goes to the only one left.
    const group = document.querySelector(`[data-branches="${CSS.escape(id)}"]`);
    const arrow = group?.querySelector(
      `[data-step="${step}"]:not([disabled])`,
    ) ?? group?.querySelector("[data-step]:not([disabled])");
    if (arrow instanceof HTMLElement) arrow.focus();
  }, { disabled: !siblings[at + step], "data-step": step });
  const label = `Version ${at + 1} of ${siblings.length}`;
  return h("div", { class: "branches", role: "group", "data-branches": message.id, "aria-label": label },
    go(-1, "Previous"), h("span", { class: "branch-count" }, `${at + 1}/${siblings.length}`), go(1, "Next"));
}
