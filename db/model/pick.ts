import { AppError } from '../../server/core/errors.ts';
import { type ObjectName, qualifiedName, shortName } from './model.ts';

/**
 * Finds tables as people name them: by BackupData key, by `schema.name`, or by name alone where that is unambiguous. The result keeps the
 * order of `tables`. Throws UNKNOWN_TABLE for a name that matches none, or several; `owner` says whose tables they are.
 */
export function pickTables<T extends ObjectName & { key: string }>(tables: T[], wanted: string[], owner: string): T[] {
  const picked = new Set<T>();
  for (const name of wanted) {
    const exact = tables.filter((table) => qualifiedName(table) === name || table.key === name);
    const loose = tables.filter((table) => table.name === name);
    const found = exact.length > 0 ? exact : loose;
    const [table] = found;
    if (!table || found.length > 1)
      throw new AppError('UNKNOWN_TABLE', `${owner} has ${table ? 'several tables' : 'no table'} named "${name}".`, {
        hint: `Choose from: ${tables.map(shortName).join(', ')}.`,
      });
    picked.add(table);
  }
  return tables.filter((table) => picked.has(table));
}
