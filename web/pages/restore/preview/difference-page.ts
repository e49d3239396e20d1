import type { api } from '../../../api.ts';
import { rowWords } from '../../../strings/rows.ts';

/** A page of the rows that a plan found different. */
export type DifferencePage = Awaited<ReturnType<typeof api.restores.differences.query>>['data'];

type Row = DifferencePage['rows'][number];

/** A column of a row as it is shown; a side that lacks the row is missing. */
export interface ShownDifference {
  name: string;
  hidden: boolean;
  before?: string | null;
  after?: string | null;
}

/** Returns the columns of a row to show: those that change, or all of a row that comes back or disappears. */
export function valuesOf(
  { columns }: DifferencePage,
  { change, columns: places, before, after }: Row,
): ShownDifference[] {
  return columns.flatMap(({ name, hidden }, place) => {
    if (change === 'change' && !places.includes(place + 1)) return [];
    return [
      {
        name,
        hidden,
        ...(before && { before: before[place] ?? null }),
        ...(after && { after: after[place] ?? null }),
      },
    ];
  });
}

/** Returns the key of a row in words; an empty text where rows have none. */
export function keyOf({ columns, key }: DifferencePage, { before, after }: Row): string {
  const values = before ?? after ?? [];
  return key
    .map((name) => {
      const place = columns.findIndex((column) => column.name === name);
      return `${name} ${columns[place]?.hidden ? rowWords.hidden : (values[place] ?? rowWords.null)}`;
    })
    .join(', ');
}

/** Returns the names of the columns that can be revealed. */
export function revealableOf(page: Pick<DifferencePage, 'columns'> | null): string[] {
  const isRevealable = ({ sensitivity }: DifferencePage['columns'][number]) =>
    sensitivity !== 'ordinary' && sensitivity !== 'secret';
  return (page?.columns ?? []).filter(isRevealable).map(({ name }) => name);
}

/** Returns the kinds of the columns that can be revealed, in words. */
export function kindsOf(page: Pick<DifferencePage, 'columns'> | null): string {
  const there = new Set((page?.columns ?? []).map(({ sensitivity }) => sensitivity));
  const kinds = (['personal', 'financial', 'unknown'] as const).filter((kind) => there.has(kind));
  return kinds.length > 0 ? rowWords.and(kinds.map((kind) => rowWords.kinds[kind])) : rowWords.hidden;
}
