// SPDX-License-Identifier: Apache-2.0
/** What the browser keeps for this app, or only this page where the browser keeps nothing. */

/** @type {Pick<Storage, "getItem"|"setItem"|"removeItem">} */
export const storage = (() => {
  try {
    localStorage.getItem("retort");
    return localStorage;
  } catch {
    /** @type {Map<string, string>} */
    const kept = new Map();
    return {
      getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value),
      removeItem: (name) => kept.delete(name),
    };
  }
})();
