const NEWLINE = 10;
const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const TAB = 9;
const CAPITAL_N = 78;

/**
 * Returns the number of rows in a chunk that COPY wrote: lines outside quotes, less the header for `csv`; lines for
 * `copy`. A row of one NULL is an empty line and counts. Throws RangeError when the last line is unfinished or a CSV
 * chunk has no header.
 */
export function countRows(content: Uint8Array, format: 'csv' | 'copy'): number {
  const counter = new RowCounter(format);
  counter.add(content);
  return counter.end();
}

/** Counts rows as `countRows` does, for a chunk that comes in pieces. */
export class RowCounter {
  private readonly format: 'csv' | 'copy';
  private quoted = 0;
  private lines = 0;
  /** Last byte seen; initially a newline, so that an empty chunk counts as finished. */
  private last = NEWLINE;

  constructor(format: 'csv' | 'copy') {
    this.format = format;
  }

  add(piece: Uint8Array): void {
    if (this.format === 'csv') this.addCsv(piece);
    else for (let at = 0; at < piece.length; at++) if (piece[at] === NEWLINE) this.lines++;
    this.last = piece.at(-1) ?? this.last;
  }

  /** Ends the chunk and returns its number of rows. */
  end(): number {
    if (this.format === 'csv' && this.lines === 0) throw new RangeError('the header line is missing');
    if (this.quoted === 1 || this.last !== NEWLINE) throw new RangeError('the last row does not end');
    return this.format === 'csv' ? this.lines - 1 : this.lines;
  }

  /**
   * Counts lines outside quotes, looking at two bytes at a time, since most are neither. A doubled quote leaves and
   * enters again, so counting quotes is enough to know the state.
   */
  private addCsv(piece: Uint8Array): void {
    // An empty piece may lie at an odd address, too.
    if (piece.length === 0) return;
    let { quoted, lines } = this;
    const stops = countedPairs();
    // Pairs begin at an even address.
    const shift = piece.byteOffset & 1;
    const pairs = new Uint16Array(piece.buffer, piece.byteOffset + shift, (piece.length - shift) >> 1);
    const rest = shift + 2 * pairs.length;
    if (shift === 1) {
      if (piece[0] === QUOTE) quoted ^= 1;
      else if (piece[0] === NEWLINE) lines += 1 - quoted;
    }
    for (let at = 0; at < pairs.length; at++) {
      const pair = pairs[at] as number;
      if (stops[pair] === 0) continue;
      const first = pair & 0xff;
      if (first === QUOTE) quoted ^= 1;
      else if (first === NEWLINE) lines += 1 - quoted;
      const second = pair >> 8;
      if (second === QUOTE) quoted ^= 1;
      else if (second === NEWLINE) lines += 1 - quoted;
    }
    if (rest < piece.length) {
      if (piece[rest] === QUOTE) quoted ^= 1;
      else if (piece[rest] === NEWLINE) lines += 1 - quoted;
    }
    this.quoted = quoted;
    this.lines = lines;
  }
}

let pairsMade: Uint8Array | null = null;

/** Returns for each pair of bytes, the first of them low, whether it changes the count. */
function countedPairs(): Uint8Array {
  if (pairsMade) return pairsMade;
  pairsMade = new Uint8Array(0x10000);
  for (const byte of [QUOTE, NEWLINE])
    for (let other = 0; other < 256; other++) {
      pairsMade[byte | (other << 8)] = 1;
      pairsMade[other | (byte << 8)] = 1;
    }
  return pairsMade;
}

/**
 * Returns the offsets of lines that are exactly `\.`, which `psql` before version 18 takes for the end of CSV data even
 * inside quotes.
 */
function endMarkerLines(content: Uint8Array): number[] {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const found: number[] = [];
  for (let at = bytes.indexOf('\\.'); at !== -1; at = bytes.indexOf('\\.', at + 2)) {
    if (at > 0 && bytes[at - 1] !== NEWLINE) continue;
    const end = bytes[at + 2] === 13 ? at + 3 : at + 2;
    if (end >= bytes.length || bytes[end] === NEWLINE) found.push(at);
  }
  return found;
}

/** Returns whether a line is exactly `\.`. */
export function hasEndMarkerLine(content: Uint8Array): boolean {
  return endMarkerLines(content).length > 0;
}

/**
 * Takes rows with a `\.` line out of a CSV chunk in place, so that only these few need another format; the others keep
 * their order. Returns the remaining length of `content`, and the rows taken as CSV without a header. Returns null when
 * there are none.
 */
export function takeEndMarkerRows(content: Uint8Array): { left: number; taken: Uint8Array; rows: number } | null {
  const markers = endMarkerLines(content);
  if (markers.length === 0) return null;
  const rows: { from: number; to: number }[] = [];
  let next = 0;
  let from = 0;
  let quoted = 0;
  for (let at = 0; at < content.length && next < markers.length; at++) {
    const byte = content[at];
    if (byte === QUOTE) quoted ^= 1;
    if (byte !== NEWLINE || quoted === 1) continue;
    const to = at + 1;
    // The first record is the header.
    if (from > 0 && (markers[next] as number) < to) rows.push({ from, to });
    while (next < markers.length && (markers[next] as number) < to) next++;
    from = to;
  }
  if (rows.length === 0) return null;
  const taken = Buffer.concat(rows.map((row) => content.subarray(row.from, row.to)));
  let left = rows[0]?.from ?? content.length;
  for (const [index, row] of rows.entries()) {
    const until = rows[index + 1]?.from ?? content.length;
    content.copyWithin(left, row.to, until);
    left += until - row.to;
  }
  return { left, taken, rows: rows.length };
}

/** Letter that COPY text writes after a backslash for each byte it escapes; 0 for the others. */
const ESCAPED = escapes({ '\b': 'b', '\t': 't', '\n': 'n', '\v': 'v', '\f': 'f', '\r': 'r', '\\': '\\' });

function escapes(letters: Record<string, string>): Uint8Array {
  const table = new Uint8Array(256);
  for (const [character, letter] of Object.entries(letters)) table[character.charCodeAt(0)] = letter.charCodeAt(0);
  return table;
}

/**
 * Converts PostgreSQL's CSV without its header line to COPY text, byte for byte as the server writes it. Throws
 * RangeError for CSV that PostgreSQL does not write; `columns` tells a row of one NULL from an empty input. One loop
 * over local numbers, because a method call per byte blocked the event loop most of a second per 8 MiB chunk.
 */
export function csvToCopyText(csv: Uint8Array, columns: number): Uint8Array {
  const out = new Uint8Array(copyTextBound(csv));
  const end = csv.length;
  let length = 0;
  let column = 1;
  let at = 0;
  while (at < end) {
    if (csv[at] === QUOTE) {
      for (at++; ; at++) {
        if (at >= end) throw new RangeError('a quote does not end');
        if (csv[at] === QUOTE && csv[++at] !== QUOTE) break;
        const byte = csv[at] as number;
        const letter = ESCAPED[byte] as number;
        if (letter > 0) out[length++] = BACKSLASH;
        out[length++] = letter > 0 ? letter : byte;
      }
    } else {
      const start = at;
      for (; at < end && csv[at] !== COMMA && csv[at] !== NEWLINE; at++) {
        const byte = csv[at] as number;
        if (byte === QUOTE) throw new RangeError('a quote inside an unquoted value');
        const letter = ESCAPED[byte] as number;
        if (letter > 0) out[length++] = BACKSLASH;
        out[length++] = letter > 0 ? letter : byte;
      }
      if (at === start) {
        out[length++] = BACKSLASH;
        out[length++] = CAPITAL_N;
      }
    }
    if (at >= end) throw new RangeError('the last row does not end');
    if (csv[at++] !== (column < columns ? COMMA : NEWLINE))
      throw new RangeError('a row has more or fewer columns than its table');
    out[length++] = column < columns ? TAB : NEWLINE;
    column = column < columns ? column + 1 : 1;
  }
  if (column !== 1) throw new RangeError('the last row does not end');
  return out.subarray(0, length);
}

/** Returns an upper bound of the output's length: an escape adds one byte, and a NULL adds two at its end. */
function copyTextBound(csv: Uint8Array): number {
  let bound = csv.length;
  for (let at = 0; at < csv.length; at++) {
    const byte = csv[at] as number;
    if (byte === COMMA || byte === NEWLINE) bound += 2;
    else if (ESCAPED[byte] as number) bound++;
  }
  return bound;
}
