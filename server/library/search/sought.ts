import { foldText } from '../rows/fold-text.ts';

/** A search text prepared for one pass over bytes (Knuth, Morris and Pratt). */
export interface Sought {
  /** The text as given. */
  text: string;
  /** UTF-16 units of the folded text; empty when nothing is left to look for. */
  units: Uint16Array;
  /**
   * Length of the longest proper suffix that is also a prefix, for each prefix of the units (the KMP failure function).
   */
  fallback: Uint16Array;
}

export function createSought(text: string): Sought {
  const folded = foldText(text);
  const units = Uint16Array.from({ length: folded.length }, (_, at) => folded.charCodeAt(at));
  const fallback = new Uint16Array(units.length);
  for (let at = 1, same = 0; at < units.length; at++) {
    while (same > 0 && units[at] !== units[same]) same = fallback[same - 1] ?? 0;
    if (units[at] === units[same]) same += 1;
    fallback[at] = same;
  }
  return { text, units, fallback };
}
