import { foldText } from '../rows/fold-text.ts';

/** A text that is looked for, made ready to be found in one pass over bytes (Knuth, Morris and Pratt). */
export interface Sought {
  /** As it was given. */
  text: string;
  /** The folded text's UTF-16 units. Empty where nothing is left to look for. */
  units: Uint16Array;
  /** Of the first so many units: how many at their end are also a beginning. */
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
