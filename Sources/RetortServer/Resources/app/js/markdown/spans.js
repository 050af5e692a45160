// SPDX-License-Identifier: Apache-2.0
/** Finders of spans whose inside is not Markdown: code and formulas. Each remembers what it searched for in vain. */

const MAX_DOLLAR_LENGTH = 1000;

/**
 * @param {string} text
 * @returns {(i: number) => {value: string|null, end: number}} for a backtick at `i`: the code span
 *   there, or null for the value when nothing closes the run, which ends at `end`.
 */
export function codeSpanFinder(text) {
  /** @type {Map<number, number[]>|null} positions of the runs by length */
  let runs = null;
  return (i) => {
    if (!runs) {
      runs = new Map();
      for (const match of text.matchAll(/`+/g)) {
        const list = runs.get(match[0].length);
        if (list) list.push(match.index);
        else runs.set(match[0].length, [match.index]);
      }
    }
    let end = i;
    while (text[end] === "`") end += 1;
    const length = end - i;
    const list = runs.get(length) ?? [];
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle] < end) low = middle + 1;
      else high = middle;
    }
    if (low === list.length) return { value: null, end };
    let value = text.slice(end, list[low]).replace(/\n/g, " ");
    if (value.startsWith(" ") && value.endsWith(" ") && value.trim() !== "") value = value.slice(1, -1);
    return { value, end: list[low] + length };
  };
}

/**
 * @param {string} text
 * @returns {(i: number) => {tex: string, display: boolean, end: number}|null} for a `\` or `$` at `i`
 */
export function mathFinder(text) {
  /** Closers of which none is left, so that a text full of openers takes linear time. */
  const absent = new Set();
  const until = (start, closer, display) => {
    if (absent.has(closer)) return null;
    const end = text.indexOf(closer, start);
    if (end < 0) {
      absent.add(closer);
      return null;
    }
    const tex = text.slice(start, end);
    if (tex.trim() === "") return null;
    return { tex: tex.trim(), display, end: end + closer.length };
  };
  return (i) => {
    if (text.startsWith("\\(", i)) return until(i + 2, "\\)", false);
    if (text.startsWith("\\[", i)) return until(i + 2, "\\]", true);
    if (text.startsWith("$$", i)) return until(i + 2, "$$", true);
    return text[i] === "$" ? dollar(text, i) : null;
  };
}

/** `$x$`, but not the prices in "from $5 to $10". */
function dollar(text, i) {
  if (i > 0 && /[\w$\\]/.test(text[i - 1])) return null;
  const first = text[i + 1];
  if (first === undefined || /[\s$]/.test(first)) return null;
  const limit = Math.min(text.length, i + MAX_DOLLAR_LENGTH);
  for (let j = i + 1; j < limit; j += 1) {
    if (text[j] === "\\") j += 1;
    else if (text[j] === "`" || (text[j] === "\n" && text[j + 1] === "\n")) return null;
    else if (text[j] === "$") {
      if (/\s/.test(text[j - 1]) || /[\w$]/.test(text[j + 1] ?? "")) return null;
      const tex = text.slice(i + 1, j);
      return looksLikeMath(tex) ? { tex, display: false, end: j + 1 } : null;
    }
  }
  return null;
}

/** @param {string} tex */
function looksLikeMath(tex) {
  if (!/\s/.test(tex)) return true;
  if (/[\\^_={}]/.test(tex)) return true;
  // With spaces and without TeX it is a formula only if it has an operator and neither a price nor words.
  return /[+\-*/<>|]/.test(tex) && !/^\d/.test(tex) && !/[A-Za-z]{3,}/.test(tex);
}
