import { openWorkingSession } from '../../../db/connect/working-session.ts';
import { sensitivityElsewhere, sensitivityOf } from '../../../db/hrms/policy.ts';
import { shortName } from '../../../db/model/model.ts';
import { forgetRows } from '../../../server/jobs/kept-plans.ts';
import { type DifferencePage, readDifferences } from '../../../server/library/rows/difference-rows.ts';
import type { SensitivityOf } from '../../../server/library/rows/shown-columns.ts';
import { dropStaging } from '../../../server/postgres/staging/drop-staging.ts';
import { stagingSchema } from '../../../server/postgres/staging/staging.ts';
import type { Comparison } from '../../../server/restore/compare/compare.ts';
import { formatCount, printable } from '../format.ts';

/** Most characters shown of one value. */
const LONGEST = 60;
const WORDS = { add: 'comes back', change: 'changes', remove: 'disappears' } as const;

/**
 * Reads the first rows that a plan of the command line found different, of each table, and removes what it kept. `people` shows personal
 * and financial columns too; secret ones are never shown.
 */
export async function takeRows(
  { kept, operationId }: Comparison,
  options: { url: string; foreign: boolean; rows: number; people: boolean },
  signal: AbortSignal,
): Promise<DifferencePage[]> {
  const policy = options.foreign ? sensitivityElsewhere : sensitivityOf;
  const pages: DifferencePage[] = [];
  if (kept === null) return pages;
  await using session = await openWorkingSession(options.url, { applicationName: 'palace-backup plan rows', signal });
  for (const table of kept.tables) {
    const revealed = options.people ? revealable(table, policy) : [];
    const query = { table: shortName(table), after: 0, limit: options.rows, revealed };
    pages.push(await readDifferences((text, params) => session.query(text, params), kept, query, policy, signal));
  }
  await forgetRows(session, operationId);
  await dropStaging(session, stagingSchema(operationId));
  return pages;
}

function revealable(
  table: { schema: string; name: string; columns: { name: string }[] },
  policy: SensitivityOf,
): string[] {
  return table.columns.map(({ name }) => name).filter((name) => policy(table, name) !== 'secret');
}

/** Returns rows that differ for people: one line for each row, and one for each of its columns. */
export function rowLines(pages: DifferencePage[]): string[] {
  return pages.flatMap((page) => [
    `Rows of ${printable(page.table)}`,
    ...page.rows.flatMap((row) => [`  ${WORDS[row.change]}: ${keyOf(page, row)}`, ...columnLines(page, row)]),
    ...(page.next === null && page.complete
      ? []
      : [`  … of ${page.complete ? '' : 'more than '}${formatCount(page.kept)}`]),
  ]);
}

type Row = DifferencePage['rows'][number];

function keyOf({ columns, key }: DifferencePage, { before, after, place }: Row): string {
  const values = before ?? after ?? [];
  const words = key.map((name) => {
    const at = columns.findIndex((column) => column.name === name);
    return columns[at]?.hidden ? '(hidden)' : shown(values[at]);
  });
  return words.length === 0 ? `row ${formatCount(place)}` : words.join(', ');
}

function columnLines({ columns }: DifferencePage, { change, columns: places, before, after }: Row): string[] {
  return columns.flatMap(({ name, hidden }, place) => {
    if (change === 'change' ? !places.includes(place + 1) : hidden) return [];
    const sides = [before, after].flatMap((values) => (values ? [hidden ? '(hidden)' : shown(values[place])] : []));
    return [`    ${printable(name)}: ${sides.join(' → ')}`];
  });
}

function shown(value: string | null | undefined): string {
  if (value === null || value === undefined) return 'NULL';
  return printable(value.length > LONGEST ? `${value.slice(0, LONGEST).toWellFormed()}…` : value);
}
