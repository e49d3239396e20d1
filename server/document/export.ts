import { qualifiedName, storedColumns } from '../../db/model/model.ts';
import { returnMemory } from '../archive/codec.ts';
import { lossesOf, lossText } from '../archive/manifest/losses.ts';
import type { ManifestEntry, ManifestTable } from '../archive/manifest/manifest.ts';
import { type Archive, describeEntry } from '../archive/reader.ts';
import { type ChunkRow, chunkRows, NotUtf8 } from '../archive/rows/csv-rows.ts';
import { notUtf8 } from '../archive/rows/not-utf8.ts';
import { AppError, throwIfCancelled } from '../core/errors.ts';
import { type JsonForm, jsonForm } from './value-form.ts';
import { toJson } from './values.ts';

/** Characters gathered before they are yielded. */
const PIECE_CHARACTERS = 128 * 1024;

/**
 * Yields an archive as a BackupData document, `{ metadata, data: { admins: […], … } }`, one row a line in UTF-8,
 * holding one chunk. Values have the form `jsonForm` gives, generated columns are left out, and `metadata` gets
 * `sequences` (positions) and `warnings` (`known`, or those of `exportWarnings`); the HRMS needs neither. Rejects with
 * ARCHIVE_DAMAGED, or ARCHIVE_INVALID for rows no document can hold (text that is not UTF-8).
 */
export async function* exportJson(archive: Archive, signal: AbortSignal, known?: string[]): AsyncGenerator<Uint8Array> {
  const { manifest } = archive;
  const warnings = known ?? (await exportWarnings(archive, signal));
  const encoder = new TextEncoder();
  const sequences = manifest.sequences.map(({ schema, name, lastValue, isCalled }) => ({
    schema,
    name,
    lastValue,
    isCalled,
  }));
  const metadata = {
    ...manifest.metadata,
    ...(sequences.length > 0 && { sequences }),
    ...(warnings.length > 0 && { warnings }),
  };
  let text = `{"metadata":${JSON.stringify(metadata)},\n"data":{`;
  for (const [index, table] of manifest.tables.entries()) {
    text += `${index > 0 ? ',' : ''}\n${JSON.stringify(table.key)}:[`;
    const writeRow = rowWriter(archive, table);
    let separator = '\n';
    for await (const rows of tableRows(archive, table, signal))
      for (const row of rows) {
        text += separator + row.map(writeRow).join('');
        separator = ',\n';
        if (text.length < PIECE_CHARACTERS) continue;
        // Measured: fields, checks and bytes take eight times the text. At twice, the peak was 50 MB higher, and it was
        // no faster.
        returnMemory(8 * text.length);
        yield encoder.encode(text);
        text = '';
      }
    text += ']';
  }
  yield encoder.encode(`${text}}}\n`);
}

interface ExportedColumn {
  form: JsonForm;
  /** `{"id":` or `,"fullName":`. */
  opening: string;
  closing: string;
}

function rowWriter(archive: Archive, table: ManifestTable): (field: string | null, index: number) => string {
  const columns = exportedColumns(archive, table).map(
    ({ key, form }, index, all): ExportedColumn => ({
      form,
      opening: `${index === 0 ? '{' : ','}${JSON.stringify(key)}:`,
      closing: index === all.length - 1 ? '}' : '',
    }),
  );
  return (field, index) => {
    const column = columns[index];
    if (!column) throw new RangeError('a row has more columns than its table');
    return `${column.opening}${field === null ? 'null' : jsonOf(column.form, field, table)}${column.closing}`;
  };
}

/** Hint for bytes that match their hashes but cannot be read: they were written this way, not altered later. */
const UNREADABLE_HINT = 'Use another backup, and verify this one to see what else is damaged.';

function jsonOf(form: JsonForm, field: string, table: ManifestTable): string {
  try {
    return toJson(form, field);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new AppError('ARCHIVE_DAMAGED', `A row of ${qualifiedName(table)} cannot be read: ${cause.message}.`, {
      cause,
      hint: UNREADABLE_HINT,
    });
  }
}

function exportedColumns(archive: Archive, table: ManifestTable) {
  return storedColumns(table).map((column) => ({ ...column, form: jsonForm(column.sqlType, archive.manifest.types) }));
}

/** Yields the table's rows chunk by chunk. Throws for a faulty row when that row is reached. */
async function* tableRows(
  archive: Archive,
  table: ManifestTable,
  signal: AbortSignal,
): AsyncGenerator<Generator<ChunkRow>> {
  const columns = storedColumns(table).map(({ name }) => name);
  for (const chunk of archive.chunks(table)) {
    throwIfCancelled(signal, 'The export');
    if (chunk.format !== 'text')
      yield explained(chunk, columns, chunkRows(await archive.readEntry(chunk), chunk.format, columns.length));
  }
}

function* explained(chunk: ManifestEntry, columns: string[], rows: Generator<ChunkRow>): Generator<ChunkRow> {
  try {
    yield* rows;
  } catch (error) {
    throw explain(error, chunk, columns);
  }
}

function explain(error: unknown, chunk: ManifestEntry, columns: string[]): unknown {
  if (error instanceof RangeError)
    return new AppError('ARCHIVE_DAMAGED', `${describeEntry(chunk)} cannot be read: ${error.message}.`, {
      cause: error,
      hint: UNREADABLE_HINT,
    });
  if (error instanceof NotUtf8)
    return notUtf8(
      error,
      chunk,
      columns,
      'no JSON can hold it',
      'Keep the archive itself; it holds the bytes as they are.',
    );
  return error;
}

/**
 * Returns the archive's own warnings and what a document of it cannot express. JSON null and SQL NULL look alike in a
 * column that may hold both, so such columns are read once beforehand; the HRMS has none.
 */
export async function exportWarnings(archive: Archive, signal: AbortSignal): Promise<string[]> {
  const found = [...lossesOf(archive.manifest).map(lossText), ...archive.manifest.warnings];
  for (const table of archive.manifest.tables) {
    const columns = exportedColumns(archive, table);
    for (const column of columns)
      if (column.form.kind === 'json' && !column.form.binary)
        found.push(
          `${qualifiedName(table)}.${column.name} is json: a restore from this document brings back its values, not their spacing and escapes.`,
        );
    const ambiguous = columns.flatMap((column, index) =>
      column.form.kind === 'json' && !column.notNull ? [{ index, name: column.name, nulls: 0 }] : [],
    );
    if (ambiguous.length === 0) continue;
    for await (const rows of tableRows(archive, table, signal))
      for (const row of rows) for (const column of ambiguous) if (row[column.index]?.trim() === 'null') column.nulls++;
    for (const { name, nulls } of ambiguous)
      if (nulls > 0)
        found.push(
          `${qualifiedName(table)}.${name}: ${nulls} JSON null${nulls > 1 ? 's' : ''} cannot be told from SQL NULL in this document.`,
        );
  }
  return found;
}
