// SPDX-License-Identifier: Apache-2.0
/**
 * Markdown that grows. Only the last block of a text can change when more is appended, so the blocks
 * before it keep their nodes, and the parser starts at the last block's first line.
 */

import { parseBlocks } from "./blocks.js";
import { renderBlock } from "./render.js";

export class MarkdownStream {
  /** @param {Element} element what to fill @param {import("./render.js").Options} [options] */
  constructor(element, options = {}) {
    this.element = element;
    this.options = options;
    this.text = "";
    /** Where the last block begins; the nodes before it are final. */
    this.offset = 0;
    this.finished = false;
    /** Nodes of what is behind `offset`. @type {Node[]} */
    this.tail = [];
  }

  /**
   * Shows `text`; where it begins with the text of before, what is stable stays untouched.
   * @param {string} text @param {boolean} finished no more will come
   */
  update(text, finished) {
    text = text.replace(/\r\n?/g, "\n");
    if (text === this.text && finished === this.finished) return;
    if (!text.startsWith(this.text)) this.reset();
    this.text = text;
    this.finished = finished;
    const rest = text.slice(this.offset);
    const blocks = parseBlocks(rest);
    for (const node of this.tail) node.remove();
    this.tail = [];
    const options = { ...this.options, pending: !finished };
    for (const block of blocks) {
      const node = renderBlock(block, options);
      this.element.append(node);
      if (block === blocks.at(-1)) this.tail.push(node);
    }
    const last = blocks.at(-1);
    if (last) this.offset += offsetOfLine(rest, last.line);
  }

  reset() {
    this.element.replaceChildren();
    this.text = "";
    this.offset = 0;
    this.tail = [];
  }
}

/** @param {string} text @param {number} line */
function offsetOfLine(text, line) {
  let at = 0;
  for (let n = 0; n < line; n += 1) {
    const next = text.indexOf("\n", at);
    at = next < 0 ? text.length : next + 1;
  }
  return at;
}
