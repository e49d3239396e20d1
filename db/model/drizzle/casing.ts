import { toCamelCase, toSnakeCase } from 'drizzle-orm/casing';

/** How `drizzle({ casing })` and drizzle-kit name a column that was given no name: by its property, converted. */
export type Casing = 'snake_case' | 'camelCase';

export const CASINGS = ['snake_case', 'camelCase'] as const satisfies readonly Casing[];

/** What of a column decides its name, in every version of drizzle-orm; an indexed column is one too. */
export interface NamedColumn {
  name: string;
  /** Whether the name is the property's. Before drizzle-orm 0.34 every column had a name of its own. */
  keyAsName?: boolean;
}

/**
 * Returns the name a column has in the database, as drizzle-kit works it out. Names that were written down never change, nor do those of
 * a table of drizzle-orm 1.0, which converted them itself.
 */
export function columnName(column: NamedColumn, casing: Casing | null): string {
  return casing !== null && takesCasing(column) ? convertName(column.name, casing) : column.name;
}

/** Tells whether a casing decides this column's name. */
export function takesCasing(column: NamedColumn): boolean {
  return column.keyAsName === true && !isOfDrizzle1(column);
}

/** Returns what Drizzle makes of a property's name. */
export function convertName(key: string, casing: Casing): string {
  return casing === 'snake_case' ? toSnakeCase(key) : toCamelCase(key);
}

/** Columns have this field since drizzle-orm 1.0, where a casing belongs to the table. */
function isOfDrizzle1(column: NamedColumn): boolean {
  return 'isAlias' in column;
}
