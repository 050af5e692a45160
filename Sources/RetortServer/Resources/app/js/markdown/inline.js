// SPDX-License-Identifier: Apache-2.0
/**
 * Markdown's inline structure: a paragraph's text in, a tree of nodes out. CommonMark's rules for
 * emphasis, links and code spans, GFM's strikethrough and bare addresses, and TeX formulas.
 * HTML is text, except <br>, which models write in tables. Nothing here backtracks without bound.
 *
 * @typedef {{type: "text", value: string}
 *   | {type: "code", value: string}
 *   | {type: "math", tex: string, display: boolean}
 *   | {type: "break"}
 *   | {type: "image", alt: string, href: string}
 *   | {type: "link", href: string, title: string, children: Inline[]}
 *   | {type: "em"|"strong"|"del", children: Inline[]}} Inline
 */

import { codeSpanFinder, mathFinder } from "./spans.js";
import { bareAddress, bracketTarget, entity } from "./lexemes.js";

const MAX_DEPTH = 24;
const PUNCTUATION = /[\p{P}\p{S}]/u;

/** @param {string} text @returns {Inline[]} */
export function parseInline(text) {
  const items = [];
  const brackets = [];
  /** Openers below this index may not become links: links do not nest. */
  let inactiveBelow = 0;
  const codeSpan = codeSpanFinder(text);
  const math = mathFinder(text);
  let plain = "";
  let i = 0;

  const flush = () => {
    if (plain !== "") items.push({ type: "text", value: plain });
    plain = "";
  };
  const push = (node, next) => {
    flush();
    items.push(node);
    i = next;
  };

  while (i < text.length) {
    const c = text[i];
    if (c === "\\" || c === "$") {
      const formula = math(i);
      if (formula) {
        push({ type: "math", tex: formula.tex, display: formula.display }, formula.end);
      } else if (c === "\\" && text[i + 1] === "\n") {
        push({ type: "break" }, i + 2);
      } else if (c === "\\" && /[!-/:-@[-`{-~]/.test(text[i + 1] ?? "")) {
        plain += text[i + 1];
        i += 2;
      } else {
        plain += c;
        i += 1;
      }
    } else if (c === "`") {
      const span = codeSpan(i);
      if (span.value !== null) push({ type: "code", value: span.value }, span.end);
      else {
        plain += text.slice(i, span.end);
        i = span.end;
      }
    } else if (c === "*" || c === "_" || c === "~") {
      let end = i;
      while (text[end] === c) end += 1;
      flush();
      items.push(delimiter(text, i, end));
      i = end;
    } else if (c === "[" || (c === "!" && text[i + 1] === "[")) {
      flush();
      brackets.push({ at: items.length, image: c === "!", text: i + (c === "!" ? 2 : 1) });
      items.push({ type: "text", value: c === "!" ? "![" : "[" });
      i += c === "!" ? 2 : 1;
    } else if (c === "]") {
      flush();
      const opener = brackets.pop();
      const target = opener && (opener.image || brackets.length >= inactiveBelow) ? bracketTarget(text, i + 1) : null;
      if (!target) {
        plain += c;
        i += 1;
        continue;
      }
      const inner = items.splice(opener.at).slice(1);
      if (opener.image) items.push({ type: "image", alt: text.slice(opener.text, i), href: target.href });
      else {
        items.push({ type: "link", href: target.href, title: target.title, children: emphasised(inner) });
        inactiveBelow = Math.max(inactiveBelow, brackets.length);
      }
      i = target.end;
    } else if (c === "&") {
      const found = entity(text, i);
      plain += found ? found.value : c;
      i = found ? found.end : i + 1;
    } else if (c === "<") {
      const rest = text.slice(i, i + 2048);
      const line = /^<br ?\/?>/i.exec(rest);
      const address = /^<((?:https?:\/\/|mailto:)[^\s<>]*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)>/i.exec(rest);
      if (line) push({ type: "break" }, i + line[0].length);
      else if (address) {
        const href = /^(?:https?|mailto):/i.test(address[1]) ? address[1] : `mailto:${address[1]}`;
        push({ type: "link", href, title: "", children: [{ type: "text", value: address[1] }] }, i + address[0].length);
      } else {
        plain += c;
        i += 1;
      }
    } else if (c === "\n") {
      const hard = plain.endsWith("  ");
      plain = plain.trimEnd();
      flush();
      if (hard) push({ type: "break" }, i + 1);
      else {
        plain = "\n";
        i += 1;
      }
      while (text[i] === " ") i += 1;
    } else if ((c === "h" || c === "H" || c === "w") && bareAddress(text, i)) {
      const address = bareAddress(text, i);
      push(
        { type: "link", href: address.href, title: "", children: [{ type: "text", value: address.text }] },
        address.end,
      );
    } else {
      plain += c;
      i += 1;
    }
  }
  flush();
  return emphasised(items);
}

/** A run of *, _ or ~ and what it may do there. @param {string} text */
function delimiter(text, start, end) {
  const char = text[start];
  const before = start === 0 ? " " : String.fromCodePoint(text.codePointAt(start - 1) ?? 32);
  const after = end >= text.length ? " " : String.fromCodePoint(text.codePointAt(end) ?? 32);
  const spaceAfter = /\s/u.test(after);
  const spaceBefore = /\s/u.test(before);
  const left = !spaceAfter && (!PUNCTUATION.test(after) || spaceBefore || PUNCTUATION.test(before));
  const right = !spaceBefore && (!PUNCTUATION.test(before) || spaceAfter || PUNCTUATION.test(after));
  const length = end - start;
  if (char === "~" && length !== 2) return { type: "text", value: text.slice(start, end) };
  return {
    type: "delimiter",
    char,
    length,
    count: length,
    opens: char === "_" ? left && (!right || PUNCTUATION.test(before)) : left,
    closes: char === "_" ? right && (!left || PUNCTUATION.test(after)) : right,
  };
}

/**
 * Delimiters resolved to em, strong and del; what stays alone is text.
 * @returns {Inline[]}
 */
function emphasised(items) {
  const out = [];
  /** Delimiters that may open, as indices into `out`. */
  const stack = [];
  /** Kinds of closers for which the stack has been searched in vain, and up to where. */
  const bottoms = new Map();
  for (const item of items) {
    if (item.type !== "delimiter") {
      out.push(item);
      continue;
    }
    const closer = item;
    while (closer.closes && closer.count > 0) {
      const kind = `${closer.char}${closer.opens}${closer.length % 3}`;
      const bottom = bottoms.get(kind) ?? 0;
      let k = stack.length - 1;
      while (k >= bottom && !matches(out[stack[k]], closer)) k -= 1;
      if (k < bottom || k < 0) {
        bottoms.set(kind, stack.length);
        break;
      }
      const opener = out[stack[k]];
      const children = out.splice(stack[k] + 1).map(settled);
      const depth = 1 + Math.max(0, ...children.slice(0, 4096).map((child) => child.depth ?? 0));
      if (depth > MAX_DEPTH) {
        for (const child of children) out.push(child);
        stack.length = 0;
        break;
      }
      const used = closer.char === "~" || (opener.count >= 2 && closer.count >= 2) ? 2 : 1;
      opener.count -= used;
      closer.count -= used;
      stack.length = opener.count === 0 ? k : k + 1;
      for (const [key, value] of bottoms) if (value > stack.length) bottoms.set(key, stack.length);
      if (opener.count === 0) out.pop();
      out.push({ type: closer.char === "~" ? "del" : used === 2 ? "strong" : "em", children, depth });
    }
    if (closer.count > 0) {
      if (closer.opens) stack.push(out.length);
      out.push(closer);
    }
  }
  return joined(out.map(settled));
}

/** CommonMark's rules 9 and 10. */
function matches(opener, closer) {
  if (opener.char !== closer.char) return false;
  if (closer.char === "~") return true;
  if (!(opener.closes || closer.opens)) return true;
  return (opener.length + closer.length) % 3 !== 0 || (opener.length % 3 === 0 && closer.length % 3 === 0);
}

/** A delimiter that found no partner is text. */
function settled(item) {
  return item.type === "delimiter" ? { type: "text", value: item.char.repeat(item.count) } : item;
}

/** @returns {Inline[]} */
function joined(nodes) {
  const out = [];
  for (const node of nodes) {
    if (node.children) node.children = joined(node.children);
    const last = out.at(-1);
    if (node.type === "text" && last?.type === "text") last.value += node.value;
    else out.push(node.type === "text" ? { ...node } : node);
  }
  return out;
}
