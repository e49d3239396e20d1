import { type ColumnModel, type ObjectName, qualifiedName } from '../../db/model/model.ts';
import type { ManifestTable } from '../archive/manifest/manifest.ts';
import { type TypeChange, TypeComparison } from './type-changes.ts';
import type { TypeBook } from './type-definitions.ts';

/** Compares the types of many columns with today's, and reports each difference once per type, with its columns. */
export class ColumnTypes {
  private readonly comparison: TypeComparison;
  private readonly found = new Map<string, { change: TypeChange; columns: string[] }>();
  private readonly narrower = new Map<string, Map<string, string[]>>();

  constructor(archived: TypeBook, live: TypeBook) {
    this.comparison = new TypeComparison(archived, live);
  }

  /** Compares a column that both sides have with the same type name. */
  compare(table: ObjectName, column: ManifestTable['columns'][number], live: ColumnModel): void {
    const columnName = `${qualifiedName(table)}.${column.name}`;
    for (const change of this.comparison.collationChanges(columnName, column.collation, live.collation))
      this.found.set(columnName, { change, columns: [] });
    for (const change of this.comparison.changes(column.sqlType)) {
      const key = JSON.stringify(change);
      const known = this.found.get(key);
      if (known) known.columns.push(columnName);
      else this.found.set(key, { change, columns: [columnName] });
      if (change.kind === 'narrower') this.note(table, column.name, `${change.type} ${change.reason}`);
    }
  }

  /** Returns differences that would change the meaning of values. */
  faults(): string[] {
    return this.describe('meaning', (words) => words);
  }

  warnings(): string[] {
    return [
      ...this.describe('narrower', (words) => `${words}; rows of the backup that do not fit it are refused.`),
      ...this.describe('order', (words) => `${words}; values are restored as they were, and may sort otherwise.`),
    ];
  }

  /** Returns, by column, the ways in which its type became narrower. */
  narrowerOf(table: ObjectName): ReadonlyMap<string, string[]> {
    return this.narrower.get(qualifiedName(table)) ?? new Map();
  }

  private note(table: ObjectName, column: string, reason: string): void {
    const name = qualifiedName(table);
    const ofTable = this.narrower.get(name) ?? new Map<string, string[]>();
    ofTable.set(column, [...(ofTable.get(column) ?? []), reason]);
    this.narrower.set(name, ofTable);
  }

  private describe(kind: TypeChange['kind'], sentence: (words: string) => string): string[] {
    return [...this.found.values()]
      .filter(({ change }) => change.kind === kind)
      .map(({ change, columns: [first, ...more] }) => {
        const usedBy =
          first === undefined ? '' : ` (behind ${first}${more.length > 0 ? ` and ${more.length} more` : ''})`;
        return sentence(`${change.type}${usedBy}: ${change.reason}`);
      });
  }
}
