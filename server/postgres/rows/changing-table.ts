import { type ObjectName, shortName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import type { LiveTable } from '../catalog/catalog.ts';
import { keyColumn } from '../compare/difference-tables.ts';
import type { Differences } from '../compare/differences.ts';
import type { KeyColumn } from '../compare/row-key.ts';
import type { StagingTable } from '../staging/staging.ts';
import type { StepKind } from './steps.ts';

/** A table of which some rows are changed: live, the rows of the backup in staging, and the differences of the two. */
export interface ChangingTable {
  live: LiveTable;
  staging: StagingTable;
  columns: string[];
  key: KeyColumn[];
  /** The table of differences. */
  rows: ObjectName;
  differences: Differences;
}

/** Returns the number of rows that a step concerns. */
export function rowsOf({ differences }: ChangingTable, kind: StepKind): number {
  return { remove: differences.removed, change: differences.changed, add: differences.added }[kind];
}

/** Returns SQL for live's own rows, without those of inheritance children. */
export function liveRows({ live }: ChangingTable): string {
  return `${live.partitioned ? '' : 'ONLY '}${quoteName(live)}`;
}

/** Returns SQL that is true where a row, under the alias `row`, has the key of a difference under the alias `difference`. */
export function hasKey({ key }: ChangingTable, row: string, difference: string): string {
  return key
    .map(({ name, equals }, place) => `${row}.${quoteIdent(name)} ${equals} ${difference}.${keyColumn(place)}`)
    .join(' AND ');
}

/** Returns the statement for one step. */
export function statementOf(table: ChangingTable, kind: StepKind): string {
  const { staging, columns, rows } = table;
  const which = `${quoteName(rows)} AS d`;
  const staged = `${quoteName(staging)} AS s`;
  switch (kind) {
    case 'remove':
      return `DELETE FROM ${liveRows(table)} AS l USING ${which} WHERE d.change = 'remove' AND ${hasKey(table, 'l', 'd')}`;
    case 'change': {
      const set = changedColumns(table).map((name) => `${quoteIdent(name)} = s.${quoteIdent(name)}`);
      return `UPDATE ${liveRows(table)} AS l SET ${set.join(', ')} FROM ${which} JOIN ${staged} ON ${hasKey(table, 's', 'd')}
               WHERE d.change = 'change' AND ${hasKey(table, 'l', 'd')}`;
    }
    case 'add':
      // Identity columns GENERATED ALWAYS accept explicit values only with OVERRIDING SYSTEM VALUE.
      return `INSERT INTO ${quoteName(table.live)} (${columns.map(quoteIdent).join(', ')}) OVERRIDING SYSTEM VALUE
              SELECT ${columns.map((name) => `s.${quoteIdent(name)}`).join(', ')} FROM ${staged} JOIN ${which} ON ${hasKey(table, 's', 'd')} WHERE d.change = 'add'`;
    default:
      throw new RangeError(`no statement for ${kind satisfies never}`);
  }
}

export function changedColumns({ columns, differences }: ChangingTable): string[] {
  return columns.filter((name) => differences.columns[name] !== undefined);
}

export function nameOf({ live }: ChangingTable): string {
  return shortName(live);
}
