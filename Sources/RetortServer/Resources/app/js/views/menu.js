// SPDX-License-Identifier: Apache-2.0
/** A menu at a button. */

import { h } from "../dom.js";
import { icon } from "../icons.js";

/**
 * @param {HTMLElement} anchor
 * @param {{label: string, icon: Parameters<typeof icon>[0], run: () => void, danger?: boolean}[]} items
 */
export function openMenu(anchor, items) {
  const buttons = items.map((item) => h("button", {
    type: "button", role: "menuitem", class: item.danger ? "menu-item danger" : "menu-item", tabindex: "-1",
    onclick: () => {
      menu.hidePopover();
      item.run();
    },
  }, icon(item.icon), item.label));
  const menu = h(
    "div",
    { role: "menu", popover: "auto", class: "menu", "aria-label": anchor.getAttribute("aria-label") ?? "Menu" },
    ...buttons,
  );
  menu.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(/** @type {any} */ (document.activeElement));
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (event.key === "Tab") menu.hidePopover();
    if (next === undefined) return;
    event.preventDefault();
    buttons.at(next % buttons.length).focus();
  });
  menu.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== "closed") return;
    anchor.setAttribute("aria-expanded", "false");
    const inside = menu.contains(document.activeElement) || document.activeElement === document.body;
    menu.remove();
    if (inside && anchor.isConnected) anchor.focus();
  });
  document.body.append(menu);
  menu.showPopover();
  anchor.setAttribute("aria-expanded", "true");
  const place = anchor.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const left = Math.max(8, Math.min(place.right - size.width, innerWidth - size.width - 8));
  const below = place.bottom + 4 + size.height < innerHeight;
  menu.style.left = `${left}px`;
  menu.style.top = `${below ? place.bottom + 4 : Math.max(8, place.top - size.height - 4)}px`;
  buttons[0].focus();
}
