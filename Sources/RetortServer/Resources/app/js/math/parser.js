// SPDX-License-Identifier: Apache-2.0
/**
 * A subset of TeX's mathematics to a tree of MathML Core elements.
 * @typedef {import("./nodes.js").MathNode} MathNode
 */

import { FONTS, inAlphabet } from "./alphabets.js";
import { environment } from "./environments.js";
import { command } from "./commands.js";
import { element, fence, functionName, leaf, row, TeXError } from "./nodes.js";
import { tokenize } from "./tokens.js";
import * as symbols from "./symbols.js";

/** Deeper groups are refused, so that no text overflows the stack. */
const MAX_DEPTH = 60;

/** @param {string} tex @param {boolean} display @returns {MathNode[]} @throws {TeXError} what is not understood */
export function parseTeX(tex, display) {
  const parser = new Parser(tex, display);
  const nodes = parser.nodes(() => false);
  const token = parser.peek();
  if (token.kind !== "end") throw new TeXError(`unexpected ${token.text}`);
  return nodes;
}

export class Parser {
  /** @param {string} tex @param {boolean} display */
  constructor(tex, display) {
    this.tex = tex;
    this.tokens = tokenize(tex);
    this.position = 0;
    this.display = display;
    this.font = "";
    this.depth = 0;
  }

  /** @param {boolean} [keepSpace] @returns {import("./tokens.js").Token} */
  peek(keepSpace = false) {
    while (!keepSpace && this.tokens[this.position].kind === "space") this.position += 1;
    return this.tokens[this.position];
  }

  next() {
    const token = this.peek();
    if (token.kind !== "end") this.position += 1;
    return token;
  }

  /** @param {string} text of a character or, with a backslash, a command */
  at(text) {
    const token = this.peek();
    return token.kind === "command" ? `\\${token.text}` === text : token.kind === "char" && token.text === text;
  }

  /** @param {string} text */
  accept(text) {
    if (!this.at(text)) return false;
    this.position += 1;
    return true;
  }

  /** @param {string} text */
  expect(text) {
    if (!this.accept(text)) throw new TeXError(`expected ${text}, found ${this.peek().text || "the end"}`);
  }

  /**
   * Runs `body` with the font and display style of now, and restores them.
   * @template T @param {() => T} body @returns {T}
   */
  scoped(body) {
    const { font, display } = this;
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw new TeXError("nested too deeply");
    const result = body();
    this.depth -= 1;
    this.font = font;
    this.display = display;
    return result;
  }

  /** What comes until `stops` says so or a closing brace comes. @param {() => boolean} stops @returns {MathNode[]} */
  nodes(stops) {
    /** @type {MathNode[]} */
    const out = [];
    for (;;) {
      const token = this.peek();
      if (token.kind === "end" || this.at("}") || stops()) return out;
      if (token.kind === "command" && ["over", "choose", "atop"].includes(token.text)) {
        this.next();
        const below = row(this.nodes(stops));
        const bare = token.text === "over" ? undefined : { linethickness: "0" };
        const fraction = element("mfrac", [row(out), below], bare);
        return token.text === "choose" ? [fence("("), fraction, fence(")")] : [fraction];
      }
      const node = this.scripted();
      if (node) out.push(node);
    }
  }

  /** One operand with its scripts, or null for what leaves no trace. @returns {MathNode|null} */
  scripted() {
    const bare = this.at("^") || this.at("_") || this.at("'");
    let base = bare ? element("mrow", []) : this.atom();
    if (base === null) return null;
    let limits = base.limits;
    for (;;) {
      if (this.accept("\\limits")) limits = "always";
      else if (this.accept("\\nolimits")) limits = "never";
      else break;
    }
    let sub = null;
    let sup = null;
    const primes = [];
    for (;;) {
      if (this.accept("'")) primes.push("′");
      else if (!sup && this.accept("^")) sup = this.argument(false);
      else if (!sub && this.accept("_")) sub = this.argument(false);
      else break;
    }
    if (this.at("^") || this.at("_")) throw new TeXError("double script");
    if (primes.length > 0) {
      const marks = leaf("mo", primes.join(""), { lspace: "0", rspace: "0" });
      sup = sup ? element("mrow", [marks, sup]) : marks;
    }
    const stacked = limits === "always" || (limits === "display" && this.display);
    const kind = stacked ? ["munder", "mover", "munderover"] : ["msub", "msup", "msubsup"];
    if (sub && sup) base = element(kind[2], [base, sub, sup]);
    else if (sub) base = element(kind[0], [base, sub]);
    else if (sup) base = element(kind[1], [base, sup]);
    return base;
  }

  /**
   * A group, or one operand, as a command's argument or a script.
   * @param {boolean} [display] its style @returns {MathNode}
   */
  argument(display = this.display) {
    const token = this.peek();
    if (token.kind === "end" || this.at("}") || this.at("&")) throw new TeXError("an argument is missing");
    if (token.kind === "char" && /\d/.test(token.text)) {
      this.next();
      return leaf("mn", inAlphabet(token.text, this.font));
    }
    const inside = this.scoped(() => {
      this.display = display;
      return this.atom();
    });
    return inside ?? element("mrow", []);
  }

  /** `[…]`, or null. @returns {MathNode|null} */
  option() {
    if (!this.accept("[")) return null;
    const inside = this.scoped(() => row(this.nodes(() => this.at("]"))));
    this.expect("]");
    return inside;
  }

  /** A braced text as it stands. @returns {string} */
  raw() {
    this.expect("{");
    const start = this.peek(true).at;
    let depth = 1;
    for (;;) {
      const token = this.tokens[this.position];
      if (token.kind === "end") throw new TeXError("a brace is not closed");
      this.position += 1;
      if (token.kind !== "char") continue;
      if (token.text === "{") depth += 1;
      else if (token.text === "}") depth -= 1;
      if (depth === 0) return this.tex.slice(start, token.at);
    }
  }

  /** @returns {MathNode|null} */
  atom() {
    const token = this.next();
    if (token.kind === "command") return this.command(token.text);
    const c = token.text;
    if (token.kind === "end" || c === "}" || c === "&") throw new TeXError(`unexpected ${c || "end"}`);
    if (c === "{") {
      const inside = this.scoped(() => this.nodes(() => false));
      this.expect("}");
      return row(inside);
    }
    if (/\d/.test(c) || (c === "." && /\d/.test(this.peek(true).text))) return this.number(c);
    if (c === "~") return element("mspace", [], { width: "0.25em" });
    if (c === "-") return leaf("mo", "−");
    if (c === "*") return leaf("mo", "∗");
    if (c === ":") return leaf("mo", ":");
    if ("([".includes(c)) return fence(c);
    if (")]".includes(c)) return fence(c);
    if (c === "|" || c === "‖") return leaf("mo", c, { stretchy: "false", form: "infix", lspace: "0", rspace: "0" });
    if (c === "," || c === ";") return leaf("mo", c, { separator: "true" });
    if ("+=<>/!?".includes(c)) return leaf("mo", c);
    if (/\p{L}/u.test(c)) return letter(c, this.font);
    if (/[\p{Sm}\p{So}]/u.test(c)) return leaf("mo", c);
    return leaf("mi", c, { mathvariant: "normal" });
  }

  /** @param {string} first @returns {MathNode} */
  number(first) {
    let text = first;
    for (;;) {
      const token = this.peek(true);
      if (token.kind !== "char") break;
      const after = this.tokens[this.position + 1];
      const grouped = /[.,]/.test(token.text) && after?.kind === "char" && /\d/.test(after.text)
        && (token.text === "." || this.thousands());
      if (!/\d/.test(token.text) && !grouped) break;
      text += token.text;
      this.position += 1;
    }
    return leaf("mn", inAlphabet(text, this.font));
  }

  /** Whether exactly three digits follow the comma at this place. */
  thousands() {
    const digits = this.tokens.slice(this.position + 1, this.position + 5).map((token) => /^\d$/.test(token.text));
    return digits[0] && digits[1] && digits[2] && !digits[3];
  }

  /** @param {string} name @returns {MathNode|null} */
  command(name) {
    const letterOf = symbols.LETTERS.get(name);
    if (letterOf) return letter(letterOf, this.font);
    const upright = symbols.UPRIGHT.get(name);
    if (upright) {
      const bold = this.font === "bold" || this.font === "bolditalic";
      return leaf("mi", bold ? inAlphabet(upright, "bold") : upright, { mathvariant: "normal" });
    }
    const large = symbols.LARGE.get(name);
    if (large) {
      const limits = symbols.INTEGRALS.has(large) ? "never" : "display";
      return { ...leaf("mo", large, { movablelimits: "false" }), limits };
    }
    const delimiter = symbols.DELIMITERS.get(name);
    if (delimiter) return fence(delimiter);
    const operator = symbols.OPERATORS.get(name);
    if (operator) return leaf("mo", operator, "|‖".includes(operator) ? { stretchy: "false" } : undefined);
    if (symbols.FUNCTIONS.has(name)) {
      const text = symbols.FUNCTION_TEXT.get(name) ?? name;
      return { ...functionName(text), limits: symbols.LIMIT_FUNCTIONS.has(name) ? "display" : "never" };
    }
    const space = symbols.SPACES.get(name);
    if (space) return element("mspace", [], { width: space });
    const font = FONTS.get(name);
    if (font) return this.inFont(font, name.length > 2 || name === "bm");
    if (name === "begin") return environment(this);
    return command(this, name);
  }

  /** @param {string} font @param {boolean} takesArgument old commands hold until the group ends */
  inFont(font, takesArgument) {
    if (!takesArgument) {
      this.font = font;
      return null;
    }
    return this.scoped(() => {
      this.font = font;
      // Words in \mathrm are one identifier, not a product.
      const group = font === "normal" && this.at("{") ? this.tex.slice(this.peek().at) : "";
      const word = /^\{\s*([\p{L}\d]+)\s*\}/u.exec(group);
      if (word) {
        this.raw();
        return leaf("mi", word[1], { mathvariant: "normal" });
      }
      return this.argument();
    });
  }
}

/** @param {string} text @param {string} font @returns {MathNode} */
function letter(text, font) {
  if (font === "") return leaf("mi", text);
  return leaf("mi", inAlphabet(text, font), { mathvariant: "normal" });
}
