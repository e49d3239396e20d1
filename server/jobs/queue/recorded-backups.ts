import { dirname } from 'node:path';
import { openTransaction } from '../../../db/connect/working-session.ts';
import type { Ask } from '../../postgres/database-status.ts';

/** Most names read: one of them that is still there identifies the folder. */
const MOST_NAMES = 200;
/** Milliseconds before a query on a connection of its own is given up. */
const LONGEST_MS = 5000;

/** Returns the file names of backups stored in this folder, newest first, according to the records of operations. */
export async function recordedBackups(ask: Ask, folder: string): Promise<string[]> {
  const [there] = await ask(`SELECT pg_catalog.to_regclass('backup_system.operations') IS NOT NULL AS known`, []);
  if (there?.['known'] !== true) return [];
  const prefix = folder === dirname(folder) ? folder : `${folder}/`;
  const rows = await ask(
    `WITH here AS (SELECT $1::text AS prefix)
     SELECT pg_catalog.substr(result ->> 'filePath', pg_catalog.length(prefix) + 1) AS name
       FROM backup_system.operations, here
      WHERE kind = 'backup' AND state = 'succeeded' AND pg_catalog.starts_with(result ->> 'filePath', prefix)
      ORDER BY finished_at DESC LIMIT ${MOST_NAMES}`,
    [prefix],
  );
  return rows.map(({ name }) => String(name));
}

/** Does what `recordedBackups` does, over a connection of its own. */
export async function readRecordedBackups(databaseUrl: string, folder: string): Promise<string[]> {
  await using session = await openTransaction(databaseUrl, {
    applicationName: 'palace-backup folder',
    signal: AbortSignal.timeout(LONGEST_MS),
  });
  return await recordedBackups((text, params) => session.query(text, params), folder);
}
