const PLAIN = /^[\0-\x7f]*$/;
/** Accents, dots and tone marks of Latin, Greek and Cyrillic. Marks of other scripts are letters of their own to who reads them. */
const ACCENTS = /[\u0300-\u036f]/g;

/**
 * A text as it is compared when somebody looks for it: whatever the case, with accents or without, a letter and its marks one character or
 * several, a sigma at a word’s end or elsewhere. Who types `Adebayo` finds `Adébáyọ̀`.
 */
export function foldText(text: string): string {
  const lower = text.toLowerCase();
  if (PLAIN.test(lower)) return lower;
  return lower.normalize('NFD').replaceAll(ACCENTS, '').normalize('NFC').replaceAll('ς', 'σ');
}
