import { foldText } from '../rows/fold-text.ts';

/** What stands in the table for a character that folds to nothing, such as an accent by itself. */
export const NOTHING = 0;
/** What stands in the table for a character that may become something else beside its neighbours: its whole text must be folded. */
export const TOGETHER = 0xffff;

/** Marks, the letters Hangul syllables are made of, halves of pairs, and the two values that mean something else here. */
const NOT_ALONE = /[\p{M}\u1100-\u11ff\ud800-\udfff\0\uffff]/u;

/** Whether a character beyond the basic plane stands alone as it is: signs, pictures, and nearly all ideographs. */
export function isAloneBeyond(code: number): boolean {
  return (code >= 0x1f000 && code < 0x1fb00) || (code >= 0x20000 && code < 0x2f800);
}

let table: Uint16Array | null = null;

/**
 * What `foldText` makes of each character of the basic plane, by its number. A text whose characters all stand alone folds to what stands
 * here for them, one after the other.
 */
export function foldTable(): Uint16Array {
  table ??= Uint16Array.from({ length: 0x10000 }, (_, code) => foldedAlone(code));
  return table;
}

function foldedAlone(code: number): number {
  const folded = code >= 0xd800 && code <= 0xdfff ? null : foldText(String.fromCharCode(code));
  if (folded === '') return NOTHING;
  return folded === null || folded.length > 1 || NOT_ALONE.test(folded) ? TOGETHER : folded.charCodeAt(0);
}
