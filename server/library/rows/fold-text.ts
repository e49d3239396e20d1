const PLAIN = /^[\0-\x7f]*$/;
/**
 * Accents, dots and tone marks of Latin, Greek and Cyrillic. To readers of other scripts, marks are letters of their
 * own.
 */
const ACCENTS = /[\u0300-\u0333\u0339-\u036f]/g;
/** Runs of marks longer than anybody writes on one letter. Sorting them takes time that grows with their square. */
const TOO_MANY_MARKS = /(\p{M}{30})\p{M}+/gu;

/**
 * Folds a text for comparison in a search. It ignores case, accents, whether a letter and its marks are one character
 * or several, and the form of a final sigma. `Adebayo` finds `Adébáyọ̀`.
 */
export function foldText(text: string): string {
  const lower = text.toLowerCase();
  if (PLAIN.test(lower)) return lower;
  const few = lower.replaceAll(ACCENTS, '').replaceAll(TOO_MANY_MARKS, '$1');
  return few.normalize('NFD').replaceAll(ACCENTS, '').normalize('NFC').replaceAll('ς', 'σ');
}
