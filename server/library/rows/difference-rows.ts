import { type ObjectName, shortName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { createYielder } from '../../archive/rows/yielding.ts';
import { AppError } from '../../core/errors.ts';
import type { RowChange } from '../../postgres/compare/difference-tables.ts';
import type { KeptDifferences, KeptRow } from '../../postgres/compare/kept-rows.ts';
import type { Ask } from '../../postgres/database-status.ts';
import { createTextSearch } from './find-text.ts';
import { type SensitivityOf, type ShownColumn, shownColumns } from './shown-columns.ts';

export interface DifferenceQuery {
  /** `schema.name`, as the plan names the table. */
  table: string;
  /** Place after which the page begins; 0 for the first page. */
  after: number;
  limit: number;
  /** Only rows of these changes; all when absent. */
  changes?: readonly RowChange[] | undefined;
  /** Plain text, ignoring case and accents. */
  search?: string | undefined;
  /** Columns to show beside the ordinary ones. */
  revealed: readonly string[];
}

export interface DifferencePage {
  table: string;
  columns: ShownColumn[];
  /** Columns that tell rows apart; empty where rows were compared as a whole. */
  key: string[];
  /** Null in a row means NULL or a hidden column, and does not tell which. */
  rows: KeptRow[];
  /** Values of which only the beginning is given. */
  cut: { row: number; side: 'before' | 'after'; column: number }[];
  /** Rows kept of this table, and whether these are all that differ. */
  kept: number;
  complete: boolean;
  /** `after` of the next page; null at the end. */
  next: number | null;
}

/** Rows read by one statement, and rows looked at for one page. */
const ROWS_PER_STATEMENT = 200;
const MOST_LOOKED_AT = 20_000;
/** Most characters shown of one value. */
const LONGEST_SHOWN = 2000;
const WEIGHT = 8;

/**
 * Reads one page of the rows that a plan found different, in the order of their key. Hidden columns are neither returned nor searched, but
 * that they differ is. Throws NOT_FOUND for a table without kept rows, INPUT_INVALID and FORBIDDEN as `shownColumns` does, or CANCELLED.
 */
export async function readDifferences(
  ask: Ask,
  kept: KeptDifferences,
  query: DifferenceQuery,
  sensitivityOf: SensitivityOf,
  signal: AbortSignal,
): Promise<DifferencePage> {
  const table = kept.tables.find(({ name, schema }) => shortName({ schema, name }) === query.table);
  if (table === undefined) throw noRows(query.table);
  const columns = shownColumns(table, table.columns, query.revealed, sensitivityOf);
  const shown = (values: KeptRow['before']) =>
    values?.map((value, place) => (columns[place]?.hidden ? null : value)) ?? null;
  const yielder = createYielder('Looking for rows', signal);
  const find = query.search === undefined ? null : createTextSearch(query.search, yielder);
  const rows: KeptRow[] = [];
  let at = query.after;
  let next: number | null = null;
  for (let looked = 0; ; looked += ROWS_PER_STATEMENT) {
    if (rows.length === query.limit || looked >= MOST_LOOKED_AT) {
      next = at < table.rows ? at : null;
      break;
    }
    const some = await readPlaces(ask, table.kept, at);
    for (const row of some) {
      if (rows.length === query.limit) break;
      at = row.place;
      if (query.changes && !query.changes.includes(row.change)) continue;
      const one = { ...row, before: shown(row.before), after: shown(row.after) };
      if (find === null || (await find([...(one.before ?? []), ...(one.after ?? [])]))) rows.push(one);
      if (yielder.count(WEIGHT * columns.length)) await yielder.pause();
    }
    if (some.length < ROWS_PER_STATEMENT && rows.length < query.limit) break;
  }
  return {
    table: query.table,
    columns,
    key: table.key,
    ...cutRows(rows),
    kept: table.rows,
    complete: table.complete,
    next,
  };
}

async function readPlaces(ask: Ask, table: ObjectName, after: number): Promise<KeptRow[]> {
  const rows = await ask(
    `SELECT place, change, pg_catalog.to_json(columns) AS columns, pg_catalog.to_json(before) AS before, pg_catalog.to_json(after) AS after
       FROM ${quoteName(table)} WHERE place > $1 ORDER BY place LIMIT ${ROWS_PER_STATEMENT}`,
    [after],
  );
  return rows as unknown as KeptRow[];
}

function cutRows(rows: KeptRow[]): Pick<DifferencePage, 'rows' | 'cut'> {
  const cut: DifferencePage['cut'] = [];
  const side = (values: KeptRow['before'], row: number, which: 'before' | 'after') =>
    values?.map((value, column) => {
      if (value === null || value.length <= LONGEST_SHOWN) return value;
      cut.push({ row, side: which, column });
      return value.slice(0, LONGEST_SHOWN).toWellFormed();
    }) ?? null;
  return {
    cut,
    rows: rows.map((one, row) => ({
      ...one,
      before: side(one.before, row, 'before'),
      after: side(one.after, row, 'after'),
    })),
  };
}

function noRows(table: string): AppError {
  return new AppError('NOT_FOUND', `The plan kept no rows of ${table}.`, {
    hint: 'The result of the plan names the tables that differ. Rows are kept for a while only: ask for a new plan.',
    details: { table },
  });
}
