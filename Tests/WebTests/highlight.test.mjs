// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { highlight } from "../../Sources/RetortServer/Resources/app/js/highlight/highlight.js";
import { languageName } from "../../Sources/RetortServer/Resources/app/js/highlight/languages.js";

/** The coloured pieces as `kind:text`. */
const pieces = (code, language) => highlight(code, language).filter(([kind]) => kind !== "").map(([kind, text]) => `${kind}:${text}`);

const CASES = [
  ["swift", 'let x: Int = 0x1F // c', ["keyword:let", "type:Int", "number:0x1F", "comment:// c"]],
  ["swift", 'print("a \\" b")', ["function:print", 'string:"a \\" b"']],
  ["swift", '"""\n"a"\n""" + nil', ['string:"""\n"a"\n"""', "constant:nil"]],
  ["swift", "@Test func f() async {}", ["attribute:@Test", "keyword:func", "function:f", "keyword:async"]],
  ["python", "def f(x): # c\n    return 'a'", ["keyword:def", "function:f", "comment:# c", "keyword:return", "string:'a'"]],
  ["py", "'''a\nb''' None 1_000.5e-3", ["string:'''a\nb'''", "constant:None", "number:1_000.5e-3"]],
  ["js", "const a = `b\n${c}`; /* d */", ["keyword:const", "string:`b\n${c}`", "comment:/* d */"]],
  ["ts", "interface A { b: null }", ["keyword:interface", "constant:null"]],
  ["c", "#include <a.h>\nint main(void) { return 'x'; }", ["keyword:#include", "keyword:int", "function:main", "keyword:void", "keyword:return", "string:'x'"]],
  ["cpp", "Foo f; // c\\", ["type:Foo", "comment:// c\\"]],
  ["json", '{"a": [1, true, "b"]}', ['attribute:"a"', "number:1", "constant:true", 'string:"b"']],
  ["bash", 'for f in "$x"; do echo $f --all; done # c', ["keyword:for", "keyword:in", 'string:"$x"', "keyword:do", "keyword:echo", "constant:$f", "attribute:--all", "keyword:done", "comment:# c"]],
  ["sh", "a#b '\\'", ["string:'\\'"]],
  ["sql", "SELECT a FROM b WHERE c = 'd''e' -- f", ["keyword:SELECT", "keyword:FROM", "keyword:WHERE", "string:'d''e'", "comment:-- f"]],
  ["html", '<a href="b">c &amp; d</a><!-- e -->', ["tag:<a", "attribute:href", 'string:"b"', "tag:>", "constant:&amp;", "tag:</a>", "comment:<!-- e -->"]],
  ["yaml", "a: true # b", ["attribute:a", "constant:true", "comment:# b"]],
  ["diff", "+a\n-b\n c", ["inserted:+a", "deleted:\n-b"]],
  ["css", "a { color: red; } /* b */", ["attribute:color", "comment:/* b */"]],
  ["", "let x", []],
  ["nonsense", "let x", []],
  ["constructor", "let x", []],
];

describe("Pieces of code", () => {
  for (const [language, code, expected] of CASES) test(`${language}: ${JSON.stringify(code)}`, () => assert.deepEqual(pieces(code, language), expected));
});

test("Nothing of the code is lost or added", () => {
  const odd = "\"open\n'open\n`open\n/* open <!-- \\ @ # $ ${ 0x 1. é 😀 <a b='c\n\t\0";
  for (const [language, code] of [...CASES, ...["swift", "py", "js", "c", "json", "sh", "sql", "html", "yaml", "css", "diff", "rust", "go", "java"].map((name) => [name, odd])]) {
    for (let end = 0; end <= code.length; end += 1) {
      const text = code.slice(0, end);
      assert.equal(highlight(text, language).map(([, piece]) => piece).join(""), text);
    }
  }
});

test("Names are those that people use", () => {
  assert.deepEqual(["cpp", "py", "", "sh", "whatever", "__proto__"].map(languageName), ["C++", "Python", "Text", "Shell", "whatever", "__proto__"]);
});

describe("Code made to be slow is coloured in linear time", () => {
  for (const [language, code] of [["js", "`".repeat(99_999)], ["c", "/*".repeat(50_000)], ["html", "<a ".repeat(50_000)], ["html", "<!--".repeat(50_000)], ["html", `<a b='${"\"".repeat(90_000)}`],
    ["sh", "${".repeat(50_000)], ["json", '"a" '.repeat(40_000)], ["python", "'''".repeat(60_001)], ["html", "&a".repeat(90_000)], ["swift", "a".repeat(190_000)], ["sql", "'".repeat(99_999)]]) {
    test(`${language} ${code.slice(0, 8)}`, () => {
      const start = performance.now();
      highlight(code, language);
      assert.ok(performance.now() - start < 2000, `${performance.now() - start} ms`);
    });
  }
});
