// SPDX-License-Identifier: Apache-2.0
/** Numbers and times for people. */

const NUMBER = new Intl.NumberFormat("en");

/** @param {number} value */
export const count = (value) => NUMBER.format(value);

/** @param {number} value @param {string} unit @param {string} [units] */
export const plural = (value, unit, units = `${unit}s`) => `${count(value)} ${value === 1 ? unit : units}`;

/** `0.4 s`, `34 s`, `2 min 5 s`. @param {number} seconds */
export function duration(seconds) {
  if (seconds < 0.95) return `${seconds.toFixed(seconds < 0.095 ? 2 : 1)} s`;
  if (seconds < 59.5) return `${seconds < 9.95 ? trimmed(seconds, 1) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Whole seconds, for what ticks. @param {number} seconds */
export function ticking(seconds) {
  const whole = Math.floor(seconds);
  return whole < 60 ? `${whole} s` : duration(whole);
}

/** @param {number} value @param {number} digits */
function trimmed(value, digits) {
  return value.toFixed(digits).replace(/\.0+$/, "");
}

/** @param {number} bytes */
export function bytes(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 9.95 && unit > 0 ? trimmed(value, 1) : Math.round(value)} ${units[unit]}`;
}

/** @param {number} perSecond */
export const speed = (perSecond) => `${perSecond < 9.95 ? perSecond.toFixed(1) : count(Math.round(perSecond))} tok/s`;

/** @param {number} joules */
export const energy = (joules) => (joules < 3600 ? `${count(Math.round(joules))} J` : `${trimmed(joules / 3600, 2)} Wh`);

const SMALLEST_PRICE = 0.00001;

/** @param {number} price @param {string|null} currency */
export function money(price, currency) {
  const isTiny = price > 0 && price < SMALLEST_PRICE;
  const shown = isTiny ? SMALLEST_PRICE : price;
  // Written out: an exponent is no price.
  const figure = shown > 0 && shown < 0.01 ? shown.toFixed(1 - Math.floor(Math.log10(shown))).replace(/0$/, "") : shown.toFixed(2);
  const text = currency === "USD" ? `$${figure}` : currency ? `${figure} ${currency}` : figure;
  return isTiny ? `< ${text}` : text;
}

/**
 * The heading that a conversation of that time stands under.
 * @param {number} time seconds since 1970 @param {Date} now
 */
export function dateGroup(time, now) {
  const date = new Date(time * 1000);
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const days = Math.ceil((midnight.getTime() - date.getTime()) / 86_400_000);
  if (days <= 0) return "Today";
  if (days <= 1) return "Yesterday";
  if (days <= 7) return "Previous 7 days";
  if (days <= 30) return "Previous 30 days";
  return date.toLocaleDateString("en", { month: "long", year: "numeric" });
}

/** A name for a file from a title. @param {string|null} title */
export function fileName(title) {
  const name = (title ?? "").normalize("NFKD").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 50);
  return name.toLowerCase() || "conversation";
}
