import type { Comparison } from '../../../server/restore/compare/compare.ts';
import { formatColumns, formatCount, formatCounted, printable } from '../format.ts';

/** Most columns named for one table. */
const NAMED_COLUMNS = 5;

/**
 * Returns what a restore would do, for people: a line for each table that differs, and what would stop the restore. `repeatable` is false
 * for a document, of which each command makes another archive.
 */
export function planLines(comparison: Comparison, label: string, database: string, repeatable: boolean): string[] {
  const differing = comparison.tables.filter(({ added, changed, removed }) => added + changed + removed > 0);
  const same = comparison.tables.filter((table) => !differing.includes(table));
  const sum = (count: (table: Comparison['tables'][number]) => number) =>
    formatCount(comparison.tables.reduce((total, table) => total + count(table), 0));
  const outcome =
    differing.length === 0
      ? `${label} and the database ${database} hold the same rows: a restore would change none`
      : `A restore of ${label} into ${database} would change ${formatCounted(differing.length, 'table')}: ${sum(({ added }) => added)} rows come back, ${sum(({ changed }) => changed)} change, ${sum(({ removed }) => removed)} disappear`;
  return [
    outcome,
    ...formatColumns(
      differing.length === 0
        ? []
        : [
            ['  table', 'come back', 'change', 'disappear', 'stay', ''],
            ...differing.map((table) => [
              `  ${printable(table.table)}`,
              ...[table.added, table.changed, table.removed, table.unchanged].map(formatCount),
              columnsOf(table.columns),
            ]),
          ],
      'lrrrrl',
    ),
    ...(same.length > 0 && differing.length > 0
      ? [`  the same: ${same.map(({ table }) => printable(table)).join(', ')}`]
      : []),
    ...comparison.stops.flatMap(({ message, hint }) => [
      `This restore would be refused: ${printable(message)}`,
      ...(hint === null ? [] : [`  hint: ${printable(hint)}`]),
    ]),
    ...comparison.rules
      .filter(({ outcome }) => outcome !== 'refused')
      .map(({ message, hint }) => `${printable(message)} ${printable(hint ?? '')}`),
    'Nothing was changed.',
    ...(repeatable && comparison.stops.length === 0 && differing.length > 0
      ? [`To restore this and nothing more within the hour: --plan-digest ${comparison.digest}`]
      : []),
  ];
}

function columnsOf(columns: Record<string, number>): string {
  const all = Object.entries(columns).sort(([, a], [, b]) => b - a);
  const named = all.slice(0, NAMED_COLUMNS).map(([column, rows]) => `${printable(column)} ${formatCount(rows)}`);
  return [...named, ...(all.length > named.length ? [`${all.length - named.length} more`] : [])].join(', ');
}
