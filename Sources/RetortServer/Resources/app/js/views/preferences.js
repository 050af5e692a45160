// SPDX-License-Identifier: Apache-2.0
/** What belongs to this browser: the theme, the key; and which keys do what. */

import { h } from "../dom.js";
import { preference, setPreference, setTheme } from "../preferences.js";
import { makeDialog } from "./dialog.js";

const SHORTCUTS = [
  ["Enter", "Send"], ["Shift+Enter", "New line"], ["Esc", "Stop the answer"], [
    "↑ in an empty field",
    "Edit the last question",
  ],
  ["Ctrl+K", "Search"], ["Ctrl+Shift+O", "New chat"], ["Ctrl+B", "Sidebar"],
];

/**
 * @param {string} legend @param {string} name @param {[string, string][]} options @param {string} chosen
 * @param {(value: string) => void} onChoose
 */
function choice(legend, name, options, chosen, onChoose) {
  const segments = options.map(([value, label]) => {
    const input = h("input", { type: "radio", name, value, onchange: () => onChoose(value) });
    input.checked = value === chosen;
    return h("label", { class: "segment" }, input, h("span", {}, label));
  });
  return h("fieldset", { class: "choice" }, h("legend", {}, legend), h("div", { class: "segments" }, ...segments));
}

/** @param {import("../app.js").App} app */
export function openPreferences(app) {
  const user = app.info?.user ? `, as ${app.info.user}` : "";
  const server = app.info ? `${app.info.name} ${app.info.version}${user}` : "The server cannot be reached.";
  const forget = app.api.key !== null && h("button", { type: "button", class: "button", onclick: () => {
    app.api.key = null;
    location.reload();
  } }, "Forget the key");
  const dialog = makeDialog("Preferences", [
    choice(
      "Theme",
      "theme",
      [["system", "System"], ["light", "Light"], ["dark", "Dark"]],
      preference("theme", "system"),
      setTheme,
    ),
    choice(
      "While a model thinks",
      "thoughts",
      [["open", "Show the thought"], ["folded", "Keep it folded"]],
      preference("thoughts", "open"),
      (value) => setPreference("thoughts", value),
    ),
    h(
      "div",
      {},
      h("h3", {}, "Keys"),
      h(
        "dl",
        { class: "shortcuts" },
        ...SHORTCUTS.map(([key, what]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, what))),
      ),
    ),
    h("p", { class: "hint" }, server),
    ...(forget ? [forget] : []),
  ], { buttons: [h("button", { type: "button", class: "button primary", onclick: () => dialog.close() }, "Done")] });
  dialog.showModal();
}

/** Asks for a key until one is right. @param {import("../app.js").App} app @param {() => Promise<void>} onKey */
export function askForKey(app, onKey) {
  if (document.getElementById("key")) return;
  const input = h(
    "input",
    { type: "password", id: "key", autocomplete: "current-password", "aria-describedby": "key-error" },
  );
  const error = h("p", { class: "field-error", id: "key-error", role: "alert" });
  if (app.api.key) error.textContent = "This key is not accepted.";
  const dialog = makeDialog("A key is needed", [
    h("p", {}, "This server answers those who have a key. Whoever runs it can give you one."),
    h("div", { class: "field" }, h("label", { for: "key" }, "Key"), input, error),
  ], {
    closable: false,
    buttons: [h("button", { type: "submit", class: "button primary" }, "Continue")],
    onSubmit: () => {
      if (input.value.trim() === "") return;
      app.api.key = input.value.trim();
      dialog.close();
      onKey();
    },
  });
  dialog.showModal();
  input.focus();
}
