// SPDX-License-Identifier: Apache-2.0
/**
 * Code in coloured pieces. One pass with sticky expressions, none of which can backtrack far, so the
 * time is linear; what is not understood is plain.
 *
 * @typedef {""|"keyword"|"constant"|"string"|"number"|"comment"|"type"|"function"|"attribute"|"tag"|"inserted"|"deleted"} Kind
 */

import { languageOf } from "./languages.js";

/** Longer code stays plain. */
const MAX_LENGTH = 200_000;

const WORD = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const NUMBER = /(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?)[a-zA-Z\d]*/y;
const DECORATOR = /@[\p{L}_][\p{L}\p{N}_-]*/uy;
const VARIABLE = /\$(?:\{[^}\n]{0,200}\}|[A-Za-z_]\w*|[\d@#?*!$-])/y;
const OPTION = /--?[A-Za-z][\w-]*/y;
const PREPROCESSOR = /#[ \t]*[a-z]+/y;

/** @param {string} code @param {string} tag @returns {[Kind, string][]} */
export function highlight(code, tag) {
  const language = languageOf(tag);
  if (!language || code.length > MAX_LENGTH) return [["", code]];
  const out = new Pieces();
  if (language.mode === "diff") diff(code, out);
  else if (language.mode === "markup") markup(code, language, out);
  else programme(code, language, out);
  return out.pieces;
}

class Pieces {
  constructor() {
    /** @type {[Kind, string][]} */
    this.pieces = [];
  }

  /** @param {Kind} kind @param {string} text */
  add(kind, text) {
    const last = this.pieces.at(-1);
    if (last && last[0] === kind) last[1] += text;
    else this.pieces.push([kind, text]);
  }
}

/** @param {RegExp} rule sticky @param {string} text @param {number} i */
function at(rule, text, i) {
  rule.lastIndex = i;
  return rule.exec(text)?.[0] ?? null;
}

/** @param {string} code @param {number} i @param {import("./languages.js").Language} language @returns {string|null} */
function comment(code, i, language) {
  for (const mark of language.line ?? []) {
    if (!code.startsWith(mark, i)) continue;
    if (language.mode === "shell" && i > 0 && !/\s/.test(code[i - 1])) continue;
    const end = code.indexOf("\n", i);
    return code.slice(i, end < 0 ? code.length : end);
  }
  for (const [open, close] of language.block ?? []) {
    if (!code.startsWith(open, i)) continue;
    const end = code.indexOf(close, i + open.length);
    return code.slice(i, end < 0 ? code.length : end + close.length);
  }
  return null;
}

/** @param {string} code @param {number} i @param {import("./languages.js").Language} language @returns {string|null} */
function string(code, i, language) {
  const long = (language.long ?? []).find((mark) => code.startsWith(mark, i));
  const mark = long ?? (language.strings ?? []).find((quote) => code[i] === quote);
  if (!mark) return null;
  const escapes = !(language.mode === "shell" && mark === "'");
  let j = i + mark.length;
  while (j < code.length) {
    if (code[j] === "\\" && escapes) j += 2;
    else if (code.startsWith(mark, j)) return code.slice(i, j + mark.length);
    else if (code[j] === "\n" && !long) return code.slice(i, j);
    else j += 1;
  }
  return code.slice(i);
}

/** @param {string} code @param {import("./languages.js").Language} language @param {Pieces} out */
function programme(code, language, out) {
  let i = 0;
  let lineStart = true;
  const take = (kind, text) => {
    out.add(kind, text);
    i += text.length;
  };
  while (i < code.length) {
    const c = code[i];
    if (c === "\n" || c === " ") {
      out.add("", c);
      i += 1;
      if (c === "\n") lineStart = true;
      continue;
    }
    const first = lineStart;
    lineStart = false;
    const remark = comment(code, i, language);
    if (remark) {
      take("comment", remark);
      continue;
    }
    const quoted = string(code, i, language);
    if (quoted) {
      const isKey = language.mode === "json" && /^\s{0,20}:/.test(code.slice(i + quoted.length, i + quoted.length + 21));
      take(isKey ? "attribute" : "string", quoted);
      continue;
    }
    if (language.mode === "shell" && c === "$") {
      const variable = at(VARIABLE, code, i);
      if (variable) {
        take("constant", variable);
        continue;
      }
    }
    if (language.mode === "shell" && c === "-" && /\s/.test(code[i - 1] ?? " ")) {
      const option = at(OPTION, code, i);
      if (option) {
        take("attribute", option);
        continue;
      }
    }
    if (c === "#" && first && language.name === "C") {
      take("keyword", at(PREPROCESSOR, code, i) ?? c);
      continue;
    }
    if (c === "@" && language.decorator) {
      take("attribute", at(DECORATOR, code, i) ?? c);
      continue;
    }
    if (c >= "0" && c <= "9") {
      take("number", at(NUMBER, code, i) ?? c);
      continue;
    }
    const word = at(WORD, code, i);
    if (word) take(kindOfWord(word, code[i + word.length], language, first), word);
    else take("", c);
  }
}

/** @returns {Kind} */
function kindOfWord(word, after, language, first) {
  const key = language.caseless ? word.toLowerCase() : word;
  if (language.keywords?.has(key)) return "keyword";
  if (language.constants?.has(key)) return "constant";
  if (language.name === "YAML" && first && after === ":") return "attribute";
  if (language.name === "CSS" && after === ":") return "attribute";
  if (language.types && /^\p{Lu}/u.test(word) && /\p{Ll}/u.test(word)) return "type";
  if (after === "(" && language.mode !== "json") return "function";
  return "";
}

/** @param {string} code @param {import("./languages.js").Language} language @param {Pieces} out */
function markup(code, language, out) {
  const open = /<\/?[A-Za-z][\w:.-]*|<![A-Za-z]+/y;
  const name = /[A-Za-z_:@][\w:.-]*/y;
  const value = /"[^"]*"?|'[^']*'?/y;
  const reference = /&(?:[a-zA-Z]{1,30}|#\d{1,7}|#x[\da-fA-F]{1,6});/y;
  let inTag = false;
  let i = 0;
  while (i < code.length) {
    const c = code[i];
    /** @type {[Kind, string]} */
    let piece = ["", c];
    if (!inTag) {
      const remark = c === "<" ? comment(code, i, language) : null;
      const tag = c === "<" ? at(open, code, i) : null;
      if (remark) piece = ["comment", remark];
      else if (tag) {
        piece = ["tag", tag];
        inTag = true;
      } else if (c === "&") piece = ["constant", at(reference, code, i) ?? ""];
      if (piece[1] === "") piece = ["", c];
    } else if (c === ">") {
      piece = ["tag", c];
      inTag = false;
    } else {
      const text = c === '"' || c === "'" ? at(value, code, i) : null;
      const attribute = text ? null : at(name, code, i);
      if (text) piece = ["string", text];
      else if (attribute) piece = ["attribute", attribute];
      else if (c === "/") piece = ["tag", c];
    }
    out.add(piece[0], piece[1]);
    i += piece[1].length;
  }
}

/** @param {string} code @param {Pieces} out */
function diff(code, out) {
  code.split("\n").forEach((line, n) => {
    /** @type {Kind} */
    let kind = "";
    if (/^(?:\+\+\+|---|@@|diff |index )/.test(line)) kind = "keyword";
    else if (line.startsWith("+")) kind = "inserted";
    else if (line.startsWith("-")) kind = "deleted";
    out.add(kind, (n > 0 ? "\n" : "") + line);
  });
}
