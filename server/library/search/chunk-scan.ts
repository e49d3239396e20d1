import { isUtf8 } from 'node:buffer';
import { foldTable, isAloneBeyond, NOTHING, TOGETHER } from './fold-table.ts';
import type { Sought } from './sought.ts';

/** A row in which the text is, or may be: some values must be folded whole before anybody can say. */
export interface ScannedRow {
  /** In the chunk, from 1. */
  row: number;
  /** Its bytes, the line break after it included. */
  bytes: Uint8Array;
}

const NEWLINE = 10;
const QUOTE = 34;
const COMMA = 44;

/**
 * Goes through the bytes of a chunk once and finds the rows that hold a text in a column that is shown. Values of other columns are passed
 * over byte by byte whatever they hold, so that not even the time it takes tells anything of them.
 */
export class ChunkScan {
  /** Rows gone through. */
  rows = 0;
  /** Bytes gone through. */
  at = 0;
  private readonly content: Uint8Array;
  private readonly isCsv: boolean;
  private readonly isShown: Uint8Array;
  private readonly sought: Sought;
  private readonly fold = foldTable();
  /** Of other bytes than UTF-8 each value beyond ASCII is looked at by itself. */
  private readonly isText: boolean;
  private readonly stops: Stops;
  private readonly lastQuote: number;

  constructor(content: Uint8Array, format: 'csv' | 'copy', isShown: readonly boolean[], sought: Sought) {
    this.content = content;
    this.isCsv = format === 'csv';
    this.isShown = Uint8Array.from(isShown, Number);
    this.sought = sought;
    this.isText = isUtf8(content);
    this.stops = stopsFor(sought, this.fold);
    if (content.length > 0 && content[content.length - 1] !== NEWLINE)
      throw new RangeError('the last row does not end');
    this.lastQuote = content.lastIndexOf(QUOTE);
    if (this.isCsv) this.passHeader();
  }

  get atEnd(): boolean {
    return this.at >= this.content.length;
  }

  /** The header line of a CSV chunk, which rows are read with. */
  get header(): Uint8Array {
    return this.content.subarray(0, this.headerEnd);
  }

  private headerEnd = 0;

  /**
   * Goes on to the end of the next row in which the text is or may be; null when so many bytes were gone through without one, or all were.
   * Throws RangeError for what PostgreSQL does not write.
   */
  next(bytes: number): ScannedRow | null {
    const until = Math.min(this.content.length, this.at + bytes);
    while (this.at < until) {
      const from = this.at;
      const found = this.isCsv ? this.csvRow(this.isShown) : this.copyRow();
      this.rows += 1;
      if (found) return { row: this.rows, bytes: this.content.subarray(from, this.at) };
    }
    return null;
  }

  private passHeader(): void {
    if (this.content.length === 0) throw new RangeError('the header line is missing');
    this.csvRow(new Uint8Array(this.isShown.length));
    this.headerEnd = this.at;
  }

  /** One function over local numbers, and most bytes passed over by one look into a table: for the speed of it. */
  private csvRow(isShown: Uint8Array): boolean {
    const { content, fold, isText, stops, lastQuote } = this;
    const { units, fallback } = this.sought;
    const columns = isShown.length;
    let { at } = this;
    let column = 0;
    let found = false;
    for (;;) {
      const quoted = content[at] === QUOTE;
      if (quoted) at++;
      let looking = isShown[column] === 1 && !found;
      let stop = quoted ? (looking ? stops.quoted : stops.quote) : looking ? stops.plain : stops.border;
      // So many units of the text stand just before.
      let same = 0;
      for (;;) {
        if (quoted && at > lastQuote) throw new RangeError('a quote does not end');
        // The line break at the end, or the last quote, is where this ends at the latest.
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

  /** Such chunks hold the few rows CSV cannot tell, so that each is simply read. */
  private copyRow(): boolean {
    const end = this.content.indexOf(NEWLINE, this.at);
    if (end === -1) throw new RangeError('the last row does not end');
    this.at = end + 1;
    return true;
  }
}

/** For each byte, whether going through a value is more than passing it over: in quotes or not, and whether the text is looked for. */
interface Stops {
  quote: Uint8Array;
  border: Uint8Array;
  quoted: Uint8Array;
  plain: Uint8Array;
}

function stopsFor({ units }: Sought, fold: Uint16Array): Stops {
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
