import { shortName } from '../../../db/model/model.ts';
import { DAMAGED_HINT } from '../../archive/inspect.ts';
import { AppError } from '../../core/errors.ts';
import { createSemaphore } from '../../core/semaphore.ts';
import type { Storage } from '../../storage/storage.ts';
import { rememberDamage } from '../mark-checked.ts';
import { type SearchQuery, type SearchStep, searchArchive } from '../search/archive-search.ts';
import { type CutValue, cutValues } from './cut-values.ts';
import { findRows, type Wanted } from './find-rows.ts';
import { type SensitivityOf, type ShownColumn, shownColumns } from './shown-columns.ts';
import { readTableChunk, type TableChunk } from './table-chunk.ts';

export interface RowQuery extends Wanted {
  /** Table name as `backups.get` gives it. */
  table: string;
  /** Number from 1. */
  chunk: number;
  /** Columns to show beside the ordinary ones. */
  revealed: readonly string[];
}

export interface RowPage {
  table: string;
  /** Columns stored in the archive, so without computed ones. */
  columns: ShownColumn[];
  chunk: number;
  /** Rows of each chunk of the table. */
  chunks: number[];
  /** Values as PostgreSQL writes them. Null means NULL or a hidden column, and does not tell which. */
  rows: (string | null)[][];
  /** Values of which only the beginning is given. */
  cut: CutValue[];
  /** Matching rows of this chunk, over all pages. */
  matched: number;
  offset: number;
  limit: number;
}

export interface RowReader {
  /**
   * Returns one page of one chunk of a stored archive, without a database; hidden columns are neither returned nor
   * searched. Throws NOT_FOUND, INPUT_INVALID, FORBIDDEN (a secret column in `revealed`), ARCHIVE_DAMAGED naming table
   * and chunk, ARCHIVE_LIMIT for a chunk with a value too large to show, or CANCELLED. Passes on what opening the
   * archive throws.
   */
  read(backup: { name: string; digest: string | null }, query: RowQuery, signal: AbortSignal): Promise<RowPage>;
  /**
   * Searches a stored archive, or some of its tables, step by step. Reports damaged chunks and records them in the
   * sidecar. Throws RATE_LIMITED while this person or all together run too many searches, NOT_FOUND, CANCELLED, or what
   * opening the archive throws.
   */
  search(name: string, query: SearchQuery, who: string, signal: AbortSignal): AsyncGenerator<SearchStep, void>;
}

export interface RowReaderParts {
  storage: Storage;
  /** Policy that decides which columns are hidden. */
  sensitivityOf: SensitivityOf;
  now: () => Date;
  /** Called with the name of an archive whose damage was recorded. */
  onDamage: (name: string) => void;
}

/** Chunks read concurrently; each takes about three times its size in memory. */
const CONCURRENT_CHUNKS = 2;
const MOST_VALUES = 100_000;
/** Concurrent searches of one person, who may begin one before the last has ended. */
const SEARCHES_EACH = 2;
const SEARCHES = 4;
/** Milliseconds after which a search ends and the caller must continue it, so that revoked access takes effect. */
const SEARCH_MS = 300_000;

/**
 * Returns a reader that reads at most two chunks concurrently over all callers. It caches the last chunk that was paged
 * through, because paging stays within a chunk.
 */
export function createRowReader({ storage, sensitivityOf, now, onDamage }: RowReaderParts): RowReader {
  const semaphore = createSemaphore(CONCURRENT_CHUNKS);
  const searching: string[] = [];
  let kept: { key: string; chunk: TableChunk } | null = null;
  /** Returns the error to throw, after recording damage it tells of. */
  const remembered = async (name: string, error: unknown): Promise<unknown> => {
    const known = await rememberDamage(storage, name, error, now());
    if (known instanceof AppError && known.code === 'ARCHIVE_DAMAGED') onDamage(name);
    return known;
  };

  return {
    async *search(name, query, who, signal) {
      refuseMore(searching, who);
      searching.push(who);
      const until = now().getTime() + SEARCH_MS;
      const isLate = () => now().getTime() > until;
      let noted = false;
      try {
        await using source = await storage.open(name);
        for await (const step of searchArchive(source, query, {
          sensitivityOf,
          concurrency: CONCURRENT_CHUNKS,
          semaphore,
          signal,
          isLate,
        })) {
          const damage = step.unsearched.find(({ why }) => why === 'damaged');
          if (damage && !noted)
            await remembered(name, new AppError('ARCHIVE_DAMAGED', damage.message, { hint: DAMAGED_HINT }));
          noted ||= damage !== undefined;
          yield step;
        }
      } catch (error) {
        throw await remembered(name, error);
      } finally {
        searching.splice(searching.indexOf(who), 1);
      }
    },
    read: (backup, query, signal) =>
      semaphore(signal, async () => {
        const keyOf = (digest: string | null) => JSON.stringify([backup.name, digest, query.table, query.chunk]);
        const known = kept?.key === keyOf(backup.digest) ? kept.chunk : null;
        const wanted = { archive: backup.name, table: query.table, chunk: query.chunk };
        const chunk = known ?? (await readTableChunk(storage, wanted, signal));
        kept = { key: keyOf(chunk.digest), chunk };
        const columns = shownColumns(chunk.table, chunk.columns, query.revealed, sensitivityOf);
        return await pageOf(chunk, columns, query, signal);
      }).catch(async (error: unknown) => {
        throw await remembered(backup.name, error);
      }),
  };
}

function refuseMore(searching: readonly string[], who: string): void {
  const own = searching.filter((one) => one === who).length;
  if (own < SEARCHES_EACH && searching.length < SEARCHES) return;
  const whose = own < SEARCHES_EACH ? `${searching.length} searches run` : `${own} searches of yours run`;
  throw new AppError('RATE_LIMITED', `${whose} already, and no more at once.`, {
    hint: 'Wait for one to end, or cancel it.',
  });
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
