import { isUtf8 } from 'node:buffer';
import { foldTable, isAloneBeyond, NOTHING, TOGETHER } from './fold-table.ts';
import type { Needle } from './needle.ts';
import { anchorFor, RowFilter } from './row-filter.ts';

/** A row that contains the text, or may: some values must be folded whole to decide. */
export interface ScannedRow {
  /** Number in the chunk, from 1. */
  row: number;
  /** Bytes of the row with its line break. */
  bytes: Uint8Array;
}

const NEWLINE = 10;
const QUOTE = 34;
const COMMA = 44;

/**
 * Scans a chunk once for rows with the text in a shown column. Other columns are skipped byte by byte whatever they
 * hold, so that even the time taken reveals nothing of them.
 */
export class ChunkScan {
  /** Rows scanned. */
  rows = 0;
  /** Bytes scanned. */
  at = 0;
  private readonly content: Uint8Array;
  private readonly isCsv: boolean;
  private readonly isShown: Uint8Array;
  private readonly needle: Needle;
  private readonly fold = foldTable();
  /** False for bytes that are not UTF-8: each value beyond ASCII is then checked by itself. */
  private readonly isText: boolean;
  private readonly stops: Stops;
  private readonly lastQuote: number;
  /** Null where a column is hidden: whatever it holds must not be looked at. */
  private readonly filter: RowFilter | null;

  constructor(content: Uint8Array, format: 'csv' | 'copy', isShown: readonly boolean[], needle: Needle) {
    this.content = content;
    this.isCsv = format === 'csv';
    this.isShown = Uint8Array.from(isShown, Number);
    this.needle = needle;
    this.isText = isUtf8(content);
    this.stops = stopsFor(needle, this.fold);
    if (content.length > 0 && content[content.length - 1] !== NEWLINE)
      throw new RangeError('the last row does not end');
    this.lastQuote = content.lastIndexOf(QUOTE);
    if (this.isCsv) this.passHeader();
    const anchor = this.isCsv && this.isText && !isShown.includes(false) ? anchorFor(content, needle) : null;
    this.filter = anchor && new RowFilter(content, anchor);
  }

  get atEnd(): boolean {
    return this.at >= this.content.length;
  }

  /** Header line of a CSV chunk, needed to read its rows. */
  get header(): Uint8Array {
    return this.content.subarray(0, this.headerEnd);
  }

  private headerEnd = 0;

  /**
   * Goes on to the end of the next row that contains or may contain the text. Returns null after so many bytes without
   * one, or at the end. Throws RangeError for text PostgreSQL does not write.
   */
  next(bytes: number): ScannedRow | null {
    const until = Math.min(this.content.length, this.at + bytes);
    while (this.at < until) {
      if (this.filter && !this.passRows(this.filter, until)) return null;
      const from = this.at;
      const found = this.isCsv ? this.csvRow(this.isShown) : this.copyRow();
      this.rows += 1;
      if (found) return { row: this.rows, bytes: this.content.subarray(from, this.at) };
    }
    return null;
  }

  /** Passes over rows that cannot contain the text. Returns whether one that may is next. */
  private passRows(filter: RowFilter, until: number): boolean {
    filter.at = this.at;
    filter.rows = this.rows;
    const may = filter.pass(until);
    this.at = filter.at;
    this.rows = filter.rows;
    return may;
  }

  private passHeader(): void {
    if (this.content.length === 0) throw new RangeError('the header line is missing');
    this.csvRow(new Uint8Array(this.isShown.length));
    this.headerEnd = this.at;
  }

  /**
   * Scans one CSV row. For speed it is one function over local numbers, and skips most bytes with one table lookup
   * each.
   */
  private csvRow(isShown: Uint8Array): boolean {
    const { content, fold, isText, stops, lastQuote } = this;
    const { units, fallback } = this.needle;
    const columns = isShown.length;
    let { at } = this;
    let column = 0;
    let found = false;
    for (;;) {
      const quoted = content[at] === QUOTE;
      if (quoted) at++;
      let looking = isShown[column] === 1 && !found;
      let stop = quoted ? (looking ? stops.quoted : stops.quote) : looking ? stops.plain : stops.border;
      // Units of the text matched just before this byte.
      let same = 0;
      for (;;) {
        if (quoted && at > lastQuote) throw new RangeError('a quote does not end');
        // The scan stops at the final line break or the last quote at the latest.
        if (same === 0) while (stop[content[at] as number] === 0) at++;
        const byte = content[at] as number;
        if (quoted) {
          if (byte === QUOTE && content[++at] !== QUOTE) break;
        } else {
          if (byte === COMMA || byte === NEWLINE) break;
          if (byte === QUOTE) throw new RangeError('a quote inside an unquoted value');
        }
        at++;
        if (!looking) continue;
        let unit = TOGETHER;
        let second = NOTHING;
        if (byte < 0x80) unit = fold[byte] as number;
        else if (isText) {
          const length = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
          let code = byte & (0x3f >> length);
          for (const after = at + length; at < after; at++) code = (code << 6) | ((content[at] as number) & 0x3f);
          if (length < 3) unit = fold[code] as number;
          else if (isAloneBeyond(code)) {
            unit = 0xd800 + ((code - 0x10000) >> 10);
            second = 0xdc00 + (code & 0x3ff);
          }
        }
        if (unit === NOTHING) continue;
        while (unit !== TOGETHER && same < units.length) {
          while (same > 0 && unit !== units[same]) same = fallback[same - 1] as number;
          if (unit === units[same]) same++;
          if (second === NOTHING) break;
          unit = second;
          second = NOTHING;
        }
        if (unit !== TOGETHER && same < units.length) continue;
        found = true;
        looking = false;
        same = 0;
        stop = quoted ? stops.quote : stops.border;
      }
      const after = content[at++];
      column++;
      if (after === NEWLINE && column === columns) break;
      if (after !== COMMA && after !== NEWLINE)
        throw new RangeError(after === undefined ? 'the last row does not end' : 'something follows a closing quote');
      if (after === NEWLINE || column === columns)
        throw new RangeError('a row has more or fewer columns than its table');
    }
    this.at = at;
    return found;
  }

  /** Scans one COPY row by simply reading it: such chunks hold only the few rows CSV cannot express. */
  private copyRow(): boolean {
    const end = this.content.indexOf(NEWLINE, this.at);
    if (end === -1) throw new RangeError('the last row does not end');
    this.at = end + 1;
    return true;
  }
}

/**
 * Tables that say for each byte whether it needs more than skipping: inside or outside quotes, and with or without a
 * search of the value.
 */
interface Stops {
  quote: Uint8Array;
  border: Uint8Array;
  quoted: Uint8Array;
  plain: Uint8Array;
}

function stopsFor({ units }: Needle, fold: Uint16Array): Stops {
  const isBeginning = (byte: number) => byte >= 0x80 || fold[byte] === units[0] || fold[byte] === TOGETHER;
  const table = (stops: (byte: number) => boolean) =>
    Uint8Array.from({ length: 256 }, (_, byte) => Number(stops(byte)));
  const isBorder = (byte: number) => byte === COMMA || byte === NEWLINE || byte === QUOTE;
  return {
    quote: table((byte) => byte === QUOTE),
    border: table(isBorder),
    quoted: table((byte) => byte === QUOTE || isBeginning(byte)),
    plain: table((byte) => isBorder(byte) || isBeginning(byte)),
  };
}
