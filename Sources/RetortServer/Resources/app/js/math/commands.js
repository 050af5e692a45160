// SPDX-License-Identifier: Apache-2.0
/** TeX commands that take arguments. */

import { element, fence, functionName, leaf, row, TeXError } from "./nodes.js";
import * as symbols from "./symbols.js";

/** Sizes of \big and its kin in em. */
const BIG = new Map(Object.entries({ big: "1.2em", Big: "1.8em", bigg: "2.4em", Bigg: "3em" }));

/** Commands that change nothing that is shown here; the number says how many arguments go with them. */
const IGNORED = new Map(Object.entries({
  nonumber: 0, notag: 0, displaylimits: 0, allowbreak: 0, nobreak: 0, relax: 0, "/": 0, limits: 0, nolimits: 0,
  normalsize: 0, small: 0, large: 0,
  Large: 0, centering: 0, hline: 0, label: 1, hspace: 1, vspace: 1, vphantom: 1, hphantom: 1,
}));

/**
 * @param {import("./parser.js").Parser} parser @param {string} name
 * @returns {import("./nodes.js").MathNode|null} @throws {TeXError}
 */
export function command(parser, name) {
  const accent = symbols.ACCENTS.get(name);
  if (accent) {
    const [character, stretchy] = accent;
    const over = element(
      "mover",
      [parser.argument(), leaf("mo", character, { stretchy: String(stretchy) })],
      { accent: "true" },
    );
    return name === "overbrace" || name === "overbracket" ? { ...over, limits: "always" } : over;
  }
  const under = symbols.UNDER_ACCENTS.get(name);
  if (under) {
    const node = element(
      "munder",
      [parser.argument(), leaf("mo", under, { stretchy: "true" })],
      { accentunder: "true" },
    );
    return name === "underline" ? node : { ...node, limits: "always" };
  }
  if (IGNORED.has(name)) {
    for (let n = 0; n < IGNORED.get(name); n += 1) parser.raw();
    return null;
  }
  const big = /^(big|Big|bigg|Bigg)[lrm]?$/.exec(name);
  if (big) {
    const size = BIG.get(big[1]);
    const text = delimiter(parser);
    return text === "" ? null : leaf("mo", text, { stretchy: "true", minsize: size, maxsize: size });
  }
  switch (name) {
    case "frac": case "dfrac": case "tfrac": case "cfrac": {
      const fraction = element("mfrac", [parser.argument(name === "cfrac"), parser.argument(name === "cfrac")]);
      return name === "frac" ? fraction : element(
        "mstyle",
        [fraction],
        { displaystyle: String(name !== "tfrac"), scriptlevel: name === "tfrac" ? "1" : "0" },
      );
    }
    case "binom": case "dbinom": case "tbinom":
      return element(
        "mrow",
        [
          leaf("mo", "("),
          element("mfrac", [parser.argument(), parser.argument()], { linethickness: "0" }),
          leaf("mo", ")"),
        ],
      );
    case "sqrt": {
      const degree = parser.option();
      const body = parser.argument();
      return degree ? element("mroot", [body, degree]) : element("msqrt", [body]);
    }
    case "left": return leftRight(parser);
    case "middle": return leaf("mo", delimiter(parser), { stretchy: "true" });
    case "text": case "textrm": case "textnormal": case "mbox": case "textup": case "hbox": case "textsf":
      return text(parser, "");
    case "textbf": return text(parser, "math-bold");
    case "textit": case "emph": return text(parser, "math-italic");
    case "texttt": return text(parser, "math-mono");
    case "operatorname": case "operatorname*": {
      const word = parser.raw().replace(/\\[,;: ]|~/g, " ").replace(/[\\{}]/g, "").trim();
      return { ...functionName(word), limits: name.endsWith("*") ? "display" : "never" };
    }
    case "mathop": return { ...parser.argument(), limits: "display" };
    case "mathbin": case "mathrel": case "mathord": case "mathopen": case "mathclose": case "mathpunct": case "mathinner":
    case "smash": case "ensuremath": case "mathstrut":
      return name === "mathstrut" ? null : parser.argument();
    case "boxed": case "fbox":
      return element("mrow", [parser.argument()], { class: "math-boxed" });
    case "cancel": case "bcancel": case "xcancel":
      return element("mrow", [parser.argument()], { class: "math-cancel" });
    case "phantom": return element("mphantom", [parser.argument()]);
    case "overset": case "stackrel": {
      const above = parser.argument();
      return element("mover", [parser.argument(), above]);
    }
    case "underset": {
      const below = parser.argument();
      return element("munder", [parser.argument(), below]);
    }
    case "xrightarrow": case "xleftarrow": {
      const below = parser.option();
      const arrow = leaf("mo", name === "xrightarrow" ? "⟶" : "⟵", { stretchy: "true" });
      const above = parser.argument();
      return below ? element("munderover", [arrow, below, above]) : element("mover", [arrow, above]);
    }
    case "substack": {
      parser.expect("{");
      const lines = [];
      do lines.push(element("mtr", [element("mtd", parser.nodes(() => parser.at("\\\\")))]));
      while (parser.accept("\\\\"));
      parser.expect("}");
      return element("mtable", lines);
    }
    case "pmod": {
      const space = leaf("mspace", "", { width: "0.6em" });
      return element("mrow", [space, fence("("), functionName("mod"), parser.argument(), fence(")")]);
    }
    case "bmod": case "mod": return leaf("mo", "mod", { lspace: "0.2222em", rspace: "0.2222em" });
    case "not": {
      const node = parser.atom();
      if (!node || node.text === undefined) throw new TeXError("\\not of what is no sign");
      return { ...node, text: symbols.NEGATED.get(node.text) ?? `${node.text}\u0338` };
    }
    case "displaystyle": case "textstyle": case "scriptstyle": case "scriptscriptstyle": {
      parser.display = name === "displaystyle";
      const level = name === "scriptstyle" ? "1" : name === "scriptscriptstyle" ? "2" : "0";
      const rest = parser.nodes(() => ["&", "\\\\", "]", "\\right", "\\end"].some((end) => parser.at(end)));
      return element("mstyle", rest, { displaystyle: String(parser.display), scriptlevel: level });
    }
    case "color": parser.raw(); return null;
    case "textcolor": case "colorbox": parser.raw(); return parser.argument();
    case "tag": case "tag*": {
      const label = parser.raw();
      return leaf("mtext", name === "tag" ? `\u2003(${label})` : `\u2003${label}`);
    }
    case "{": case "}": return fence(name);
    case "|": return fence("‖");
    case "%": case "#": case "$": case "&": case "_": return leaf("mi", name, { mathvariant: "normal" });
    case "\\":
      // A line's end outside of a table is what an author meant as a break; one line has none.
      parser.option();
      return element("mspace", [], { width: "1em" });
    default: throw new TeXError(`\\${name} is not known`);
  }
}

/** What comes behind \left, \right, \middle and \big; "." is none. */
function delimiter(parser) {
  const token = parser.next();
  if (token.kind === "char" && "()[]|/.<>‖⟨⟩⌊⌋⌈⌉".includes(token.text)) {
    return { ".": "", "<": "⟨", ">": "⟩" }[token.text] ?? token.text;
  }
  if (token.kind === "command") {
    if (token.text === "{" || token.text === "}") return token.text;
    if (token.text === "|") return "‖";
    const named = symbols.DELIMITERS.get(token.text);
    if (named) return named;
  }
  throw new TeXError(`${token.text || "the end"} is no delimiter`);
}

function leftRight(parser) {
  return parser.scoped(() => {
    const open = delimiter(parser);
    const inside = parser.nodes(() => parser.at("\\right"));
    parser.expect("\\right");
    const close = delimiter(parser);
    const bracket = (text, form) => leaf("mo", text, { stretchy: "true", fence: "true", form });
    return element(
      "mrow",
      [...(open ? [bracket(open, "prefix")] : []), row(inside), ...(close ? [bracket(close, "postfix")] : [])],
    );
  });
}

/** Text with formulas between dollars in it. */
function text(parser, name) {
  const raw = parser.raw();
  const attributes = name ? { class: name } : undefined;
  const plain = raw.replace(/\\([%$&#_{} ])/g, "$1").replace(/\$([^$]*)\$/g, "$1").replace(/~/g, "\u00a0");
  // Spaces at the ends would be dropped.
  return leaf("mtext", plain.replace(/^\s+|\s+$/g, "\u00a0"), attributes);
}
