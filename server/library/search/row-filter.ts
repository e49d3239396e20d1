import { foldTable, isAloneBeyond, NOTHING, TOGETHER } from './fold-table.ts';
import type { Anchor, Needle } from './needle.ts';

const NEWLINE = 10;
const QUOTE = 34;
const COMMA = 44;

/** Values in `stops` besides the two borders themselves. */
const UNIT = 1;
const BEYOND = 2;
/** A unit that no text without characters beyond the basic plane has. */
const SURROGATE = 0xd800;
/** Bytes of a chunk that decide which unit is rarest. */
const SAMPLE_BYTES = 16 * 1024;
/** Units that end values and rows, and are stopped at anyway. */
const BORDERS: readonly number[] = [NEWLINE, QUOTE, COMMA];

/**
 * Passes over rows of CSV that cannot contain the text, two bytes at a time, looking for its rarest unit. It looks at
 * all columns, so it is for chunks without hidden ones, and for valid UTF-8 alone.
 */
export class RowFilter {
  /** Start of the row that comes next. */
  at = 0;
  /** Rows before it. */
  rows = 0;
  private readonly content: Uint8Array;
  private readonly anchor: Anchor;
  private readonly fold = foldTable();

  constructor(content: Uint8Array, anchor: Anchor) {
    this.content = content;
    this.anchor = anchor;
  }

  /**
   * Goes on to the next row that may contain the text, or to the first that begins at `until` or later. Returns whether
   * the row may contain it. Throws RangeError when a quote does not end.
   */
  pass(until: number): boolean {
    const { content, fold } = this;
    const { units, position, stops, pairs, before, after } = this.anchor;
    const unit = units[position];
    const end = content.length;
    // The pairs begin at an even address.
    const shift = content.byteOffset & 1;
    const twos = new Uint16Array(content.buffer, content.byteOffset + shift, Math.max(0, end - shift) >> 1);
    const count = twos.length;
    let { at, rows } = this;
    let from = at;
    let quoted = 0;
    while (at < end) {
      if (((at ^ shift) & 1) === 0) {
        let two = (at - shift) >> 1;
        while (two < count && pairs[twos[two] as number] === 0) two++;
        at = two * 2 + shift;
        if (at >= end) break;
      }
      const byte = content[at] as number;
      const kind = stops[byte] as number;
      if (kind === QUOTE) {
        if (content[at + 1] === QUOTE) at++;
        else quoted ^= 1;
      } else if (kind === NEWLINE) {
        if (quoted === 0) {
          rows++;
          from = at + 1;
          if (from >= until) break;
        }
      } else if (kind !== 0) {
        let may = before[content[at - 1] as number] === 1 && after[content[at + 1] as number] === 1;
        if (kind === BEYOND) {
          // Most are letters with accents of other letters than the wanted one, so they are told apart right here.
          const high = (content[at + 1] as number) & 0x3f;
          const low = (content[at + 2] as number) & 0x3f;
          const folded = fold[byte < 0xe0 ? ((byte & 0x1f) << 6) | high : ((byte & 0xf) << 12) | (high << 6) | low];
          may = byte >= 0xf0 || folded === unit || folded === TOGETHER;
        }
        if (may && this.mayMatch(at)) {
          this.at = from;
          this.rows = rows;
          return true;
        }
      }
      at++;
    }
    if (quoted === 1) throw new RangeError('a quote does not end');
    this.at = from;
    this.rows = rows;
    return false;
  }

  /** Returns whether a match may lie around this character: it does, or something near it must be folded whole to say. */
  private mayMatch(at: number): boolean {
    const { units, position } = this.anchor;
    const unit = this.unitAt(at);
    if (unit === TOGETHER) return true;
    return unit === units[position] && this.follows(at, 1) && this.follows(at, -1);
  }

  /** Compares the characters from here on, or backwards, with the units after or before the anchor's. */
  private follows(from: number, step: 1 | -1): boolean {
    const { content } = this;
    const { units, position } = this.anchor;
    let at = from;
    for (let wanted = position + step; wanted >= 0 && wanted < units.length; ) {
      do at += step;
      while (((content[at] as number) & 0xc0) === 0x80);
      const unit = content[at] === QUOTE ? TOGETHER : this.unitAt(at);
      if (unit === NOTHING) continue;
      if (unit === TOGETHER) return true;
      if (unit !== units[wanted]) return false;
      wanted += step;
    }
    return true;
  }

  /** Returns what the character whose first byte is here folds to. */
  private unitAt(at: number): number {
    const byte = this.content[at];
    // The value ends with the chunk at the latest.
    if (byte === undefined) return NEWLINE;
    const code = byte < 0x80 ? byte : codeAt(this.content, at);
    if (code < 0x10000) return this.fold[code] as number;
    return isAloneBeyond(code) && !this.anchor.hasBeyond ? SURROGATE : TOGETHER;
  }
}

/** Decodes the character of valid UTF-8 whose first byte is here. */
function codeAt(content: Uint8Array, at: number): number {
  const byte = content[at] as number;
  const length = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  let code = byte & (0x3f >> length);
  for (let next = at + 1; next <= at + length; next++) code = (code << 6) | ((content[next] as number) & 0x3f);
  return code;
}

/** Returns the unit of the text that is rarest at the beginning of a chunk; null when the text is of borders alone. */
export function anchorFor(content: Uint8Array, needle: Needle): Anchor | null {
  const counts = new Uint32Array(256);
  const sampled = Math.min(content.length, SAMPLE_BYTES);
  for (let at = 0; at < sampled; at++) (counts[content[at] as number] as number)++;
  const fold = foldTable();
  let rarest: { position: number; count: number } | null = null;
  for (const [position, unit] of needle.units.entries()) {
    if (BORDERS.includes(unit)) continue;
    let count = 0;
    for (let byte = 0; byte < 0x80; byte++) if (fold[byte] === unit) count += counts[byte] ?? 0;
    if (rarest === null || count < rarest.count) rarest = { position, count };
  }
  if (rarest === null) return null;
  const known = needle.anchors.get(rarest.position);
  if (known) return known;
  const anchor = anchorAt(needle.units, rarest.position);
  needle.anchors.set(rarest.position, anchor);
  return anchor;
}

function anchorAt(units: Uint16Array, position: number): Anchor {
  const fold = foldTable();
  const unit = units[position] as number;
  const table = (of: (byte: number) => boolean) => Uint8Array.from({ length: 256 }, (_, byte) => Number(of(byte)));
  const may = (wanted: number | undefined) => (byte: number) =>
    wanted === undefined || byte >= 0x80 || byte === QUOTE || fold[byte] === wanted || fold[byte] === TOGETHER;
  const leads = leadsOf(unit, fold);
  const stops = Uint8Array.from({ length: 256 }, (_, byte) => {
    if (byte === NEWLINE || byte === QUOTE) return byte;
    if (byte >= 0x80) return leads.has(byte) ? BEYOND : 0;
    return fold[byte] === unit || fold[byte] === TOGETHER ? UNIT : 0;
  });
  const [before, after] = [table(may(units[position - 1])), table(may(units[position + 1]))];
  const pairs = new Uint8Array(0x10000);
  for (let two = 0; two < pairs.length; two++) {
    const [first, second] = [two & 0xff, two >> 8];
    // The neighbour within the pair is known already: most units that are like the wanted one need no second look.
    const isFirst = stops[first] === UNIT ? after[second] : stops[first];
    const isSecond = stops[second] === UNIT ? before[first] : stops[second];
    pairs[two] = (isFirst as number) | (isSecond as number);
  }
  // A doubled quote leaves the quotes and enters them again.
  pairs[(QUOTE << 8) | QUOTE] = 0;
  const hasBeyond = units.some((one) => one >= 0xd800 && one < 0xe000);
  return {
    units,
    position,
    hasBeyond,
    stops,
    pairs,
    before,
    after,
  };
}

/** Returns the first bytes of all characters beyond ASCII that fold to the unit, or only together with others. */
function leadsOf(unit: number, fold: Uint16Array): Set<number> {
  const leads = new Set([0xf0, 0xf1, 0xf2, 0xf3, 0xf4]);
  for (let code = 0x80; code < 0x10000; code++)
    if (fold[code] === unit || fold[code] === TOGETHER)
      leads.add(code < 0x800 ? 0xc0 | (code >> 6) : 0xe0 | (code >> 12));
  return leads;
}
