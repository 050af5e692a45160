// SPDX-License-Identifier: Apache-2.0
/** What this browser remembers: the look, whether thoughts are open, and unsent texts. */

import { storage } from "./storage.js";

const PREFIX = "retort.";

/** @param {string} name @param {string} fallback @returns {string} */
export function preference(name, fallback) {
  return storage.getItem(PREFIX + name) ?? fallback;
}

/** @param {string} name @param {string|null} value null forgets it */
export function setPreference(name, value) {
  if (value === null) storage.removeItem(PREFIX + name);
  else storage.setItem(PREFIX + name, value);
}

/** @param {string} theme "system", "light" or "dark" */
export function setTheme(theme) {
  setPreference("theme", theme === "system" ? null : theme);
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** @param {string|null} conversation @returns {string} */
export const draftOf = (conversation) => preference(`draft.${conversation ?? "new"}`, "");

/** @param {string|null} conversation @param {string} text */
export function keepDraft(conversation, text) {
  setPreference(`draft.${conversation ?? "new"}`, text === "" ? null : text);
}
