import { shortName } from '../../db/model.ts';
import { AppError } from '../errors.ts';
import { createPlaces } from '../places.ts';
import type { Storage } from '../storage/storage.ts';
import { type CutValue, cutValues } from './cut-values.ts';
import { findRows, type Wanted } from './find-rows.ts';
import { type SensitivityOf, type ShownColumn, shownColumns } from './shown-columns.ts';
import { readTableChunk, type TableChunk } from './table-chunk.ts';

export interface RowQuery extends Wanted {
  /** As `backups.get` tells it. */
  table: string;
  /** From 1. */
  chunk: number;
  /** Columns to be shown beside the ordinary ones. */
  revealed: readonly string[];
}

export interface RowPage {
  table: string;
  /** Those the archive stores: computed columns are not among them. */
  columns: ShownColumn[];
  chunk: number;
  /** Rows of each chunk of the table. */
  chunks: number[];
  /** Values as PostgreSQL writes them. Null: NULL, or a hidden column, of which not even that is told. */
  rows: (string | null)[][];
  /** Values of which only the beginning is there. */
  cut: CutValue[];
  /** Rows of this chunk that match, on whatever page. */
  matched: number;
  offset: number;
  limit: number;
}

export interface RowReader {
  /**
   * Rows of a stored archive, one page of one chunk. Values of hidden columns are neither answered nor searched. Throws NOT_FOUND,
   * INPUT_INVALID, FORBIDDEN (a secret column was to be revealed), ARCHIVE_DAMAGED naming table and chunk, ARCHIVE_LIMIT for a chunk with
   * a value too large to be looked at, CANCELLED, or what opening the archive says. Never needs a database.
   */
  read(backup: { name: string; digest: string | null }, query: RowQuery, signal: AbortSignal): Promise<RowPage>;
}

/** A chunk takes about three times its size while it is looked through. */
const AT_ONCE = 2;
const MOST_VALUES = 100_000;

/** Reads two chunks at once, and keeps the last: whoever turns pages stays in it. What is hidden the policy given says. */
export function createRowReader(storage: Pick<Storage, 'open'>, sensitivityOf: SensitivityOf): RowReader {
  const inPlace = createPlaces(AT_ONCE);
  let kept: { key: string; chunk: TableChunk } | null = null;

  return {
    read: (backup, query, signal) =>
      inPlace(signal, async () => {
        const keyOf = (digest: string | null) => JSON.stringify([backup.name, digest, query.table, query.chunk]);
        const known = kept?.key === keyOf(backup.digest) ? kept.chunk : null;
        const wanted = { archive: backup.name, table: query.table, chunk: query.chunk };
        const chunk = known ?? (await readTableChunk(storage, wanted, signal));
        kept = { key: keyOf(chunk.digest), chunk };
        const columns = shownColumns(chunk.table, chunk.columns, query.revealed, sensitivityOf);
        return await pageOf(chunk, columns, query, signal);
      }),
  };
}

async function pageOf(
  chunk: TableChunk,
  columns: ShownColumn[],
  query: RowQuery,
  signal: AbortSignal,
): Promise<RowPage> {
  const { offset, limit } = query;
  if (limit * columns.length > MOST_VALUES) throw tooWide(chunk, columns.length);
  const isShown = columns.map(({ hidden }) => !hidden);
  const { rows, matched } = await findRows(chunk, isShown, query, signal);
  return {
    table: shortName(chunk.table),
    columns,
    chunk: query.chunk,
    chunks: chunk.chunks,
    ...cutValues(rows),
    matched,
    offset,
    limit,
  };
}

function tooWide({ table }: TableChunk, columns: number): AppError {
  const most = Math.floor(MOST_VALUES / columns);
  return new AppError(
    'INPUT_INVALID',
    `${shortName(table)} has ${columns} columns: at most ${most} of its rows at once.`,
    {
      hint: `Ask with a limit of ${most} or less.`,
    },
  );
}
