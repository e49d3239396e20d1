import { isUtf8 } from 'node:buffer';

/** One row of a chunk: the text of each field as PostgreSQL wrote it, null for NULL. */
export type ChunkRow = (string | null)[];

/** Thrown for a value that is not UTF-8. */
export class NotUtf8 extends Error {
  /**
   * Line of the chunk, from 1, counted as PostgreSQL does: the header is a line, and so is each line within a value.
   */
  readonly line: number;
  /** Index among the columns, from 0. */
  readonly column: number;

  constructor(line: number, column: number) {
    super(`line ${line}: a value that is not UTF-8`);
    this.line = line;
    this.column = column;
  }
}

/**
 * Yields the rows of a chunk as COPY wrote it, without a CSV header; an unquoted empty field is NULL, a quoted one the
 * empty string. Read as bytes, each character stands for one byte. Throws RangeError for text PostgreSQL does not
 * write, and NotUtf8 on reaching a row with a value of other bytes.
 */
export function* chunkRows(
  content: Uint8Array,
  format: 'csv' | 'copy',
  columns: number,
  as: 'text' | 'bytes' = 'text',
): Generator<ChunkRow> {
  // A byte order mark is an ordinary character here.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const rowsOf = (text: string, hasHeader: boolean) =>
    format === 'copy' ? copyRows(text, columns) : csvRows(text, columns, hasHeader);
  let hasHeader = format === 'csv';
  for (const part of wholeRows(content, format)) {
    if (as === 'text' && isUtf8(part)) yield* rowsOf(decoder.decode(part), hasHeader);
    else {
      const rows = rowsOf(Buffer.from(part.buffer, part.byteOffset, part.length).toString('latin1'), hasHeader);
      const before = content.subarray(0, part.byteOffset - content.byteOffset);
      yield* as === 'bytes' ? rows : decoded(rows, decoder, { format, before, hasHeader });
    }
    hasHeader = false;
  }
}

/** Decodes rows of which each character stands for a byte. Throws NotUtf8 at the first value that is not UTF-8. */
function* decoded(
  rows: Generator<ChunkRow>,
  decoder: TextDecoder,
  from: { format: 'csv' | 'copy'; before: Uint8Array; hasHeader: boolean },
): Generator<ChunkRow> {
  let line = 1 + linesOf(from.before) + (from.hasHeader ? 1 : 0);
  for (const row of rows) {
    const meant = row.map((field, column) => {
      if (field === null) return null;
      const bytes = Buffer.from(field, 'latin1');
      if (!isUtf8(bytes)) throw new NotUtf8(line, column);
      // COPY text escapes line breaks.
      if (from.format === 'csv') line += linesOf(bytes);
      return decoder.decode(bytes);
    });
    yield meant;
    line += 1;
  }
}

function linesOf(bytes: Uint8Array): number {
  let lines = 0;
  for (const byte of bytes) if (byte === 10) lines += 1;
  return lines;
}

/** Bytes decoded to text at a time: the text of a whole chunk would take many times the memory of the chunk. */
const PART_BYTES = 256 * 1024;

/** Cuts a chunk at row ends. An unfinished row is the last part, for its reader to refuse. */
function* wholeRows(content: Uint8Array, format: 'csv' | 'copy'): Generator<Uint8Array> {
  let from = 0;
  let quoted = 0;
  for (let at = 0; at < content.length; at++) {
    const byte = content[at];
    // A doubled quote leaves and enters again. COPY text has no quotes.
    if (byte === 34 && format === 'csv') quoted ^= 1;
    if (byte !== 10 || quoted === 1 || at + 1 - from < PART_BYTES) continue;
    yield content.subarray(from, at + 1);
    from = at + 1;
  }
  if (from < content.length || from === 0) yield content.subarray(from);
}

function* csvRows(text: string, columns: number, hasHeader: boolean): Generator<ChunkRow> {
  const reader = new CsvReader(text);
  if (hasHeader && reader.row(columns).length !== columns)
    throw new RangeError('the header line has more or fewer columns than the table');
  while (!reader.atEnd) {
    const row = reader.row(columns);
    if (row.length !== columns) throw new RangeError('a row has more or fewer columns than its table');
    yield row;
  }
}

class CsvReader {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** Reads one row, up to one field more than `columns`: a line of separators alone would hold millions. */
  row(columns: number): ChunkRow {
    const row: ChunkRow = [];
    for (;;) {
      row.push(this.text[this.at] === '"' ? this.quoted() : this.plain());
      const after = this.text[this.at++];
      if (after === '\n' || row.length > columns) return row;
      if (after === undefined) throw new RangeError('the last row does not end');
      if (after !== ',') throw new RangeError('something follows a closing quote');
    }
  }

  private quoted(): string {
    const { text } = this;
    const start = this.at + 1;
    let end = text.indexOf('"', start);
    let doubled = false;
    while (end !== -1 && text[end + 1] === '"') {
      doubled = true;
      end = text.indexOf('"', end + 2);
    }
    if (end === -1) throw new RangeError('a quote does not end');
    this.at = end + 1;
    const value = text.slice(start, end);
    return doubled ? value.replaceAll('""', '"') : value;
  }

  private plain(): string | null {
    const { text } = this;
    const start = this.at;
    for (; this.at < text.length; this.at++) {
      const code = text.charCodeAt(this.at);
      if (code === 44 || code === 10) break;
      if (code === 34) throw new RangeError('a quote inside an unquoted value');
    }
    return this.at === start ? null : text.slice(start, this.at);
  }
}

function* copyRows(text: string, columns: number): Generator<ChunkRow> {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    if (end === -1) throw new RangeError('the last row does not end');
    const fields = text.slice(at, end).split('\t', columns + 1);
    if (fields.length !== columns) throw new RangeError('a row has more or fewer columns than its table');
    yield fields.map(unescapeCopy);
    at = end + 1;
  }
}

const LETTERS: Record<string, string> = { b: '\b', t: '\t', n: '\n', v: '\v', f: '\f', r: '\r', '\\': '\\' };

function unescapeCopy(field: string): string | null {
  if (field === '\\N') return null;
  if (!field.includes('\\')) return field;
  return field.replaceAll(/\\(.?)/gs, (_, letter: string) => {
    const meant = LETTERS[letter];
    if (meant === undefined) throw new RangeError('an escape that PostgreSQL does not write');
    return meant;
  });
}
