import { foldText } from '../rows/fold-text.ts';

/** One unit of the text, which every match contains, and the bytes that may stand beside it. */
export interface Anchor {
  /** Units of the text, and the position of this one among them. */
  units: Uint16Array;
  position: number;
  /** True when the text has characters beyond the basic plane. */
  hasBeyond: boolean;
  /** Says of each byte what it may be: one that ends rows or values, the unit itself, or a character beyond ASCII. */
  stops: Uint8Array;
  /** Says the same of two bytes at once, the first of them low. */
  pairs: Uint8Array;
  /** Bytes that may stand before the unit within a match, and after it. */
  before: Uint8Array;
  after: Uint8Array;
}

/** A search text prepared for one pass over bytes (Knuth, Morris and Pratt). */
export interface Needle {
  /** The text as given. */
  text: string;
  /** UTF-16 units of the folded text; empty when nothing is left to look for. */
  units: Uint16Array;
  /**
   * Length of the longest proper suffix that is also a prefix, for each prefix of the units (the KMP failure function).
   */
  fallback: Uint16Array;
  /** Anchors made so far, by their position in the units. */
  anchors: Map<number, Anchor>;
}

export function createNeedle(text: string): Needle {
  const folded = foldText(text);
  const units = Uint16Array.from({ length: folded.length }, (_, at) => folded.charCodeAt(at));
  const fallback = new Uint16Array(units.length);
  for (let at = 1, same = 0; at < units.length; at++) {
    while (same > 0 && units[at] !== units[same]) same = fallback[same - 1] ?? 0;
    if (units[at] === units[same]) same += 1;
    fallback[at] = same;
  }
  return { text, units, fallback, anchors: new Map() };
}
