// SPDX-License-Identifier: Apache-2.0
/**
 * Markdown trees to DOM nodes. Text goes in as text nodes and attributes are a fixed few, so nothing
 * that a model writes is read as HTML.
 *
 * @typedef {{document?: Document, thought?: boolean, pending?: boolean}} Options
 *   `thought`: headings are bold paragraphs, since a thought is no document;
 *   `pending`: more text may come behind this
 */

import { highlight } from "../highlight/highlight.js";
import { languageName } from "../highlight/languages.js";
import { texToMathML } from "../math/mathml.js";
import { parseBlocks } from "./blocks.js";
import { parseInline } from "./inline.js";
import { safeAddress } from "./lexemes.js";

/** Longer code that is still being written is coloured when it is complete: it is rendered with each frame. */
const MAX_PENDING_CODE = 16_000;

/** @param {string} text @param {Options} [options] @returns {DocumentFragment} */
export function renderMarkdown(text, options = {}) {
  const document = options.document ?? globalThis.document;
  const fragment = document.createDocumentFragment();
  for (const block of parseBlocks(text)) fragment.append(renderBlock(block, options));
  return fragment;
}

/** @param {import("./blocks.js").Block} block @param {Options} options @returns {Node} */
export function renderBlock(block, options = {}) {
  const document = options.document ?? globalThis.document;
  /** @param {string} tag @param {string} [name] */
  const make = (tag, name) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    return element;
  };
  switch (block.type) {
    case "paragraph":
      return inlineInto(make("p"), block.text, document);
    case "heading": {
      if (!options.thought) return inlineInto(make(`h${Math.min(6, block.level + 2)}`), block.text, document);
      const strong = inlineInto(make("strong"), block.text, document);
      const paragraph = make("p");
      paragraph.append(strong);
      return paragraph;
    }
    case "code":
      return codeBlock(block, make, options);
    case "math":
      return mathBlock(block, make, options);
    case "rule":
      return make("hr");
    case "quote": {
      const quote = make("blockquote");
      for (const child of block.children) quote.append(renderBlock(child, options));
      return quote;
    }
    case "list":
      return list(block, make, options);
    case "table":
      return table(block, make, document);
  }
}

function codeBlock(block, make, options) {
  const document = options.document ?? globalThis.document;
  const name = languageName(block.language);
  const figure = make("figure", "code");
  const head = make("figcaption", "code-head");
  const label = make("span", "code-language");
  label.textContent = name;
  const copy = make("button", "code-copy");
  copy.setAttribute("type", "button");
  copy.setAttribute("data-action", "copy-code");
  copy.textContent = "Copy";
  head.append(label, copy);
  const pre = make("pre");
  pre.setAttribute("tabindex", "0");
  pre.setAttribute("role", "region");
  pre.setAttribute("aria-label", `Code, ${name}`);
  const code = make("code");
  const plain = options.pending && !block.closed && block.text.length > MAX_PENDING_CODE;
  for (const [kind, text] of highlight(block.text, plain ? "" : block.language)) {
    if (kind === "") code.append(document.createTextNode(text));
    else {
      const span = make("span", `tok-${kind}`);
      span.textContent = text;
      code.append(span);
    }
  }
  pre.append(code);
  figure.append(head, pre);
  return figure;
}

function mathBlock(block, make, options) {
  const document = options.document ?? globalThis.document;
  const frame = make("div", "math-block");
  if (!block.closed && options.pending) {
    frame.className = "math-block math-pending";
    frame.textContent = block.tex;
    return frame;
  }
  frame.setAttribute("tabindex", "0");
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", "Formula");
  frame.append(formula(block.tex, true, document));
  return frame;
}

/** MathML, or the source where it is beyond the converter. */
function formula(tex, display, document) {
  const math = texToMathML(tex, display, document);
  if (math) return math;
  const source = document.createElement("code");
  source.className = "math-source";
  source.textContent = tex;
  return source;
}

function list(block, make, options) {
  const element = make(block.ordered ? "ol" : "ul");
  if (block.ordered && block.start !== 1) element.setAttribute("start", String(block.start));
  for (const item of block.items) {
    const li = make("li");
    if (item.checked !== null) {
      li.className = "task";
      const box = make("span", item.checked ? "box box-checked" : "box");
      box.setAttribute("role", "img");
      box.setAttribute("aria-label", item.checked ? "done" : "to do");
      li.append(box);
    }
    for (const child of item.children) {
      if (child.type === "paragraph" && block.tight) inlineInto(li, child.text, options.document ?? globalThis.document);
      else li.append(renderBlock(child, options));
    }
    element.append(li);
  }
  return element;
}

function table(block, make, document) {
  const frame = make("div", "table-frame");
  frame.setAttribute("tabindex", "0");
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", "Table");
  const element = make("table");
  const row = (cells, tag) => {
    const tr = make("tr");
    cells.forEach((text, column) => {
      const align = block.align[column];
      const cell = inlineInto(make(tag, align ? `align-${align}` : ""), text, document);
      if (tag === "th") cell.setAttribute("scope", "col");
      tr.append(cell);
    });
    return tr;
  };
  const head = make("thead");
  head.append(row(block.header, "th"));
  const body = make("tbody");
  for (const cells of block.rows) body.append(row(cells, "td"));
  element.append(head, body);
  frame.append(element);
  return frame;
}

/** @param {Element} element @param {string} text @param {Document} document */
function inlineInto(element, text, document) {
  for (const node of parseInline(text)) element.append(renderInline(node, document));
  return element;
}

/** @param {import("./inline.js").Inline} node @param {Document} document @returns {Node} */
function renderInline(node, document) {
  switch (node.type) {
    case "text":
      return document.createTextNode(node.value);
    case "break":
      return document.createElement("br");
    case "code": {
      const code = document.createElement("code");
      code.textContent = node.value;
      return code;
    }
    case "math": {
      const span = document.createElement("span");
      span.className = node.display ? "math-display" : "math-inline";
      span.append(formula(node.tex, node.display, document));
      return span;
    }
    case "image":
      return link(node.href, "", [document.createTextNode(`[image: ${node.alt || "no description"}]`)], document);
    case "link":
      return link(node.href, node.title, node.children.map((child) => renderInline(child, document)), document);
    default: {
      const element = document.createElement(node.type);
      for (const child of node.children) element.append(renderInline(child, document));
      return element;
    }
  }
}

/** A link where the address is safe, else its text. Images are links too: none is fetched. */
function link(href, title, children, document) {
  const address = safeAddress(href);
  const element = document.createElement(address ? "a" : "span");
  if (address) {
    element.setAttribute("href", address);
    element.setAttribute("rel", "noopener noreferrer nofollow");
    element.setAttribute("target", "_blank");
    if (title) element.setAttribute("title", title);
  }
  element.append(...children);
  return element;
}
