// SPDX-License-Identifier: Apache-2.0
/**
 * Parts of a text that the server names by bytes of UTF-8: where they are in UTF-16, and the text cut where they
 * begin and end.
 *
 * @typedef {{start: number, end: number}} Range in UTF-16 units
 * @typedef {{text: string, spans: number[]}} Piece `spans`: the indices of the parts that it belongs to
 */

/** What belongs to the character before it: accents, variants, skin colours, the joiner of emoji. */
const EXTENDS = /^[\p{M}\p{Emoji_Modifier}\u200d]$/u;
/** Two of them are a flag. */
const FLAG_HALF = /^\p{Regional_Indicator}$/u;
const JOINER = 0x200d;

/**
 * Where a person sees one character end and the next begin, in bytes and in UTF-16. Half a surrogate pair has the
 * three bytes of U+FFFD.
 *
 * By rules of our own, as much of Unicode's as matters to the eye: V8's Intl.Segmenter takes quadratic time.
 * @param {string} text @returns {{bytes: number[], units: number[]}} both with the ends of the text
 */
export function boundariesOf(text) {
  const bytes = [];
  const units = [];
  let byte = 0;
  let flagHalves = 0;
  let previous = -1;
  for (let at = 0; at < text.length;) {
    const code = text.codePointAt(at);
    let joins = code === 0x0a && previous === 0x0d;
    // The first accent.
    if (code >= 0x300) {
      const character = String.fromCodePoint(code);
      flagHalves = FLAG_HALF.test(character) ? flagHalves + 1 : 0;
      joins = previous === JOINER || (flagHalves > 0 && flagHalves % 2 === 0) || EXTENDS.test(character);
    } else flagHalves = 0;
    if (!joins || at === 0) {
      bytes.push(byte);
      units.push(at);
    }
    byte += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    at += code < 0x10000 ? 1 : 2;
    previous = code;
  }
  return { bytes: [...bytes, byte], units: [...units, text.length] };
}

/**
 * A part neither cuts what a person sees as one character nor claims more than was found: at an accent or in an
 * emoji of several it ends before, or begins behind. What lies within one such character takes all of it.
 * @param {string} text @param {{offset: number, length: number}[]} spans in bytes @returns {Range[]} in the same order
 */
export function rangesOf(text, spans) {
  const { bytes, units } = boundariesOf(text);
  const last = bytes.length - 1;
  return spans.map(({ offset, length }) => {
    const first = lastAtMost(bytes, offset);
    const end = lastAtMost(bytes, offset + length);
    const start = bytes[first] < offset ? Math.min(last, first + 1) : first;
    if (start < end) return { start: units[start], end: units[end] };
    return { start: units[first], end: units[Math.min(last, bytes[end] < offset + length ? end + 1 : end)] };
  });
}

/** @param {number[]} sorted beginning with 0 @param {number} value @returns {number} an index */
function lastAtMost(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * The whole text in pieces, each of which is within the same ranges from its beginning to its end.
 * @param {string} text @param {Range[]} ranges in any order; they may overlap @returns {Piece[]} without empty ones
 */
export function piecesOf(text, ranges) {
  /** @type {Map<number, {opens: number[], closes: number[]}>} */
  const cuts = new Map();
  const cutAt = (place) => {
    let cut = cuts.get(place);
    if (!cut) cuts.set(place, cut = { opens: [], closes: [] });
    return cut;
  };
  cutAt(text.length);
  ranges.forEach(({ start, end }, index) => {
    if (start >= end) return;
    cutAt(start).opens.push(index);
    cutAt(end).closes.push(index);
  });
  /** @type {Set<number>} */
  const open = new Set();
  const pieces = [];
  let from = 0;
  for (const place of [...cuts.keys()].sort((a, b) => a - b)) {
    if (place > from) pieces.push({ text: text.slice(from, place), spans: [...open].sort((a, b) => a - b) });
    from = place;
    const { opens, closes } = cuts.get(place);
    for (const index of closes) open.delete(index);
    for (const index of opens) open.add(index);
  }
  return pieces;
}
