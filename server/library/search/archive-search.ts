import { type ObjectName, shortName, storedColumns } from '../../../db/model/model.ts';
import type { ManifestEntry } from '../../archive/manifest/manifest.ts';
import { type Archive, describeEntry, openArchive } from '../../archive/reader.ts';
import { unreadable } from '../../archive/rows/read-rows.ts';
import { createYielder } from '../../archive/rows/yielding.ts';
import type { ByteSource } from '../../core/bytes.ts';
import { AppError, redacted, throwIfCancelled } from '../../core/errors.ts';
import type { Semaphore } from '../../core/semaphore.ts';
import { type SensitivityOf, searchedColumns } from '../rows/shown-columns.ts';
import { isTooLarge, tableOf } from '../rows/table-chunk.ts';
import { ChunkScan } from './chunk-scan.ts';
import { type FoundCell, readFoundRow } from './found-row.ts';
import { createNeedle, type Needle } from './needle.ts';

export interface SearchQuery {
  /** Text to find, ignoring case and accents. */
  text: string;
  /** Tables as `backups.get` names them; every table when absent. */
  tables?: readonly string[] | undefined;
  /** True to search all columns but secret ones; otherwise ordinary ones alone. */
  people: boolean;
  /** Most rows to return. */
  limit: number;
  /** Position from `next` of an earlier search for the same text that ended early. */
  from?: SearchCursor | undefined;
}

/** Position among the searched chunks, in the archive's order. */
export interface SearchCursor {
  /** Chunks to skip. */
  chunks: number;
  /** Rows to skip in the chunk that follows. */
  rows: number;
}

export interface RowHit {
  table: string;
  /** Number of the chunk from 1, as in `backups.rows`. */
  chunk: number;
  /** Number in the chunk, from 1. */
  row: number;
  /** Number in the table, from 1. */
  number: number;
  cells: FoundCell[];
}

/** A part that was requested but not searched. */
export interface Unsearched {
  table: string;
  chunk: number;
  why: 'damaged' | 'large' | 'not text';
  message: string;
}

/** Progress of a search, and the rows found since the step before. */
export interface SearchStep {
  /** Chunks searched, out of `of`. */
  chunks: number;
  of: number;
  rows: number;
  hits: RowHit[];
  unsearched: Unsearched[];
  /**
   * Null while the search goes on. `limit`: there are more rows than requested. `time`: it took too long for one
   * search.
   */
  end: 'complete' | 'limit' | 'time' | null;
  /** Position from which the next search may go on. */
  next: SearchCursor | null;
}

export interface SearchContext {
  sensitivityOf: SensitivityOf;
  /** Chunks of this search in progress together: while one is searched, threads decompress others. */
  concurrency: number;
  /** Semaphore that all searches of this process share. */
  semaphore: Semaphore;
  signal: AbortSignal;
  /** Returns true when the search has lasted long enough. */
  isLate: () => boolean;
}

/** Bytes searched before yielding to other work: some milliseconds. */
const SLICE_BYTES = 1024 * 1024;

interface Part {
  entry: ManifestEntry;
  /** Number in its table, from 1. */
  chunk: number;
  /** Rows of the chunks before it. */
  before: number;
  table: ObjectName;
  columns: { name: string; sqlType: string }[];
  isShown: boolean[];
}

interface ChunkResult {
  rows: number;
  hits: RowHit[];
  unsearched: Unsearched[];
}

/**
 * Searches the rows of an archive chunk by chunk, checks each as a verification does, and yields the rows found after
 * each. Reports and skips what cannot be searched. Throws NOT_FOUND for a missing table, CANCELLED, or what opening the
 * archive throws.
 */
export async function* searchArchive(
  source: ByteSource,
  query: SearchQuery,
  context: SearchContext,
): AsyncGenerator<SearchStep, void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const archive = await openArchive(source, { signal });
  const parts = partsOf(archive, query, context.sensitivityOf);
  const needle = createNeedle(query.text);
  const begin = query.from ?? { chunks: 0, rows: 0 };
  let chunks = Math.min(begin.chunks, parts.length);
  let rows = 0;
  let left = query.limit;
  const step = (more: Partial<SearchStep> = {}): SearchStep => ({
    chunks,
    of: parts.length,
    rows,
    hits: [],
    unsearched: [],
    end: null,
    next: null,
    ...more,
  });
  const passedIn = (chunk: number) => (chunk === begin.chunks ? begin.rows : 0);
  yield step();
  const begun: Promise<ChunkResult>[] = [];
  const beginNext = (part: Part, chunk: number) => {
    const search = () => searchChunk(archive, part, needle, { passed: passedIn(chunk), most: left + 1 }, signal);
    const searching = context.semaphore(signal, search);
    // Awaited later in order, or abandoned with the search.
    searching.catch(() => undefined);
    begun.push(searching);
  };
  try {
    // Accents alone leave nothing to look for, so no value matches.
    while (chunks < parts.length && needle.units.length > 0) {
      for (const part of parts.slice(chunks + begun.length, chunks + context.concurrency))
        beginNext(part, chunks + begun.length);
      const result = await begun.shift();
      throwIfCancelled(signal, 'The search');
      if (!result) break;
      const { unsearched } = result;
      const hits = result.hits.slice(0, left);
      rows += result.rows;
      if (result.hits.length > left) {
        const next = { chunks, rows: hits.at(-1)?.row ?? passedIn(chunks) };
        return yield step({ hits, unsearched, end: 'limit', next });
      }
      left -= hits.length;
      chunks += 1;
      if (context.isLate() && chunks < parts.length)
        return yield step({ hits, unsearched, end: 'time', next: { chunks, rows: 0 } });
      yield step({ hits, unsearched });
    }
    yield step({ end: 'complete' });
  } finally {
    stop.abort();
    await Promise.allSettled(begun);
  }
}

/** Returns the chunks of the requested tables that have a column to search, in the archive's order. */
function partsOf(archive: Archive, { tables, people }: SearchQuery, sensitivityOf: SensitivityOf): Part[] {
  const all = archive.manifest.tables;
  const wanted = tables && new Set(tables.map((name) => tableOf(all, name)));
  return all.flatMap((table) => {
    if (wanted && !wanted.has(table)) return [];
    const columns = storedColumns(table);
    const isShown = searchedColumns(table, columns, people, sensitivityOf).map(({ hidden }) => !hidden);
    if (!isShown.includes(true)) return [];
    let before = 0;
    return archive.chunks(table).map((entry, index) => {
      const part = { entry, chunk: index + 1, before, table, columns, isShown };
      before += entry.rows;
      return part;
    });
  });
}

async function searchChunk(
  archive: Archive,
  part: Part,
  needle: Needle,
  wanted: { passed: number; most: number },
  signal: AbortSignal,
): Promise<ChunkResult> {
  const { entry, chunk } = part;
  const result: ChunkResult = { rows: 0, hits: [], unsearched: [] };
  const unsearched = (why: Unsearched['why'], message: string) =>
    result.unsearched.push({ table: shortName(part.table), chunk, why, message });
  if (isTooLarge(entry)) {
    unsearched('large', `${describeEntry(entry)} has ${entry.size} bytes, because of a very large value.`);
    return result;
  }
  try {
    const notText = await archive.useEntry(entry, 'stored', (content) =>
      scan(content, part, needle, wanted, result, signal),
    );
    if (notText > 0) unsearched('not text', `${describeEntry(entry)} holds ${notText} values that are not UTF-8.`);
  } catch (error) {
    const damage = error instanceof RangeError ? unreadable(entry, error.message, error) : error;
    if (!(damage instanceof AppError) || damage.code !== 'ARCHIVE_DAMAGED') throw damage;
    unsearched('damaged', redacted(damage).message);
  }
  return result;
}

/** Adds matching rows to `looked` until there are enough. Resolves with the number of values that are not UTF-8. */
async function scan(
  content: Uint8Array,
  { entry, table, chunk, before, columns, isShown }: Part,
  needle: Needle,
  { passed, most }: { passed: number; most: number },
  result: ChunkResult,
  signal: AbortSignal,
): Promise<number> {
  const yielder = createYielder('The search', signal);
  const format = entry.format === 'copy' ? 'copy' : 'csv';
  const rows = new ChunkScan(content, format, isShown, needle);
  const how = { format, header: rows.header, columns, isShown } as const;
  let notText = 0;
  let yieldedAt = 0;
  while (!rows.atEnd) {
    const row = rows.next(SLICE_BYTES);
    result.rows = rows.rows;
    if (row && row.row > passed) {
      const found = await readFoundRow(row, how, needle.text, yielder);
      notText += found.notText;
      if (found.cells)
        result.hits.push({
          table: shortName(table),
          chunk,
          row: row.row,
          number: before + row.row,
          cells: found.cells,
        });
      if (result.hits.length === most) return notText;
    }
    const isDue = yielder.count(row?.bytes.length ?? 0);
    if (isDue || rows.at - yieldedAt >= SLICE_BYTES) {
      yieldedAt = rows.at;
      await yielder.pause();
    }
  }
  if (rows.rows !== entry.rows) throw new RangeError(`the manifest says ${entry.rows} rows, it holds ${rows.rows}`);
  return notText;
}
