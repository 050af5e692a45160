// SPDX-License-Identifier: Apache-2.0
/** \begin{…} … \end{…}: matrices, cases and aligned equations. */

import { element, leaf, TeXError } from "./nodes.js";

/** @type {Record<string, {open?: string, close?: string, kind: "matrix"|"align"|"gather"|"cases"}>} */
const ENVIRONMENTS = {
  matrix: { kind: "matrix" }, smallmatrix: { kind: "matrix" }, array: { kind: "matrix" },
  pmatrix: { kind: "matrix", open: "(", close: ")" }, bmatrix: { kind: "matrix", open: "[", close: "]" },
  Bmatrix: { kind: "matrix", open: "{", close: "}" }, vmatrix: { kind: "matrix", open: "|", close: "|" },
  Vmatrix: { kind: "matrix", open: "‖", close: "‖" },
  cases: { kind: "cases", open: "{" }, dcases: { kind: "cases", open: "{" }, rcases: { kind: "cases", close: "}" },
  align: { kind: "align" }, aligned: { kind: "align" }, alignat: { kind: "align" },
  alignedat: { kind: "align" }, split: { kind: "align" },
  eqnarray: { kind: "align" }, equation: { kind: "gather" }, gather: { kind: "gather" },
  gathered: { kind: "gather" }, multline: { kind: "gather" },
};

/** @param {import("./parser.js").Parser} parser behind \begin @returns {import("./nodes.js").MathNode} */
export function environment(parser) {
  const name = parser.raw().trim();
  const shape = Object.hasOwn(ENVIRONMENTS, name.replace(/\*$/, "")) ? ENVIRONMENTS[name.replace(/\*$/, "")] : null;
  if (!shape) throw new TeXError(`the environment ${name} is not known`);
  let columns = "";
  if (name === "array") columns = parser.raw().replace(/[^lcr]/g, "");
  if (name.startsWith("aligned") || name.startsWith("gathered")) parser.option();
  if (name.startsWith("alignat") || name === "alignedat") parser.raw();
  const rows = parser.scoped(() => {
    parser.display = shape.kind === "align" || shape.kind === "gather" || name === "dcases";
    return tableRows(parser, shape.kind, columns);
  });
  const end = parser.raw().trim();
  if (end !== name) throw new TeXError(`\\begin{${name}} ends with \\end{${end}}`);
  const display = shape.kind === "align" || shape.kind === "gather" || name === "dcases" ? { displaystyle: "true" } : {};
  const table = element("mtable", rows, { class: `math-${shape.kind}`, ...display });
  if (!shape.open && !shape.close) return table;
  const bracket = (text, form) => leaf("mo", text, { stretchy: "true", fence: "true", form });
  return element("mrow", [
    ...(shape.open ? [bracket(shape.open, "prefix")] : []),
    table,
    ...(shape.close ? [bracket(shape.close, "postfix")] : []),
  ]);
}

/** Rows until \end, which is read too. */
function tableRows(parser, kind, columns) {
  const rows = [];
  let cells = [];
  const side = (column) => {
    if (kind === "align") return column % 2 === 0 ? "math-right" : "math-left";
    if (kind === "cases") return "math-left";
    return { l: "math-left", r: "math-right" }[columns[column]];
  };
  for (;;) {
    while (parser.accept("\\hline"));
    const font = parser.font;
    const nodes = parser.nodes(() => parser.at("&") || parser.at("\\\\") || parser.at("\\end"));
    parser.font = font;
    const name = side(cells.length);
    cells.push(element("mtd", nodes, name ? { class: name } : undefined));
    if (parser.accept("&")) continue;
    const more = parser.accept("\\\\");
    if (more || cells.length > 1 || nodes.length > 0) rows.push(element("mtr", cells));
    cells = [];
    if (more) {
      // Only right behind it: "\\[2pt]" is a distance, a bracket on the next line is not.
      if (parser.peek(true).text === "[") parser.option();
      continue;
    }
    parser.expect("\\end");
    return rows;
  }
}
