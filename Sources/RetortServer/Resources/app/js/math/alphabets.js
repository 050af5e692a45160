// SPDX-License-Identifier: Apache-2.0
/** The mathematical alphabets of Unicode, which MathML Core has instead of font attributes. */

/** First code points of A, a, 0, Α and α; 0 where an alphabet has none. */
const STARTS = {
  bold: [0x1d400, 0x1d41a, 0x1d7ce, 0x1d6a8, 0x1d6c2],
  bolditalic: [0x1d468, 0x1d482, 0x1d7ce, 0x1d71c, 0x1d736],
  italic: [0x1d434, 0x1d44e, 0, 0x1d6e2, 0x1d6fc],
  script: [0x1d49c, 0x1d4b6, 0, 0, 0],
  fraktur: [0x1d504, 0x1d51e, 0, 0, 0],
  double: [0x1d538, 0x1d552, 0x1d7d8, 0, 0],
  sans: [0x1d5a0, 0x1d5ba, 0x1d7e2, 0, 0],
  mono: [0x1d670, 0x1d68a, 0x1d7f6, 0, 0],
};

/** Letters that Unicode had before the alphabets came. */
const EXCEPTIONS = {
  italic: { h: "ℎ" },
  script: { B: "ℬ", E: "ℰ", F: "ℱ", H: "ℋ", I: "ℐ", L: "ℒ", M: "ℳ", R: "ℛ", e: "ℯ", g: "ℊ", o: "ℴ" },
  fraktur: { C: "ℭ", H: "ℌ", I: "ℑ", R: "ℜ", Z: "ℨ" },
  double: { C: "ℂ", H: "ℍ", N: "ℕ", P: "ℙ", Q: "ℚ", R: "ℝ", Z: "ℤ" },
};

/** TeX's font commands. `normal` is upright. @type {Map<string, string>} */
export const FONTS = new Map(Object.entries({
  mathrm: "normal", rm: "normal", mathbf: "bold", bf: "bold", boldsymbol: "bolditalic", bm: "bolditalic", mathit: "italic", mathcal: "script",
  mathscr: "script", mathfrak: "fraktur", mathbb: "double", Bbb: "double", mathsf: "sans", mathtt: "mono", mathnormal: "italic",
}));

/** @param {string} text @param {string} font @returns {string} */
export function inAlphabet(text, font) {
  const starts = STARTS[font];
  if (!starts) return text;
  let out = "";
  for (const c of text) {
    const code = c.codePointAt(0);
    const exception = EXCEPTIONS[font]?.[c];
    const place = code >= 65 && code <= 90 ? [0, 65] : code >= 97 && code <= 122 ? [1, 97] : code >= 48 && code <= 57 ? [2, 48]
      : code >= 0x391 && code <= 0x3a9 ? [3, 0x391] : code >= 0x3b1 && code <= 0x3c9 ? [4, 0x3b1] : null;
    if (exception) out += exception;
    else if (place && starts[place[0]]) out += String.fromCodePoint(starts[place[0]] + code - place[1]);
    else out += c;
  }
  return out;
}
