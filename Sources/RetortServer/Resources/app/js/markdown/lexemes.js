// SPDX-License-Identifier: Apache-2.0
/** Small pieces of inline syntax: targets of links, bare addresses, entities. */

const ENTITIES = {
  amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", copy: "©", reg: "®", trade: "™", hellip: "…",
  mdash: "—", ndash: "–", lsquo: "‘", rsquo: "’", ldquo: "“", rdquo: "”", laquo: "«", raquo: "»", bull: "•",
  middot: "·", times: "×", divide: "÷", plusmn: "±", deg: "°", le: "≤", ge: "≥", ne: "≠", larr: "←", rarr: "→",
  uarr: "↑", darr: "↓", infin: "∞", euro: "€", pound: "£", sect: "§", para: "¶", ensp: "\u2002", emsp: "\u2003",
};

/**
 * `(href "title")` at `i`, as behind a link's text.
 * @param {string} text @param {number} i @returns {{href: string, title: string, end: number}|null}
 */
export function bracketTarget(text, i) {
  if (text[i] !== "(") return null;
  let j = skipSpace(text, i + 1);
  let href = "";
  if (text[j] === "<") {
    const end = text.indexOf(">", j);
    if (end < 0 || end - j > 4096 || text.slice(j, end).includes("\n")) return null;
    href = text.slice(j + 1, end);
    j = end + 1;
  } else {
    let depth = 0;
    const start = j;
    for (; j < text.length && j - start < 4096 && !/\s/.test(text[j]); j += 1) {
      if (text[j] === "\\") j += 1;
      else if (text[j] === "(" && depth < 32) depth += 1;
      else if (text[j] === "(") return null;
      else if (text[j] === ")") {
        if (depth === 0) break;
        depth -= 1;
      }
    }
    if (depth !== 0) return null;
    href = text.slice(start, j).replace(/\\([!-/:-@[-`{-~])/g, "$1");
  }
  j = skipSpace(text, j);
  let title = "";
  const quote = text[j];
  if (quote === '"' || quote === "'") {
    const end = text.indexOf(quote, j + 1);
    if (end < 0 || end - j > 4096) return null;
    title = text.slice(j + 1, end);
    j = skipSpace(text, end + 1);
  }
  return text[j] === ")" ? { href, title, end: j + 1 } : null;
}

function skipSpace(text, i) {
  while (text[i] === " " || text[i] === "\n") i += 1;
  return i;
}

/**
 * An address without brackets, without the punctuation of the sentence behind it.
 * @param {string} text @param {number} i @returns {{href: string, text: string, end: number}|null}
 */
export function bareAddress(text, i) {
  if (i > 0 && /[\w/]/.test(text[i - 1])) return null;
  const match = /^(?:https?:\/\/|www\.)[^\s<>"`]+/i.exec(text.slice(i, i + 2048));
  if (!match) return null;
  let address = match[0];
  for (;;) {
    const last = address.at(-1);
    if (/[?!.,:;*_~'\]]/.test(last)) address = address.slice(0, -1);
    else if (last === ")" && count(address, ")") > count(address, "(")) address = address.slice(0, -1);
    else break;
  }
  if (!/^(?:https?:\/\/|www\.)[^./]/i.test(address)) return null;
  const href = /^www/i.test(address) ? `https://${address}` : address;
  return { href, text: address, end: i + address.length };
}

function count(text, char) {
  let n = 0;
  for (const c of text) if (c === char) n += 1;
  return n;
}

/** @param {string} text @param {number} i @returns {{value: string, end: number}|null} */
export function entity(text, i) {
  const match = /^&(?:([a-z]{2,8})|#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6}));/.exec(text.slice(i, i + 12));
  if (!match) return null;
  const end = i + match[0].length;
  if (match[1]) {
    return Object.hasOwn(ENTITIES, match[1]) ? { value: ENTITIES[match[1]], end } : null;
  }
  const code = match[2] ? parseInt(match[2], 10) : parseInt(match[3], 16);
  const valid = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return { value: valid ? String.fromCodePoint(code) : "\ufffd", end };
}

/**
 * The address to link to, or null: http, https and mailto only, nothing relative, which would be
 * of this server. @param {string} href @returns {string|null}
 */
export function safeAddress(href) {
  const text = href.trim();
  if (!/^(?:https?:\/\/|mailto:)/i.test(text)) return null;
  try {
    const url = new URL(text);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
