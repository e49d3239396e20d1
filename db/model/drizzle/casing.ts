import { toCamelCase, toSnakeCase } from 'drizzle-orm/casing';

/** The casing by which `drizzle({ casing })` and drizzle-kit convert a property's name for a column without a name of its own. */
export type Casing = 'snake_case' | 'camelCase';

export const CASINGS = ['snake_case', 'camelCase'] as const satisfies readonly Casing[];

/** The fields that decide a column's name, in every version of drizzle-orm; indexed columns have them too. */
export interface NamedColumn {
  name: string;
  /** True when the name is the property's. Before drizzle-orm 0.34 every column had a name of its own. */
  keyAsName?: boolean;
}

/**
 * Returns a column's name in the database, as drizzle-kit works it out. Explicit names never change, nor do those of a table of drizzle-orm
 * 1.0, which converted them itself.
 */
export function columnName(column: NamedColumn, casing: Casing | null): string {
  return casing !== null && takesCasing(column) ? convertName(column.name, casing) : column.name;
}

/** Returns true when a casing decides this column's name. */
export function takesCasing(column: NamedColumn): boolean {
  return column.keyAsName === true && !isOfDrizzle1(column);
}

/** Converts a property's name as Drizzle does. */
export function convertName(key: string, casing: Casing): string {
  return casing === 'snake_case' ? toSnakeCase(key) : toCamelCase(key);
}

/** Returns true for a column of drizzle-orm 1.0 or later, where a casing belongs to the table: only there it has this field. */
function isOfDrizzle1(column: NamedColumn): boolean {
  return 'isAlias' in column;
}
