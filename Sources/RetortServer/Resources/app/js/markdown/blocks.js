// SPDX-License-Identifier: Apache-2.0
/**
 * Markdown's block structure: lines in, a tree of blocks out. CommonMark and GFM's tables and tasks,
 * without HTML blocks (HTML is text here) and link definitions, and with TeX display formulas.
 * Time is linear in the text for each level of nesting, and the levels are bounded.
 *
 * @typedef {{type: "paragraph", text: string}} Paragraph
 * @typedef {{type: "heading", level: number, text: string}} Heading
 * @typedef {{type: "code", language: string, text: string, closed: boolean}} Code
 * @typedef {{type: "math", tex: string, closed: boolean}} MathBlock
 * @typedef {{type: "quote", children: Block[]}} Quote
 * @typedef {{checked: boolean|null, children: Block[]}} Item
 * @typedef {{type: "list", ordered: boolean, start: number, tight: boolean, items: Item[]}} List
 * @typedef {{type: "table", align: (""|"left"|"center"|"right")[], header: string[], rows: string[][]}} Table
 * @typedef {{type: "rule"}} Rule
 * @typedef {(Paragraph|Heading|Code|MathBlock|Quote|List|Table|Rule) & {line?: number, end?: number}} Block
 *   `line` and `end` are the block's lines in what was parsed, the end exclusive.
 */

import { mathBlock, opensMath } from "./mathblock.js";

const MAX_DEPTH = 16;
const MARKER = /^( {0,3})([-*+]|\d{1,9}[.)])(?: |$)/;

/** @param {string} text @returns {Block[]} */
export function parseBlocks(text) {
  return blocksOf(expandTabs(text).split("\n"), 0);
}

/** Tabs that indent become spaces, but not within a code fence, where they are the code's own. @param {string} text */
function expandTabs(text) {
  const plain = text.replace(/\r\n?/g, "\n");
  if (!plain.includes("\t")) return plain;
  let fence = null;
  let keeps = false;
  return plain.split("\n").map((line) => {
    if (fence) {
      if (closesFence(line.trim(), fence)) fence = null;
      if (keeps) return line;
    } else {
      fence = fenceOf(line.trimStart());
      keeps = fence !== null && !/^ *\t/.test(line);
    }
    const indent = /^[ \t]*/.exec(line)[0];
    let width = 0;
    for (const c of indent) width += c === "\t" ? 4 - (width % 4) : 1;
    return " ".repeat(width) + line.slice(indent.length);
  }).join("\n");
}

/** @param {string[]} lines @param {number} depth @returns {Block[]} */
function blocksOf(lines, depth) {
  /** @type {Block[]} */
  const blocks = [];
  let i = 0;
  while (i < lines.length) {
    if (isBlank(lines[i])) {
      i += 1;
      continue;
    }
    const start = i;
    const [block, end] = blockAt(lines, i, depth);
    block.line = start;
    block.end = end;
    blocks.push(block);
    i = end;
  }
  return blocks;
}

/**
 * The block that begins at line `i`, which is not blank, and the line behind it.
 * @param {string[]} lines @param {number} i @param {number} depth @returns {[Block, number]}
 */
function blockAt(lines, i, depth) {
  const line = lines[i];
  if (indentOf(line) >= 4) return indentedCode(lines, i);
  const fence = fenceOf(line);
  if (fence) return fencedCode(lines, i, fence);
  const heading = atxHeading(line);
  if (heading) return [heading, i + 1];
  if (isRule(line)) return [{ type: "rule" }, i + 1];
  if (opensMath(line)) {
    const found = mathBlock(lines, i);
    if (found) return found;
  }
  if (depth < MAX_DEPTH) {
    if (/^ {0,3}>/.test(line)) return quote(lines, i, depth);
    if (MARKER.test(line)) return list(lines, i, depth);
  }
  return table(lines, i) ?? paragraph(lines, i);
}

/** Whether a line begins another block than a paragraph even in the middle of one. @param {string} line */
function interrupts(line) {
  if (indentOf(line) >= 4) return false;
  if (/^ {0,3}>/.test(line) || fenceOf(line) || atxHeading(line) || isRule(line)) return true;
  const marker = MARKER.exec(line);
  if (!marker) return false;
  const empty = isBlank(line.slice(marker[0].length));
  return !empty && (!/\d/.test(marker[2]) || parseInt(marker[2], 10) === 1);
}

/** @param {string} line */
export const isBlank = (line) => line.trim() === "";

/** @param {string} line */
function indentOf(line) {
  let n = 0;
  while (line[n] === " ") n += 1;
  return n;
}

/** @param {string} line @returns {Heading|null} */
function atxHeading(line) {
  const match = /^ {0,3}(#{1,6})(?=[ \t]|$)/.exec(line);
  if (!match) return null;
  let text = line.slice(match[0].length).trim();
  let end = text.length;
  while (end > 0 && text[end - 1] === "#") end -= 1;
  if (end === 0 || text[end - 1] === " ") text = text.slice(0, end).trim();
  return { type: "heading", level: match[1].length, text };
}

/** @param {string} line */
function isRule(line) {
  if (indentOf(line) >= 4) return false;
  const bare = line.replace(/[ \t]/g, "");
  if (bare.length < 3 || !"-*_".includes(bare[0])) return false;
  for (const c of bare) if (c !== bare[0]) return false;
  return true;
}

/** @param {string} line @returns {{indent: number, char: string, length: number, info: string}|null} */
function fenceOf(line) {
  const match = /^( {0,3})(`{3,}|~{3,})/.exec(line);
  if (!match) return null;
  const info = line.slice(match[0].length).trim();
  if (match[2][0] === "`" && info.includes("`")) return null;
  return { indent: match[1].length, char: match[2][0], length: match[2].length, info };
}

/** @param {string} line @param {{char: string, length: number}} fence */
function closesFence(line, fence) {
  const text = line.trim();
  if (indentOf(line) >= 4 || text.length < fence.length) return false;
  for (const c of text) if (c !== fence.char) return false;
  return true;
}

/** @returns {[Block, number]} */
function fencedCode(/** @type {string[]} */ lines, /** @type {number} */ i, fence) {
  const language = fence.info.split(/[\s{,]/, 1)[0].toLowerCase();
  const body = [];
  for (let j = i + 1; j < lines.length; j += 1) {
    if (closesFence(lines[j], fence)) {
      return [{ type: "code", language, text: body.join("\n"), closed: true }, j + 1];
    }
    body.push(lines[j].slice(Math.min(indentOf(lines[j]), fence.indent)));
  }
  return [{ type: "code", language, text: body.join("\n"), closed: false }, lines.length];
}

/** @param {string[]} lines @param {number} i @returns {[Block, number]} */
function indentedCode(lines, i) {
  let end = i;
  for (let j = i; j < lines.length; j += 1) {
    if (isBlank(lines[j])) continue;
    if (indentOf(lines[j]) < 4) break;
    end = j + 1;
  }
  const text = lines.slice(i, end).map((line) => line.slice(4)).join("\n");
  return [{ type: "code", language: "", text, closed: true }, end];
}

/** @param {string[]} lines @param {number} i @param {number} depth @returns {[Block, number]} */
function quote(lines, i, depth) {
  const inner = [];
  let lazy = false;
  let fence = null;
  let j = i;
  for (; j < lines.length; j += 1) {
    const match = /^ {0,3}> ?/.exec(lines[j]);
    if (!match && !(lazy && !isBlank(lines[j]) && !interrupts(lines[j]))) break;
    const stripped = match ? lines[j].slice(match[0].length) : lines[j].trimStart();
    inner.push(stripped);
    fence = fence ? (closesFence(stripped, fence) ? null : fence) : fenceOf(stripped);
    lazy = !fence && !isBlank(stripped) && !atxHeading(stripped) && !isRule(stripped);
  }
  return [{ type: "quote", children: blocksOf(inner, depth + 1) }, j];
}

/** @param {string} line */
function markerOf(line) {
  const match = MARKER.exec(line);
  if (!match || isRule(line)) return null;
  const ordered = /\d/.test(match[2]);
  const rest = line.slice(match[1].length + match[2].length);
  const space = isBlank(rest) ? 1 : indentOf(rest);
  const content = match[1].length + match[2].length + (space > 4 ? 1 : space);
  return { indent: match[1].length, kind: match[2].slice(-1), ordered, number: parseInt(match[2], 10), content };
}

/** @param {string[]} lines @param {number} i @param {number} depth @returns {[Block, number]} */
function list(lines, i, depth) {
  const first = markerOf(lines[i]);
  /** @type {Item[]} */
  const items = [];
  let tight = true;
  let j = i;
  while (j < lines.length) {
    const marker = markerOf(lines[j]);
    if (!marker || marker.kind !== first.kind || indentOf(lines[j]) >= 4) break;
    const [inner, end] = itemLines(lines, j, marker);
    let filled = inner.length;
    while (filled > 1 && isBlank(inner[filled - 1])) filled -= 1;
    const next = end < lines.length ? markerOf(lines[end]) : null;
    if (filled < inner.length && next && next.kind === first.kind) tight = false;
    const item = itemOf(inner.slice(0, filled), depth);
    if (item.loose) tight = false;
    items.push({ checked: item.checked, children: item.children });
    j = end - (inner.length - filled);
    if (j < end && next && next.kind === first.kind) j = end;
    else if (j < end) break;
  }
  const start = first.ordered ? first.number : 1;
  return [{ type: "list", ordered: first.ordered, start, tight, items }, j];
}

/** The lines of an item without its indentation, and the line behind them. */
function itemLines(/** @type {string[]} */ lines, /** @type {number} */ i, marker) {
  const inner = [lines[i].slice(marker.content)];
  let fence = fenceOf(inner[0]);
  let lazy = !fence && !isBlank(inner[0]);
  let j = i + 1;
  for (; j < lines.length; j += 1) {
    const line = lines[j];
    if (isBlank(line)) {
      if (inner.length === 1 && isBlank(inner[0])) break;
      inner.push("");
      lazy = false;
      continue;
    }
    const indent = indentOf(line);
    let stripped = null;
    if (indent >= marker.content) stripped = line.slice(marker.content);
    else if (!fence) {
      const nested = markerOf(line);
      // Two spaces below "1." are meant as an inner list by those who write so, models among them.
      if (nested && marker.ordered && !nested.ordered && indent >= marker.indent + 2) {
        stripped = line.slice(indent);
      } else if (lazy && !interrupts(line) && !nested) stripped = line.trimStart();
    }
    if (stripped === null) break;
    inner.push(stripped);
    fence = fence ? (closesFence(stripped, fence) ? null : fence) : fenceOf(stripped);
    lazy = !fence;
  }
  return /** @type {[string[], number]} */ ([inner, j]);
}

/** @param {string[]} inner @param {number} depth */
function itemOf(inner, depth) {
  let checked = null;
  const task = /^\[([ xX])\] +(?=\S)/.exec(inner[0] ?? "");
  if (task) {
    checked = task[1] !== " ";
    inner = [inner[0].slice(task[0].length), ...inner.slice(1)];
  }
  const children = blocksOf(inner, depth + 1);
  let loose = false;
  for (let k = 1; k < children.length; k += 1) {
    if (isBlank(inner[children[k].line - 1])) loose = true;
  }
  return { checked, children, loose };
}

/** Cells of a table's row; `\|` is a bar. @param {string} line */
function cellsOf(line) {
  const cells = [];
  let cell = "";
  const text = line.trim();
  for (let k = text[0] === "|" ? 1 : 0; k < text.length; k += 1) {
    if (text[k] === "\\" && text[k + 1] === "|") {
      cell += "|";
      k += 1;
    } else if (text[k] === "|") {
      cells.push(cell.trim());
      cell = "";
    } else cell += text[k];
  }
  if (cell.trim() !== "" || text.at(-1) !== "|") cells.push(cell.trim());
  return cells;
}

/** @param {string|undefined} line @returns {Table["align"]|null} */
function alignments(line) {
  if (line === undefined || !line.includes("-") || indentOf(line) >= 4) return null;
  const cells = cellsOf(line);
  if (!line.includes("|") && cells.length < 2 && !/^ *:|: *$/.test(line)) return null;
  const align = [];
  for (const cell of cells) {
    if (!/^:?-+:?$/.test(cell)) return null;
    const left = cell[0] === ":";
    const right = cell.at(-1) === ":";
    align.push(left && right ? "center" : right ? "right" : left ? "left" : "");
  }
  return /** @type {Table["align"]} */ (align);
}

/** @param {string[]} lines @param {number} i @returns {[Block, number]|null} */
function table(lines, i) {
  if (!lines[i].includes("|")) return null;
  const align = alignments(lines[i + 1]);
  if (!align) return null;
  const header = cellsOf(lines[i]);
  if (header.length !== align.length) return null;
  const rows = [];
  let j = i + 2;
  for (; j < lines.length && !isBlank(lines[j]) && !interrupts(lines[j]); j += 1) {
    const cells = cellsOf(lines[j]).slice(0, align.length);
    while (cells.length < align.length) cells.push("");
    rows.push(cells);
  }
  return [{ type: "table", align, header, rows }, j];
}

/** @param {string[]} lines @param {number} i @returns {[Block, number]} */
function paragraph(lines, i) {
  const text = [lines[i].trimStart()];
  let j = i + 1;
  for (; j < lines.length && !isBlank(lines[j]); j += 1) {
    const setext = /^ {0,3}(=+|-+) *$/.exec(lines[j]);
    if (setext) {
      const level = setext[1][0] === "=" ? 1 : 2;
      return [{ type: "heading", level, text: text.join("\n").trim() }, j + 1];
    }
    if (interrupts(lines[j]) || table(lines, j)) break;
    if (opensMath(lines[j]) && mathBlock(lines, j)) break;
    text.push(lines[j].trimStart());
  }
  return [{ type: "paragraph", text: text.join("\n").trimEnd() }, j];
}
