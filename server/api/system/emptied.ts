import { type ObjectName, shortName } from '../../../db/model/model.ts';
import { backupTime } from '../../library/backup-time.ts';
import type { StoredBackup } from '../../library/list.ts';

/** The newest restore that succeeded, with rows per table as its result names them. */
export interface LastRestore {
  finishedAt: Date;
  tables: Readonly<Record<string, unknown>>;
}

/** Age in milliseconds up to which a backup is considered; the newest one always is. */
const NOTICED_MS = 7 * 86_400_000;

/**
 * Returns per table, by its name in results, the newest of these backups that holds rows of it. Backups older than a
 * restore that left the table empty do not count for it: somebody has decided since that it holds no rows. Pure.
 */
export function lastFull(
  backups: readonly StoredBackup[],
  restored: LastRestore | null,
  now: Date,
): Map<string, StoredBackup> {
  const since = Math.min(now.getTime() - NOTICED_MS, Math.max(...backups.map(backupTime)));
  const full = new Map<string, StoredBackup>();
  for (const backup of backups) {
    const at = backupTime(backup);
    if (at < since) continue;
    for (const [name, rows] of Object.entries(backup.manifest?.tables ?? {})) {
      const isDecided = restored?.tables[name] === 0 && at <= restored.finishedAt.getTime();
      const known = full.get(name);
      if (rows > 0 && !isDecided && (!known || backupTime(known) < at)) full.set(name, backup);
    }
  }
  return full;
}

/** Groups the empty tables by the backup that holds rows of them. Pure. */
export function emptiedTables(
  full: ReadonlyMap<string, StoredBackup>,
  empty: readonly ObjectName[],
): Map<StoredBackup, string[]> {
  const groups = new Map<StoredBackup, string[]>();
  for (const name of empty.map(shortName)) {
    const backup = full.get(name);
    if (backup) groups.set(backup, [...(groups.get(backup) ?? []), name]);
  }
  return groups;
}
