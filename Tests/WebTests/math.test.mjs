// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { texToMathML } from "../../Sources/RetortServer/Resources/app/js/math/mathml.js";
import { fakeDocument } from "./fake_dom.mjs";

/** What is inside of <math><mrow>, or null. */
function mathml(tex, display = false) {
  const math = texToMathML(tex, display, fakeDocument);
  return math && math.children[0].inner.replace(/ mathvariant="normal"/g, "").replace(/ stretchy="true" fence="true"/g, "").replace(/ movablelimits="false"/g, "");
}

/** @param {string} name @param {[string, string][]} cases */
function cases(name, cases, display = false) {
  describe(name, () => {
    for (const [tex, expected] of cases) test(tex, () => assert.equal(mathml(tex, display), expected));
  });
}

cases("Numbers, letters and operators", [
  ["3.14", "<mn>3.14</mn>"],
  ["160,962", "<mn>160,962</mn>"],
  ["(1,2)", '<mo stretchy="false">(</mo><mn>1</mn><mo separator="true">,</mo><mn>2</mn><mo stretchy="false">)</mo>'],
  ["ab", "<mi>a</mi><mi>b</mi>"],
  ["a-b", "<mi>a</mi><mo>−</mo><mi>b</mi>"],
  ["2 \\times 3 = 6", "<mn>2</mn><mo>×</mo><mn>3</mn><mo>=</mo><mn>6</mn>"],
  ["\\alpha\\Omega", "<mi>α</mi><mi>Ω</mi>"],
  ["a \\leq b \\neq c", "<mi>a</mi><mo>≤</mo><mi>b</mi><mo>≠</mo><mi>c</mi>"],
  ["50\\%", "<mn>50</mn><mi>%</mi>"],
  ["\\not= \\not\\in", "<mo>≠</mo><mo>∉</mo>"],
]);

cases("Scripts", [
  ["x^2", "<msup><mi>x</mi><mn>2</mn></msup>"],
  ["x_i^{10}", "<msubsup><mi>x</mi><mi>i</mi><mn>10</mn></msubsup>"],
  ["x^23", "<msup><mi>x</mi><mn>2</mn></msup><mn>3</mn>"],
  ["f'(x)", '<msup><mi>f</mi><mo lspace="0" rspace="0">′</mo></msup><mo stretchy="false">(</mo><mi>x</mi><mo stretchy="false">)</mo>'],
  ["{}^2", "<msup><mrow></mrow><mn>2</mn></msup>"],
  ["x^\\alpha", "<msup><mi>x</mi><mi>α</mi></msup>"],
  ["\\sum_{i}^n", "<msubsup><mo>∑</mo><mi>i</mi><mi>n</mi></msubsup>"],
  ["\\sum\\limits_i", "<munder><mo>∑</mo><mi>i</mi></munder>"],
]);

cases("Display style", [
  ["\\sum_i^n", "<munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover>"],
  ["\\int_0^1", "<msubsup><mo>∫</mo><mn>0</mn><mn>1</mn></msubsup>"],
  ["\\lim_x", "<munder><mrow><mi>lim</mi><mo>\u2061</mo></mrow><mi>x</mi></munder>"],
  ["\\frac{\\sum_i}{1}", "<mfrac><msub><mo>∑</mo><mi>i</mi></msub><mn>1</mn></mfrac>"],
], true);

cases("Fractions, roots and brackets", [
  ["\\frac{1}{2}", "<mfrac><mn>1</mn><mn>2</mn></mfrac>"],
  ["\\frac12", "<mfrac><mn>1</mn><mn>2</mn></mfrac>"],
  ["{a \\over b}", "<mfrac><mi>a</mi><mi>b</mi></mfrac>"],
  ["\\dfrac{a}{b}", '<mstyle displaystyle="true" scriptlevel="0"><mfrac><mi>a</mi><mi>b</mi></mfrac></mstyle>'],
  ["\\binom{n}{k}", '<mrow><mo>(</mo><mfrac linethickness="0"><mi>n</mi><mi>k</mi></mfrac><mo>)</mo></mrow>'],
  ["\\sqrt{2}", "<msqrt><mn>2</mn></msqrt>"],
  ["\\sqrt[3]{x}", "<mroot><mi>x</mi><mn>3</mn></mroot>"],
  ["\\left( x \\right]", '<mrow><mo form="prefix">(</mo><mi>x</mi><mo form="postfix">]</mo></mrow>'],
  ["\\left. x \\right|", '<mrow><mi>x</mi><mo form="postfix">|</mo></mrow>'],
  ["\\lfloor x \\rfloor", '<mo stretchy="false">⌊</mo><mi>x</mi><mo stretchy="false">⌋</mo>'],
  ["\\big(", '<mo stretchy="true" minsize="1.2em" maxsize="1.2em">(</mo>'],
  ["\\{x\\}", '<mo stretchy="false">{</mo><mi>x</mi><mo stretchy="false">}</mo>'],
]);

cases("Fonts, text and accents", [
  ["\\mathbb{R}", "<mi>ℝ</mi>"],
  ["\\mathbf{v}", "<mi>𝐯</mi>"],
  ["\\mathcal{L}", "<mi>ℒ</mi>"],
  ["\\mathrm{kg}", "<mi>kg</mi>"],
  ["\\text{if } x", "<mtext>if\u00a0</mtext><mi>x</mi>"],
  ["\\operatorname{rank} A", "<mrow><mi>rank</mi><mo>\u2061</mo></mrow><mi>A</mi>"],
  ["\\sin x", "<mrow><mi>sin</mi><mo>\u2061</mo></mrow><mi>x</mi>"],
  ["\\hat{x}", '<mover accent="true"><mi>x</mi><mo stretchy="false">^</mo></mover>'],
  ["\\overline{ab}", '<mover accent="true"><mrow><mi>a</mi><mi>b</mi></mrow><mo stretchy="true">‾</mo></mover>'],
  ["\\underbrace{a}_{n}", '<munder><munder accentunder="true"><mi>a</mi><mo stretchy="true">⏟</mo></munder><mi>n</mi></munder>'],
  ["\\boxed{160962}", '<mrow class="math-boxed"><mn>160962</mn></mrow>'],
  ["\\boxed{\\text{yes}}", '<mrow class="math-boxed"><mtext>yes</mtext></mrow>'],
  ["a \\equiv b \\pmod{n}", '<mi>a</mi><mo>≡</mo><mi>b</mi><mrow><mspace width="0.6em"></mspace><mo stretchy="false">(</mo><mrow><mi>mod</mi><mo>\u2061</mo></mrow>'
    + '<mi>n</mi><mo stretchy="false">)</mo></mrow>'],
]);

const cell = (text, name) => `<mtd${name ? ` class="${name}"` : ""}>${text}</mtd>`;
cases("Environments", [
  ["\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", '<mrow><mo form="prefix">(</mo><mtable class="math-matrix">'
    + `<mtr>${cell("<mn>1</mn>")}${cell("<mn>2</mn>")}</mtr><mtr>${cell("<mn>3</mn>")}${cell("<mn>4</mn>")}</mtr></mtable><mo form="postfix">)</mo></mrow>`],
  ["\\begin{cases} a \\\\ b \\end{cases}", '<mrow><mo form="prefix">{</mo><mtable class="math-cases">'
    + `<mtr>${cell("<mi>a</mi>", "math-left")}</mtr><mtr>${cell("<mi>b</mi>", "math-left")}</mtr></mtable></mrow>`],
  ["\\begin{aligned} a &= b \\\\[2pt] &= c \\\\ \\end{aligned}", '<mtable class="math-align" displaystyle="true">'
    + `<mtr>${cell("<mi>a</mi>", "math-right")}${cell("<mo>=</mo><mi>b</mi>", "math-left")}</mtr>`
    + `<mtr>${cell("", "math-right")}${cell("<mo>=</mo><mi>c</mi>", "math-left")}</mtr></mtable>`],
  ["\\begin{array}{c|r} 1 & 2 \\\\ \\hline 3 & 4 \\end{array}", '<mtable class="math-matrix">'
    + `<mtr>${cell("<mn>1</mn>")}${cell("<mn>2</mn>", "math-right")}</mtr><mtr>${cell("<mn>3</mn>")}${cell("<mn>4</mn>", "math-right")}</mtr></mtable>`],
]);

describe("What is beyond the converter is left as source", () => {
  for (const tex of ["\\unknown", "\\frac{1}", "{", "}", "x^2^3", "\\left(x", "\\begin{x}\\end{x}", "\\begin{matrix} a", "\\begin{matrix} a \\end{cases}",
    "\\href{javascript:alert(1)}{x}", "\\html{<b>}", "a & b", "\\constructor", "\\begin{constructor}\\end{constructor}", `${"{".repeat(100)}x${"}".repeat(100)}`, "x".repeat(30000)]) {
    test(tex.slice(0, 40), () => assert.equal(mathml(tex), null));
  }
});

describe("Formulas as models write them are understood", () => {
  for (const tex of [
    "x = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}", "e^{i\\pi} + 1 = 0", "\\int_{-\\infty}^{\\infty} e^{-x^2}\\,dx = \\sqrt{\\pi}", "\\nabla \\times \\vec{E} = -\\frac{\\partial \\vec{B}}{\\partial t}",
    "P(A \\mid B) = \\frac{P(B \\mid A)\\,P(A)}{P(B)}", "\\lim_{n \\to \\infty} \\left(1 + \\frac{1}{n}\\right)^n = e", "\\forall \\varepsilon > 0 \\; \\exists \\delta > 0",
    "\\mathcal{L}(\\theta) = -\\sum_{t=1}^{T} \\log \\pi_\\theta(a_t \\mid s_t)", "\\text{softmax}\\left(\\frac{QK^\\top}{\\sqrt{d_k}}\\right)V", "\\therefore \\boxed{x = \\dfrac{3}{4}}",
    "\\begin{align*} 417 \\times 386 &= 417 \\times (400 - 14) \\\\ &= 166800 - 5838 \\\\ &= \\boxed{160962} \\end{align*}", "\\left\\{ x \\in \\mathbb{R} : |x| < 1 \\right\\}", "\\left\\lVert v \\right\\rVert_2",
    "f(x) = \\begin{cases} 1 & \\text{if } x > 0, \\\\ 0 & \\text{otherwise.} \\end{cases}", "\\underset{x}{\\operatorname{arg\\,max}}\\; f(x)", "a \\xrightarrow{\\text{heat}} b", "\\overset{!}{=}", "1\\,000\\text{ km}",
    "\\sum_{\\substack{i=1 \\\\ i \\ne j}}^n a_i", "\\prod\\nolimits_k", "\\{1, 2, \\ldots, n\\}", "\\angle ABC = 90^\\circ", "\\overrightarrow{AB}", "x \\bmod 7", "{n \\choose k}", "\\displaystyle\\sum_{i} i", "A^{\\mathsf{T}}",
    "\\frac{d}{dx}\\left[ \\int_a^x f(t)\\,dt \\right]", "\\begin{bmatrix} a & \\cdots & b \\\\ \\vdots & \\ddots & \\vdots \\end{bmatrix}", "\\color{red} x", "\\textbf{a} \\textit{b}", "x\\tag{1}",
  ]) {
    test(tex.slice(0, 60), () => assert.notEqual(mathml(tex, true), null));
  }
});
