import { readMigrationFiles } from 'drizzle-orm/migrator';
import { JOURNAL, SYSTEM_FOLDER } from './migrate.ts';
import { SYSTEM_SCHEMA } from './schema.ts';

/**
 * State of our own tables relative to this program. `older`: `scripts/migrate.ts` brings them up to date; `newer`: a newer program has been
 * here.
 */
export type MigrationState = 'newest' | 'older' | 'newer';

/** Returns the timestamp (milliseconds) of our newest migration, which identifies it. Reads the folder. */
export function newestMigration(): number {
  return Math.max(...readMigrationFiles({ migrationsFolder: SYSTEM_FOLDER }).map(({ folderMillis }) => folderMillis));
}

/** Compares the database's journal with the newest migration this program knows. Throws what `ask` throws. */
export async function readMigrationState(
  ask: (text: string, params: unknown[]) => Promise<Record<string, unknown>[]>,
  newest: number,
): Promise<MigrationState> {
  const [row] = await ask(`SELECT max(created_at)::float8 AS at FROM ${SYSTEM_SCHEMA}.${JOURNAL}`, []);
  const at = Number(row?.['at'] ?? 0);
  if (at === newest) return 'newest';
  return at < newest ? 'older' : 'newer';
}
