// SPDX-License-Identifier: Apache-2.0
/** Nodes of MathML before they are elements of a document. */

/**
 * @typedef {{tag: string, attributes?: Record<string, string>, text?: string, children?: MathNode[],
 *   limits?: "always"|"display"|"never"}} MathNode
 *   `limits`: where scripts of this node go, above and below or beside it
 */

/** What the converter does not understand. */
export class TeXError extends Error {}

/** @param {string} tag @param {MathNode[]} children @param {Record<string, string>} [attributes] @returns {MathNode} */
export const element = (tag, children, attributes) => ({ tag, children, attributes });
/** @param {string} tag @param {string} text @param {Record<string, string>} [attributes] @returns {MathNode} */
export const leaf = (tag, text, attributes) => ({ tag, text, attributes });

/** @param {MathNode[]} nodes @returns {MathNode} */
export const row = (nodes) => (nodes.length === 1 ? nodes[0] : element("mrow", nodes));

/** A bracket that keeps its size. @param {string} text @returns {MathNode} */
export function fence(text) {
  return leaf("mo", text, { stretchy: "false" });
}

/** @param {string} text @returns {MathNode} */
export function functionName(text) {
  return element("mrow", [leaf("mi", text, { mathvariant: "normal" }), leaf("mo", "\u2061")]);
}
