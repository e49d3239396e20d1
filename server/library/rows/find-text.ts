import type { ChunkRow } from '../../archive/rows/csv-rows.ts';
import type { Yielder } from '../../archive/rows/yielding.ts';
import { foldText } from './fold-text.ts';

/** Characters per piece when a long value is searched. */
export const PIECE_CHARACTERS = 64 * 1024;

/**
 * Returns a predicate for rows with a value that contains the text, ignoring case and accents (`foldText`). It yields
 * to other work during values of many megabytes, and rejects as `Yielder.pause` does.
 */
export function createTextSearch(text: string, yielder: Yielder): (row: ChunkRow) => boolean | Promise<boolean> {
  const needle = foldText(text);
  // Accents alone leave nothing to look for, so no value matches.
  if (needle === '') return () => false;

  const inLong = async (value: string) => {
    let before = '';
    for (const piece of pieces(value)) {
      const here = before + foldText(piece);
      if (here.includes(needle)) return true;
      before = here.slice(Math.max(0, here.length - needle.length + 1));
      if (yielder.count(piece.length)) await yielder.pause();
    }
    return false;
  };
  const inLongOnes = async (row: ChunkRow) => {
    for (const value of row) if (value !== null && isLong(value) && (await inLong(value))) return true;
    return false;
  };

  return function find(row) {
    let anyLong = false;
    for (const value of row) {
      if (value === null) continue;
      if (isLong(value)) anyLong = true;
      else if (foldText(value).includes(needle)) return true;
    }
    // Hardly any row has one.
    return anyLong && inLongOnes(row);
  };
}

function isLong(value: string): boolean {
  return value.length > PIECE_CHARACTERS;
}

/** Characters that combine with the one before them: marks, and the later letters of a Hangul syllable. */
const COMBINING = /^[\p{M}\u1160-\u11ff\udc00-\udfff]/u;

/**
 * Cuts a text where both sides fold alone as they do together. Assumes that no letter has as many marks as a piece has
 * characters.
 */
function* pieces(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    let to = from + PIECE_CHARACTERS;
    while (to < from + 2 * PIECE_CHARACTERS && COMBINING.test(text.slice(to, to + 2))) to += 1;
    yield text.slice(from, to);
    from = to;
  }
}
