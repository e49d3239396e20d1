const NEWLINE = 10;
const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const TAB = 9;
const CAPITAL_N = 78;

/**
 * Rows in a chunk as PostgreSQL's COPY writes it: lines outside quotes less the header for `csv`, lines for `copy`. A row of one
 * NULL is an empty line and counts. Throws RangeError when the last line does not end or a CSV chunk has no header.
 */
export function countRows(content: Uint8Array, format: 'csv' | 'copy'): number {
  if (format === 'csv') return countCsvLines(content) - 1;
  if (content.length > 0 && content.at(-1) !== NEWLINE) throw new RangeError('the last row does not end');
  return countLines(content);
}

/** A doubled quote inside quotes leaves and enters again, so that counting quotes is enough to know where one stands. */
function countCsvLines(content: Uint8Array): number {
  let quoted = 0;
  let lines = 0;
  for (let at = 0; at < content.length; at++) {
    const byte = content[at];
    if (byte === QUOTE) quoted ^= 1;
    else if (byte === NEWLINE) lines += 1 - quoted;
  }
  if (lines === 0) throw new RangeError('the header line is missing');
  if (quoted === 1 || content.at(-1) !== NEWLINE) throw new RangeError('the last row does not end');
  return lines;
}

function countLines(content: Uint8Array): number {
  let lines = 0;
  for (let at = 0; at < content.length; at++) if (content[at] === NEWLINE) lines++;
  return lines;
}

/** Whether a line is exactly `\.`, which `psql` before version 18 takes for the end of CSV data even inside quotes. */
export function hasEndMarkerLine(content: Uint8Array): boolean {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  for (let at = bytes.indexOf('\\.'); at !== -1; at = bytes.indexOf('\\.', at + 2)) {
    if (at > 0 && bytes[at - 1] !== NEWLINE) continue;
    const end = bytes[at + 2] === 13 ? at + 3 : at + 2;
    if (end >= bytes.length || bytes[end] === NEWLINE) return true;
  }
  return false;
}

/** The letter that COPY text writes after a backslash for each byte it does not write as it is; 0 for the others. */
const ESCAPED = escapes({ '\b': 'b', '\t': 't', '\n': 'n', '\v': 'v', '\f': 'f', '\r': 'r', '\\': '\\' });

function escapes(letters: Record<string, string>): Uint8Array {
  const table = new Uint8Array(256);
  for (const [character, letter] of Object.entries(letters)) table[character.charCodeAt(0)] = letter.charCodeAt(0);
  return table;
}

/**
 * PostgreSQL's CSV without its header line, as COPY text: byte for byte what the server would have written in that format.
 * `columns` tells a row of one NULL from nothing at all. Throws RangeError for CSV that PostgreSQL does not write.
 */
export function csvToCopyText(csv: Uint8Array, columns: number): Uint8Array {
  const rewriter = new CopyTextRewriter(csv);
  while (!rewriter.atEnd()) {
    for (let column = 1; column < columns; column++) rewriter.value(COMMA, TAB);
    rewriter.value(NEWLINE, NEWLINE);
  }
  return rewriter.text();
}

class CopyTextRewriter {
  private readonly csv: Uint8Array;
  private readonly out: Uint8Array;
  private at = 0;
  private length = 0;

  constructor(csv: Uint8Array) {
    this.csv = csv;
    this.out = new Uint8Array(copyTextBound(csv));
  }

  atEnd(): boolean {
    return this.at >= this.csv.length;
  }

  text(): Uint8Array {
    return this.out.subarray(0, this.length);
  }

  /** Rewrites one value and the delimiter that must follow it. */
  value(delimiter: number, written: number): void {
    if (this.csv[this.at] === QUOTE) this.quoted();
    else this.unquoted();
    if (this.csv[this.at++] !== delimiter) throw new RangeError('a row has more or fewer columns than its table');
    this.out[this.length++] = written;
  }

  private quoted(): void {
    for (this.at++; ; this.at++) {
      const byte = this.csv[this.at];
      if (byte === undefined) throw new RangeError('a quote does not end');
      if (byte === QUOTE && this.csv[++this.at] !== QUOTE) return;
      this.put(byte);
    }
  }

  private unquoted(): void {
    const start = this.at;
    for (let byte = this.csv[start]; byte !== COMMA && byte !== NEWLINE; byte = this.csv[++this.at]) {
      if (byte === undefined) throw new RangeError('the last row does not end');
      if (byte === QUOTE) throw new RangeError('a quote inside an unquoted value');
      this.put(byte);
    }
    if (this.at > start) return;
    this.out[this.length++] = BACKSLASH;
    this.out[this.length++] = CAPITAL_N;
  }

  private put(byte: number): void {
    const letter = ESCAPED[byte] ?? 0;
    if (letter > 0) this.out[this.length++] = BACKSLASH;
    this.out[this.length++] = letter > 0 ? letter : byte;
  }
}

/** No longer than this: an escape adds one byte, and a NULL adds two where it ends. */
function copyTextBound(csv: Uint8Array): number {
  let bound = csv.length;
  for (const byte of csv) {
    if (ESCAPED[byte]) bound++;
    if (byte === COMMA || byte === NEWLINE) bound += 2;
  }
  return bound;
}
