// SPDX-License-Identifier: Apache-2.0
/** Formulas that stand on lines of their own: \[ … \], $$ … $$ and bare environments. */

/** Longer ones are taken for an opening bracket that nobody closes. */
const MAX_LINES = 200;
const ENVIRONMENT = /^\s{0,3}\\begin\{((?:align|aligned|equation|gather|gathered|multline|eqnarray|cases)\*?)\}/;

/** @param {string} line */
export function opensMath(line) {
  return /^ {0,3}(?:\\\[|\$\$)/.test(line) || ENVIRONMENT.test(line);
}

/**
 * The formula that begins at line `i`, or null where it is part of a sentence or never ends.
 * At the end of the text it may be open: more may come.
 * @param {string[]} lines @param {number} i
 * @returns {[import("./blocks.js").MathBlock, number]|null}
 */
export function mathBlock(lines, i) {
  const first = lines[i].trimStart();
  const environment = ENVIRONMENT.exec(lines[i]);
  const opener = environment ? "" : first.slice(0, 2);
  const closer = environment ? `\\end{${environment[1]}}` : opener === "$$" ? "$$" : "\\]";
  const body = [];
  let rest = first.slice(opener.length);
  const limit = Math.min(lines.length, i + MAX_LINES);
  for (let j = i; j < limit; j += 1) {
    if (j > i) rest = lines[j];
    if (j > i && rest.trim() === "") return null;
    const at = rest.indexOf(closer);
    if (at >= 0) {
      if (rest.slice(at + closer.length).trim() !== "") return null;
      body.push(environment ? rest : rest.slice(0, at));
      return [{ type: "math", tex: body.join("\n").trim(), closed: true }, j + 1];
    }
    body.push(rest);
  }
  if (limit < lines.length) return null;
  return [{ type: "math", tex: body.join("\n").trim(), closed: false }, lines.length];
}
