import { databaseError, faultCode } from '../../../db/connect/database-error.ts';
import type { Session } from '../../../db/connect/session.ts';
import { returnMemory } from '../../archive/codec.ts';
import { throwIfCancelled } from '../../core/errors.ts';
import type { OnProgress } from '../../core/progress.ts';
import type { DocumentMetadata, JsonColumn, JsonLimits, JsonPiece, JsonTable } from '../../document/document.ts';
import type { JsonDocument } from '../../document/file-kind.ts';
import { invalid } from '../../document/grammar.ts';
import { readBackupJson } from '../../document/read.ts';
import { copyIn } from '../../postgres/copy-in.ts';
import { copyInSql, type StagingTable } from '../../postgres/staging/staging.ts';

/** A table of the document and the destination of its rows. */
export interface JsonTarget {
  json: JsonTable;
  staging: StagingTable;
  /** Column names by JSON key. */
  names: ReadonlyMap<string, string>;
}

/** Contents of the document. */
export interface LoadedJson {
  metadata: DocumentMetadata;
  tables: Map<JsonTable, { rows: number; columns: JsonColumn[] }>;
}

/** Bytes sent with one COPY. */
const BATCH_BYTES = 1024 * 1024;

/**
 * Loads the document into staging, reading the next batch while the server takes one. A value the server refuses
 * rejects with ARCHIVE_INVALID and the path to it, as do all refusals of the reader. The server's message, which
 * repeats values, becomes the cause.
 */
export async function loadJson(
  document: JsonDocument,
  targets: JsonTarget[],
  session: Session,
  run: { signal: AbortSignal; onProgress: OnProgress; limits?: JsonLimits },
): Promise<LoadedJson> {
  const loaded: LoadedJson = { metadata: {}, tables: new Map() };
  const byJson = new Map(targets.map((target) => [target.json, target]));
  const progress = { rows: 0, bytes: 0, table: '' };
  const report = () =>
    run.onProgress({ stage: 'stage', rows: progress.rows, bytes: progress.bytes, totalBytes: document.size ?? 0 });
  const batches = new Batches(session);
  const take = async (piece: JsonPiece): Promise<void> => {
    if (piece.kind === 'metadata') loaded.metadata = piece.metadata;
    else if (piece.kind === 'table') {
      const target = byJson.get(piece.table);
      if (!target) throw new TypeError('a table that was not asked for');
      await batches.begin(target, piece.path, piece.columns);
      loaded.tables.set(piece.table, { rows: 0, columns: piece.columns });
    } else {
      const table = loaded.tables.get(piece.table);
      if (table) table.rows++;
      progress.rows++;
      await batches.add(piece.index, piece.fields);
    }
  };
  const counted = async function* () {
    for await (const bytes of document.bytes(run.signal)) {
      progress.bytes += bytes.length;
      // Counts the tokens and the rows made of them.
      returnMemory(4 * bytes.length);
      yield bytes;
    }
  };
  try {
    for await (const pieces of readBackupJson(
      counted(),
      targets.map((target) => target.json),
      { signal: run.signal, ...(run.limits && { limits: run.limits }) },
    )) {
      for (const piece of pieces) await take(piece);
      report();
    }
    await batches.finish();
  } catch (error) {
    // The server may still be reading the batch before.
    await batches.settle();
    throwIfCancelled(run.signal, 'Reading the document');
    throw error;
  }
  return loaded;
}

/** Sends rows in batches: one buffer fills while the server takes the other. */
class Batches {
  private readonly session: Session;
  private buffers: [Buffer, Buffer] = [Buffer.allocUnsafeSlow(BATCH_BYTES), Buffer.allocUnsafeSlow(BATCH_BYTES)];
  private length = 0;
  private first = 0;
  private rows = 0;
  private table: { target: JsonTarget; path: string; sql: string; columns: JsonColumn[] } | null = null;
  private sending: Promise<void> = Promise.resolve();

  constructor(session: Session) {
    this.session = session;
  }

  async begin(target: JsonTarget, path: string, columns: JsonColumn[]): Promise<void> {
    await this.send();
    const names = columns.map((column) => target.names.get(column.key) ?? column.key);
    this.table = { target, path, columns, sql: copyInSql(target.staging, names, 'copy', 'UTF8') };
  }

  async add(index: number, fields: (string | null)[]): Promise<void> {
    const line = copyLine(fields);
    const [filling] = this.buffers;
    // A UTF-16 unit takes at most three bytes.
    const fits =
      this.length + line.length <= filling.length &&
      (line.length * 3 <= filling.length - this.length || this.length + Buffer.byteLength(line) <= filling.length);
    if (!fits) {
      await this.send();
      if (Buffer.byteLength(line) > filling.length) return await this.sendAlone(index, line);
    }
    if (this.rows === 0) this.first = index;
    this.length += this.buffers[0].write(line, this.length);
    this.rows++;
  }

  async finish(): Promise<void> {
    await this.send();
    await this.sending;
  }

  /** Waits for the batch under way, whether it succeeds or fails. */
  async settle(): Promise<void> {
    await this.sending.catch(() => undefined);
  }

  private async send(): Promise<void> {
    await this.sending;
    if (this.rows === 0) return;
    const [full, free] = this.buffers;
    this.dispatch(full.subarray(0, this.length), this.first, this.rows);
    this.buffers = [free, full];
    this.length = 0;
    this.rows = 0;
  }

  private async sendAlone(index: number, line: string): Promise<void> {
    this.dispatch(Buffer.from(line), index, 1);
    await this.sending;
  }

  private dispatch(content: Uint8Array, first: number, rows: number): void {
    const { table, session } = this;
    if (!table) throw new TypeError('rows before their table');
    this.sending = copyIn(session, table.sql, content).then(
      (counted) => {
        if (counted !== rows) throw new RangeError(`the server counted ${counted} of ${rows} rows`);
      },
      (error) => {
        throw refused(error, table, first);
      },
    );
    // Handled at the next await of it.
    this.sending.catch(() => undefined);
  }
}

const ESCAPES: Record<string, string> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
};

/** Returns one row as COPY text. A row is one line, so that the server's line numbers count rows. */
function copyLine(fields: (string | null)[]): string {
  const texts = fields.map((field) =>
    field === null ? '\\N' : /[\\\b\t\n\v\f\r]/.test(field) ? field.replaceAll(/[\\\b\t\n\v\f\r]/g, escaped) : field,
  );
  return `${texts.join('\t')}\n`;
}

function escaped(character: string): string {
  return ESCAPES[character] ?? character;
}

function refused(
  error: unknown,
  { target, path, columns }: { target: JsonTarget; path: string; columns: JsonColumn[] },
  first: number,
): unknown {
  const code = faultCode(error) ?? '';
  if (!/^(22|23|42804|54)/.test(code)) return databaseError(error, `loading ${path}`);
  // "COPY t0001, line 5, column amount: …"; its words depend on the server's language, its numbers do not.
  const where = /^COPY t\d+, \D+(\d+)(?:, \S+ ([^:\n]+))?/m.exec((error as { where?: string }).where ?? '');
  const row = where ? `[${first + Number(where[1]) - 1}]` : '';
  const column = columns.find(({ key }) => target.names.get(key) === where?.[2]);
  const valuePath = `${path}${row}${column ? `.${column.key}` : ''}`;
  const sqlType = target.staging.columns.find(({ name }) => name === where?.[2])?.sqlType;
  const what = sqlType ? `is no value of the type ${sqlType}` : 'holds a value that PostgreSQL does not take';
  return Object.assign(invalid(valuePath, `${what} (SQLSTATE ${code})`, undefined, { sqlState: code }), {
    cause: error,
  });
}
