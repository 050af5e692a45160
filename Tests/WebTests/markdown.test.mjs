// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MarkdownStream } from "../../Sources/RetortServer/Resources/app/js/markdown/stream.js";
import { renderMarkdown } from "../../Sources/RetortServer/Resources/app/js/markdown/render.js";
import { fakeDocument } from "./fake_dom.mjs";

/** HTML without what is the same in every formula, link and frame. */
function html(text, options = {}) {
  return renderMarkdown(text, { document: fakeDocument, ...options }).html
    .replace(/ rel="noopener noreferrer nofollow" target="_blank"/g, "")
    .replace(/ tabindex="0" role="\w+" aria-label="[^"]*"/g, "")
    .replace(/<button[^>]*>Copy<\/button>/g, "")
    .replace(/<math[^>]* alttext="([^"]*)">.*?<\/math>/g, "<math>$1</math>");
}

/** @param {string} name @param {[string, string][]} cases */
function cases(name, cases) {
  describe(name, () => {
    for (const [text, expected] of cases) test(JSON.stringify(text), () => assert.equal(html(text), expected));
  });
}

cases("Paragraphs and breaks", [
  ["one\ntwo", "<p>one\ntwo</p>"],
  ["one\n\ntwo", "<p>one</p><p>two</p>"],
  ["one  \ntwo", "<p>one<br></br>two</p>"],
  ["one\\\ntwo", "<p>one<br></br>two</p>"],
  ["a<br>b", "<p>a<br></br>b</p>"],
  ["   indented\n        more", "<p>indented\nmore</p>"],
  ["one\r\ntwo\r\n\r\nthree", "<p>one\ntwo</p><p>three</p>"],
  ["", ""],
  ["\n\n", ""],
]);

cases("Headings, below those of the page", [
  ["# one", "<h3>one</h3>"],
  ["###### six #", "<h6>six</h6>"],
  ["## two ##", "<h4>two</h4>"],
  ["# a#", "<h3>a#</h3>"],
  ["#none", "<p>#none</p>"],
  ["####### seven", "<p>####### seven</p>"],
  ["one\n===", "<h3>one</h3>"],
  ["two\n---", "<h4>two</h4>"],
  ["text\n# one", "<p>text</p><h3>one</h3>"],
]);

cases("Rules", [
  ["---", "<hr></hr>"],
  ["* * *", "<hr></hr>"],
  ["one\n***\ntwo", "<p>one</p><hr></hr><p>two</p>"],
  ["--", "<p>--</p>"],
]);

cases("Emphasis", [
  ["*a* _b_", "<p><em>a</em> <em>b</em></p>"],
  ["**a** __b__", "<p><strong>a</strong> <strong>b</strong></p>"],
  ["***a***", "<p><em><strong>a</strong></em></p>"],
  ["**a *b* c**", "<p><strong>a <em>b</em> c</strong></p>"],
  ["*a **b***", "<p><em>a <strong>b</strong></em></p>"],
  ["snake_case_name", "<p>snake_case_name</p>"],
  ["2*3*4", "<p>2<em>3</em>4</p>"],
  ["2 * 3 * 4", "<p>2 * 3 * 4</p>"],
  ["**open", "<p>**open</p>"],
  ["*a_b*c_", "<p><em>a_b</em>c_</p>"],
  ["foo***bar***baz", "<p>foo<em><strong>bar</strong></em>baz</p>"],
  ["**foo*bar**", "<p><strong>foo*bar</strong></p>"],
  ["*foo**bar*", "<p><em>foo**bar</em></p>"],
  ["~~gone~~ ~not~", "<p><del>gone</del> ~not~</p>"],
  ["\\*a\\*", "<p>*a*</p>"],
  ["**«a»**b", "<p>**«a»**b</p>"],
  ["**重要**です", "<p><strong>重要</strong>です</p>"],
]);

cases("Code spans", [
  ["`a`", "<p><code>a</code></p>"],
  ["`` a`b ``", "<p><code>a`b</code></p>"],
  ["`*a* <b>`", "<p><code>*a* &lt;b&gt;</code></p>"],
  ["`open", "<p>`open</p>"],
  ["`a\nb`", "<p><code>a b</code></p>"],
  ["*a `b*` c*", "<p><em>a <code>b*</code> c</em></p>"],
  ["`\\(x\\)` and `$y$`", "<p><code>\\(x\\)</code> and <code>$y$</code></p>"],
]);

cases("Links", [
  ["[a](https://b.c)", '<p><a href="https://b.c/">a</a></p>'],
  ['[a](https://b.c "t")', '<p><a href="https://b.c/" title="t">a</a></p>'],
  ["[a](<https://b.c/d e>)", '<p><a href="https://b.c/d%20e">a</a></p>'],
  ["[*a*](https://b.c/(d))", '<p><a href="https://b.c/(d)"><em>a</em></a></p>'],
  ["<https://b.c>", '<p><a href="https://b.c/">https://b.c</a></p>'],
  ["<a@b.c>", '<p><a href="mailto:a@b.c">a@b.c</a></p>'],
  ["see https://b.c/d_e_f.", '<p>see <a href="https://b.c/d_e_f">https://b.c/d_e_f</a>.</p>'],
  ["(https://b.c/d_(e))", '<p>(<a href="https://b.c/d_(e)">https://b.c/d_(e)</a>)</p>'],
  ["www.b.c", '<p><a href="https://www.b.c/">www.b.c</a></p>'],
  ["[a](b", "<p>[a](b</p>"],
  ["[a] b", "<p>[a] b</p>"],
  ["[a [b](https://c.d) e](https://f.g)", '<p>[a <a href="https://c.d/">b</a> e](<a href="https://f.g/">https://f.g</a>)</p>'],
]);

cases("Images, which are links and never loaded", [
  ["![a cat](https://b.c/cat.png)", '<p><a href="https://b.c/cat.png">[image: a cat]</a></p>'],
  ["![](data:image/png;base64,AA)", "<p><span>[image: no description]</span></p>"],
]);

cases("What a hostile model writes stays text", [
  ["<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"],
  ["<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>"],
  ["[a](javascript:alert(1))", "<p><span>a</span></p>"],
  ["[a](JaVaScRiPt:alert(1))", "<p><span>a</span></p>"],
  ["[a](\u0001javascript:alert(1))", "<p><span>a</span></p>"],
  ["[a](data:text/html,<script>alert(1)</script>)", "<p><span>a</span></p>"],
  ["[a](vbscript:x)", "<p><span>a</span></p>"],
  ["[a](/api/conversations)", "<p><span>a</span></p>"],
  ["[a](//evil.example)", "<p><span>a</span></p>"],
  ["<javascript:alert(1)>", "<p>&lt;javascript:alert(1)&gt;</p>"],
  ['[a](https://b.c/"onmouseover="alert(1))', '<p><a href="https://b.c/%22onmouseover=%22alert(1)">a</a></p>'],
  ["&lt;script&gt;", "<p>&lt;script&gt;</p>"],
  ["```html\n<script>\n```", '<figure class="code"><figcaption class="code-head"><span class="code-language">HTML</span></figcaption>'
    + '<pre><code><span class="tok-tag">&lt;script&gt;</span></code></pre></figure>'],
  ['```"><script>\nx\n```', '<figure class="code"><figcaption class="code-head"><span class="code-language">"&gt;&lt;script&gt;</span></figcaption>'
    + "<pre><code>x</code></pre></figure>"],
  ["\\(\\text{<img src=x onerror=alert(1)>}\\)", '<p><span class="math-inline"><math>\\text{<img src=x onerror=alert(1)>}</math></span></p>'],
  ["\\(\\href{javascript:alert(1)}{x}\\)", '<p><span class="math-inline"><code class="math-source">\\href{javascript:alert(1)}{x}</code></span></p>'],
]);

cases("Entities", [
  ["&amp; &copy; &#65; &#x42; &nope; &", "<p>&amp; © A B &amp;nope; &amp;</p>"],
  ["&#0; &constructor;", "<p>\ufffd &amp;constructor;</p>"],
]);

const code = (name, text) => `<figure class="code"><figcaption class="code-head"><span class="code-language">${name}</span></figcaption><pre><code>${text}</code></pre></figure>`;
cases("Code blocks", [
  ["```\na\n\nb\n```", code("Text", "a\n\nb")],
  ["~~~\n```\n~~~", code("Text", "```")],
  ["````\n```\n````", code("Text", "```")],
  ["```\nopen", code("Text", "open")],
  ["text\n```\na\n```\ntext", `<p>text</p>${code("Text", "a")}<p>text</p>`],
  ["    a\n\n    b\n\nc", `${code("Text", "a\n\nb")}<p>c</p>`],
  ["```make\n\tall\n```", code("make", "\tall")],
  ["  ```\n  a\n    b\n  ```", code("Text", "a\n  b")],
  ["```\n# no heading\n- no list\n\\[ no formula \\]\n```", code("Text", "# no heading\n- no list\n\\[ no formula \\]")],
  ["``` not `code` ```", "<p><code>not `code`</code></p>"],
]);

cases("Quotes", [
  ["> a\n> b", "<blockquote><p>a\nb</p></blockquote>"],
  ["> a\nlazy", "<blockquote><p>a\nlazy</p></blockquote>"],
  ["> a\n\nb", "<blockquote><p>a</p></blockquote><p>b</p>"],
  ["> > a", "<blockquote><blockquote><p>a</p></blockquote></blockquote>"],
  ["> - a\n> - b", "<blockquote><ul><li>a</li><li>b</li></ul></blockquote>"],
  ["> ```\n> a\nb", `<blockquote>${code("Text", "a")}</blockquote><p>b</p>`],
]);

cases("Lists", [
  ["- a\n- b", "<ul><li>a</li><li>b</li></ul>"],
  ["- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"],
  ["1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"],
  ["3) a\n4) b", '<ol start="3"><li>a</li><li>b</li></ol>'],
  ["- a\n  - b\n    - c\n- d", "<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li>d</li></ul>"],
  ["1. a\n   - b", "<ol><li>a<ul><li>b</li></ul></li></ol>"],
  ["1. a\n  - b\n2. c", "<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>"],
  ["- a\n* b", "<ul><li>a</li></ul><ul><li>b</li></ul>"],
  ["- a\n\n  b\n- c", "<ul><li><p>a</p><p>b</p></li><li><p>c</p></li></ul>"],
  ["- a\nlazy\n- b", "<ul><li>a\nlazy</li><li>b</li></ul>"],
  ["- a\n\nb", "<ul><li>a</li></ul><p>b</p>"],
  ["text\n- a", "<p>text</p><ul><li>a</li></ul>"],
  ["In\n1986. A year", "<p>In\n1986. A year</p>"],
  ["1. a\n\n   ```\n   x\n   ```\n\n2. b", `<ol><li><p>a</p>${code("Text", "x")}</li><li><p>b</p></li></ol>`],
  ["1. a\n```\nx\n```\n2. b", `<ol><li>a</li></ol>${code("Text", "x")}<ol start="2"><li>b</li></ol>`],
  ["- [x] a\n- [ ] b", '<ul><li class="task"><span class="box box-checked" role="img" aria-label="done"></span>a</li>'
    + '<li class="task"><span class="box" role="img" aria-label="to do"></span>b</li></ul>'],
  ["-\n- b", "<ul><li></li><li>b</li></ul>"],
  ["- # a", "<ul><li><h3>a</h3></li></ul>"],
  ["-a", "<p>-a</p>"],
]);

const table = (head, ...rows) => `<div class="table-frame"><table><thead><tr>${head}</tr></thead><tbody>${rows.map((row) => `<tr>${row}</tr>`).join("")}</tbody></table></div>`;
cases("Tables", [
  ["| a | b |\n|---|---|\n| 1 | 2 |", table('<th scope="col">a</th><th scope="col">b</th>', "<td>1</td><td>2</td>")],
  ["a | b\n:-: | -:\n1 | 2 | 3\n4", table('<th class="align-center" scope="col">a</th><th class="align-right" scope="col">b</th>',
    '<td class="align-center">1</td><td class="align-right">2</td>', '<td class="align-center">4</td><td class="align-right"></td>')],
  ["| a \\| b |\n|---|", table('<th scope="col">a | b</th>')],
  ["| a | b |\n|---|", "<p>| a | b |\n|---|</p>"],
  ["text\n| a |\n|---|\n| 1 |\n\nafter", `<p>text</p>${table('<th scope="col">a</th>', "<td>1</td>")}<p>after</p>`],
]);

const inlineMath = (tex) => `<span class="math-inline"><math>${tex}</math></span>`;
cases("Formulas and prices", [
  ["\\(x\\)", `<p>${inlineMath("x")}</p>`],
  ["\\[\nx\n\\]", '<div class="math-block"><math>x</math></div>'],
  ["$$x$$", '<div class="math-block"><math>x</math></div>'],
  ["so\n\\[\n- 5\n\\]\nthen", '<p>so</p><div class="math-block"><math>- 5</math></div><p>then</p>'],
  ["so \\[x\\] then", '<p>so <span class="math-display"><math>x</math></span> then</p>'],
  ["\\begin{align}\na &= b\n\\end{align}", '<div class="math-block"><math>\\begin{align}\na &amp;= b\n\\end{align}</math></div>'],
  ["$x$ and $a + b$", `<p>${inlineMath("x")} and ${inlineMath("a + b")}</p>`],
  ["$5$", `<p>${inlineMath("5")}</p>`],
  ["from $5 to $10", "<p>from $5 to $10</p>"],
  ["$5-$10", "<p>$5-$10</p>"],
  ["it costs $1.23. Or 5$.", "<p>it costs $1.23. Or 5$.</p>"],
  ["US$20 and US$30", "<p>US$20 and US$30</p>"],
  ["\\$x\\$", "<p>$x$</p>"],
  ["\\(a_1 * b_2 * c\\)", `<p>${inlineMath("a_1 * b_2 * c")}</p>`],
  ["\\(open", "<p>(open</p>"],
  ["**$x$**", `<p><strong>${inlineMath("x")}</strong></p>`],
]);

test("In a thought, headings are bold paragraphs", () => {
  assert.equal(html("# a", { thought: true }), "<p><strong>a</strong></p>");
});

describe("A text that grows", () => {
  const text = "# One\n\nA *b* [c](https://d.e)\nand `f\n\n- g\n  - h\n\n  i\n\n1. j\n\n```python\ndef k():\n    return 1\n\n```\n\n| l | m |\n|---|---|\n| 1 | 2 |\n\n"
    + "> n\n> o\n\n\\[\n\\frac{1}{2}\n\\]\nend $x$\n---\nlast\r\nline";

  test("ends as though it had come at once, however it was cut", () => {
    for (const step of [1, 2, 3, 7, 50]) {
      const element = fakeDocument.createElement("div");
      const stream = new MarkdownStream(element, { document: fakeDocument });
      for (let end = step; end < text.length; end += step) {
        stream.update(text.slice(0, end), false);
        const whole = renderMarkdown(text.slice(0, end), { document: fakeDocument, pending: true });
        assert.equal(element.inner, whole.html, `cut at ${end}`);
      }
      stream.update(text, true);
      assert.equal(element.inner, renderMarkdown(text, { document: fakeDocument }).html);
    }
  });

  test("keeps the nodes of finished blocks", () => {
    const element = fakeDocument.createElement("div");
    const stream = new MarkdownStream(element, { document: fakeDocument });
    stream.update("one\n\ntwo", false);
    const first = element.children[0];
    stream.update("one\n\ntwo\n\nthree", false);
    assert.equal(element.children[0], first);
    assert.equal(element.children.length, 3);
  });

  test("colours long code when it is complete", () => {
    const element = fakeDocument.createElement("div");
    const stream = new MarkdownStream(element, { document: fakeDocument });
    const code = `\`\`\`swift\n${"let x = 1\n".repeat(2000)}`;
    stream.update(code, false);
    assert.equal(element.inner.includes("tok-"), false);
    stream.update(`${code}\`\`\`\n`, false);
    assert.equal(element.inner.includes("tok-keyword"), true);
  });

  test("starts again when it is another text", () => {
    const element = fakeDocument.createElement("div");
    const stream = new MarkdownStream(element, { document: fakeDocument });
    stream.update("one\n\ntwo", false);
    stream.update("three", true);
    assert.equal(element.inner, "<p>three</p>");
  });
});

describe("Texts made to be slow are read in linear time", () => {
  const n = 20_000;
  for (const [name, text] of [
    ["openers of emphasis", "*a ".repeat(n)], ["closers of emphasis", "a* ".repeat(n)], ["mixed emphasis", "*a **b ".repeat(n) + "c* d**".repeat(n)],
    ["open brackets", "[".repeat(n)], ["brackets", "[a](".repeat(n)], ["images", "![".repeat(n) + "](x)".repeat(n)], ["backticks", "`a``b```".repeat(n)],
    ["quotes", ">".repeat(n)], ["nested lists", "- ".repeat(n)], ["dollars", "$a ".repeat(n)], ["open formulas", "\\(a ".repeat(n)],
    ["open display formulas", "\\[a\n".repeat(n)], ["table rows", "|a".repeat(n) + "\n" + "|-".repeat(n)], ["bars", "| a\n".repeat(n)], ["spaces", `a${" ".repeat(n)}b\n`.repeat(20)],
    ["hashes", `# ${"#".repeat(n)} a\n`.repeat(5)], ["ampersands", "&a".repeat(n)], ["angles", "<a".repeat(n)], ["addresses", "http://".repeat(n)],
    ["lines", "a\n".repeat(n)], ["formula groups", `\\(${"{".repeat(5000)}\\)`], ["underscores", "_".repeat(n)], ["stars", `${"*".repeat(n)}a${"*".repeat(n)}`],
  ]) {
    test(name, () => {
      // Of the processor: a machine that is busy with other things makes no text slower.
      const start = process.cpuUsage();
      html(text);
      const { user, system } = process.cpuUsage(start);
      assert.ok(user + system < 2_000_000, `${(user + system) / 1000} ms`);
    });
  }
});
