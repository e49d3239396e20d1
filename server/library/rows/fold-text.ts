const PLAIN = /^[\0-\x7f]*$/;
/** Accents, dots and tone marks of Latin, Greek and Cyrillic. Marks of other scripts are letters of their own to who reads them. */
const ACCENTS = /[\u0300-\u0333\u0339-\u036f]/g;
/** Nobody writes more marks on a letter; putting many into their order takes time that grows with their square. */
const TOO_MANY_MARKS = /(\p{M}{30})\p{M}+/gu;

/**
 * A text as it is compared when somebody looks for it: whatever the case, with accents or without, a letter and its marks one character or
 * several, a sigma at a word’s end or elsewhere. Who types `Adebayo` finds `Adébáyọ̀`.
 */
export function foldText(text: string): string {
  const lower = text.toLowerCase();
  if (PLAIN.test(lower)) return lower;
  const few = lower.replaceAll(ACCENTS, '').replaceAll(TOO_MANY_MARKS, '$1');
  return few.normalize('NFD').replaceAll(ACCENTS, '').normalize('NFC').replaceAll('ς', 'σ');
}
