// SPDX-License-Identifier: Apache-2.0
/**
 * TeX in tokens. Comments do not exist here: a `%` of a model is a per cent sign.
 * @typedef {{kind: "command"|"char"|"space"|"end", text: string, at: number, end: number}} Token
 */

/** @param {string} tex @returns {Token[]} */
export function tokenize(tex) {
  /** @type {Token[]} */
  const tokens = [];
  const rule = /\\([A-Za-z]+\*?|[\s\S])|(\s+)|([\s\S])/uy;
  for (let match = rule.exec(tex); match; match = rule.exec(tex)) {
    const end = rule.lastIndex;
    if (match[1] !== undefined) {
      const name = /^\s$/.test(match[1]) ? " " : match[1];
      // A star belongs to few commands; elsewhere it is a product.
      if (name.length > 1 && name.endsWith("*") && name !== "operatorname*" && name !== "tag*") {
        tokens.push({ kind: "command", text: name.slice(0, -1), at: match.index, end: end - 1 });
        rule.lastIndex = end - 1;
      } else tokens.push({ kind: "command", text: name, at: match.index, end });
    } else {
      tokens.push({ kind: match[2] !== undefined ? "space" : "char", text: match[0], at: match.index, end });
    }
  }
  tokens.push({ kind: "end", text: "", at: tex.length, end: tex.length });
  return tokens;
}
