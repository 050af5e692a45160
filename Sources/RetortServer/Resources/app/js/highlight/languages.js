// SPDX-License-Identifier: Apache-2.0
/**
 * What the tokenizer knows of each language.
 *
 * @typedef {{name: string, keywords?: Set<string>, constants?: Set<string>, caseless?: boolean, line?: string[],
 *   block?: [string, string][], strings?: string[], long?: string[], types?: boolean, decorator?: boolean,
 *   mode?: "json"|"markup"|"shell"|"diff"}} Language
 *   `line`, `block`: comments; `strings`: quotes that end with the line; `long`: those that do not;
 *   `types`: a capital letter begins a type; `decorator`: @name
 */

const words = (/** @type {string} */ text) => new Set(text.split(" "));
const C_COMMENTS = { line: ["//"], block: /** @type {[string, string][]} */ ([["/*", "*/"]]) };

/** @type {Record<string, Language>} */
const LANGUAGES = {
  swift: {
    name: "Swift", ...C_COMMENTS, strings: ['"'], long: ['"""'], types: true, decorator: true,
    keywords: words("actor any as associatedtype async await borrowing break case catch class consume consuming continue convenience default defer deinit do "
      + "else enum extension fallthrough fileprivate final for func get guard if import in indirect infix init inout internal is isolated lazy let "
      + "macro mutating nonisolated open operator optional override package postfix prefix private protocol public repeat required rethrows return sending set "
      + "some static struct subscript super switch throw throws try typealias unowned var weak where while willSet didSet"),
    constants: words("true false nil self Self"),
  },
  python: {
    name: "Python", line: ["#"], strings: ['"', "'"], long: ['"""', "'''"], types: true, decorator: true,
    keywords: words("and as assert async await break case class continue def del elif else except finally for from global if import in is lambda match "
      + "nonlocal not or pass raise return try while with yield"),
    constants: words("True False None self cls"),
  },
  javascript: {
    name: "JavaScript", ...C_COMMENTS, strings: ['"', "'"], long: ["`"], types: true, decorator: true,
    keywords: words("abstract as async await break case catch class const continue debugger declare default delete do else enum export extends finally for from "
      + "function get if implements import in instanceof interface keyof let namespace new of private protected public readonly return satisfies set "
      + "static super switch throw try type typeof var void while with yield"),
    constants: words("true false null undefined this NaN Infinity"),
  },
  c: {
    name: "C", ...C_COMMENTS, strings: ['"', "'"], types: true,
    keywords: words("alignas alignof asm auto bool break case catch char class const constexpr continue decltype default delete do double else enum explicit export "
      + "extern final float for friend goto if inline int long mutable namespace new noexcept operator override private protected public register "
      + "restrict return short signed sizeof static struct switch template this throw try typedef typename union unsigned using virtual void "
      + "volatile while size_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t"),
    constants: words("true false NULL nullptr"),
  },
  rust: {
    name: "Rust", ...C_COMMENTS, strings: ['"'], types: true,
    keywords: words("as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move mut pub ref return static "
      + "struct super trait type unsafe use where while"),
    constants: words("true false self Self None Some Ok Err"),
  },
  go: {
    name: "Go", ...C_COMMENTS, strings: ['"', "'"], long: ["`"], types: true,
    keywords: words("break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select "
      + "struct switch type var string int int64 float64 bool byte error"),
    constants: words("true false nil iota"),
  },
  java: {
    name: "Java", ...C_COMMENTS, strings: ['"', "'"], types: true, decorator: true,
    keywords: words("abstract assert boolean break byte case catch char class const continue default do double else enum extends final finally float for fun if "
      + "implements import instanceof int interface long native new object override package private protected public record return short static super switch "
      + "synchronized throw throws transient try val var void volatile when while"),
    constants: words("true false null this"),
  },
  json: { name: "JSON", mode: "json", ...C_COMMENTS, strings: ['"'], constants: words("true false null") },
  bash: {
    name: "Shell", mode: "shell", line: ["#"], long: ['"', "'"],
    keywords: words("if then else elif fi for while until do done case esac in function return local export readonly declare set unset shift trap exit break "
      + "continue source alias cd echo printf read test exec eval sudo"),
  },
  sql: {
    name: "SQL", caseless: true, line: ["--"], block: [["/*", "*/"]], strings: ["'", '"'],
    keywords: words("add all alter and as asc begin between by case check column commit constraint create cross default delete desc distinct drop else end "
      + "except exists explain foreign from full group having if in index inner insert intersect into is join key left like limit not offset on or order "
      + "outer over partition primary references returning right rollback row rows select set table then transaction trigger union unique update using "
      + "values view when where with integer text real blob varchar char boolean date timestamp numeric bigint"),
    constants: words("null true false"),
  },
  html: { name: "HTML", mode: "markup", block: [["<!--", "-->"]] },
  css: { name: "CSS", block: [["/*", "*/"]], strings: ['"', "'"], decorator: true, keywords: words("important") },
  yaml: { name: "YAML", line: ["#"], strings: ['"', "'"], constants: words("true false null yes no") },
  diff: { name: "Diff", mode: "diff" },
};

/** @type {Record<string, string>} */
const ALIASES = {
  py: "python", python3: "python", js: "javascript", jsx: "javascript", ts: "javascript", tsx: "javascript", typescript: "javascript", mjs: "javascript",
  h: "c", cpp: "c", "c++": "c", cc: "c", cxx: "c", objc: "c", cuda: "c", rs: "rust", golang: "go", kotlin: "java", kt: "java", "c#": "java", cs: "java",
  csharp: "java", jsonc: "json", json5: "json", jsonl: "json", sh: "bash", shell: "bash", zsh: "bash", console: "bash", sqlite: "sql", postgresql: "sql",
  mysql: "sql", xml: "html", svg: "html", htm: "html", xhtml: "html", yml: "yaml", toml: "yaml", ini: "yaml", patch: "diff",
};

/** Names of aliases that are languages of their own. @type {Record<string, string>} */
const NAMES = {
  ts: "TypeScript", tsx: "TypeScript", typescript: "TypeScript", cpp: "C++", "c++": "C++", cc: "C++", cxx: "C++", cuda: "CUDA", kotlin: "Kotlin",
  kt: "Kotlin", "c#": "C#", cs: "C#", csharp: "C#", xml: "XML", svg: "SVG", toml: "TOML", ini: "INI",
};

/** @param {string} tag as behind a code fence @returns {Language|null} */
export function languageOf(tag) {
  const name = Object.hasOwn(ALIASES, tag) ? ALIASES[tag] : tag;
  return Object.hasOwn(LANGUAGES, name) ? LANGUAGES[name] : null;
}

/** What to call it. @param {string} tag @returns {string} */
export function languageName(tag) {
  if (Object.hasOwn(NAMES, tag)) return NAMES[tag];
  return languageOf(tag)?.name ?? (tag.slice(0, 20) || "Text");
}
