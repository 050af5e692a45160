// SPDX-License-Identifier: Apache-2.0
/** TeX to MathML elements in the document. */

import { element, TeXError } from "./nodes.js";
import { parseTeX } from "./parser.js";

const NAMESPACE = "http://www.w3.org/1998/Math/MathML";
/** Longer formulas are shown as source. */
const MAX_LENGTH = 20000;

/**
 * @param {string} tex @param {boolean} display @param {Document} document
 * @returns {Element|null} a <math> element, or null where the converter does not understand
 */
export function texToMathML(tex, display, document) {
  if (tex.length > MAX_LENGTH) return null;
  let nodes;
  try {
    nodes = parseTeX(tex, display);
  } catch (error) {
    if (error instanceof TeXError) return null;
    throw error;
  }
  const math = build(element("math", [element("mrow", nodes)], display ? { display: "block" } : undefined), document);
  // What a screen reader without MathML says, and what a person copies.
  math.setAttribute("alttext", tex);
  return math;
}

/** @param {import("./nodes.js").MathNode} node @param {Document} document @returns {Element} */
function build(node, document) {
  const result = document.createElementNS(NAMESPACE, node.tag);
  for (const [name, value] of Object.entries(node.attributes ?? {})) result.setAttribute(name, value);
  if (node.text !== undefined) result.textContent = node.text;
  for (const child of node.children ?? []) result.append(build(child, document));
  return result;
}
