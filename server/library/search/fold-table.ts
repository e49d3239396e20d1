import { foldText } from '../rows/fold-text.ts';

/** Entry for a character that folds to nothing, such as an accent by itself. */
export const NOTHING = 0;
/** Entry for a character that may change beside its neighbours, so that its whole text must be folded. */
export const TOGETHER = 0xffff;

/** Characters without an entry of their own: marks, Hangul letters, surrogates, and the two reserved values. */
const NOT_ALONE = /[\p{M}\u1100-\u11ff\ud800-\udfff\0\uffff]/u;

/**
 * Returns whether a character beyond the basic plane folds to itself, alone: signs, emoji, and nearly all ideographs.
 */
export function isAloneBeyond(code: number): boolean {
  return (code >= 0x1f000 && code < 0x1fb00) || (code >= 0x20000 && code < 0x2f800);
}

let table: Uint16Array | null = null;

/**
 * Returns the table of what `foldText` makes of each character of the basic plane, by code. A text whose characters all
 * fold alone becomes the concatenation of their entries.
 */
export function foldTable(): Uint16Array {
  table ??= Uint16Array.from({ length: 0x10000 }, (_, code) => foldedAlone(code));
  return table;
}

function foldedAlone(code: number): number {
  // Ideographs, and the syllables of Korean: most of the plane.
  if ((code >= 0x3400 && code < 0xa000) || (code >= 0xac00 && code < 0xd7a4)) return code;
  const folded = code >= 0xd800 && code <= 0xdfff ? null : foldText(String.fromCharCode(code));
  if (folded === '') return NOTHING;
  return folded === null || folded.length > 1 || NOT_ALONE.test(folded) ? TOGETHER : folded.charCodeAt(0);
}
