import type { StoredBackup } from '../../library/list.ts';

/**
 * Returns a backup of all tables as lists show it, intact, made here at that moment, and then changed by `manifest` and
 * `change`.
 */
export function storedBackup(
  name: string,
  at: Date,
  manifest: Partial<NonNullable<StoredBackup['manifest']>> = {},
  change: Partial<StoredBackup> = {},
): StoredBackup {
  const timestamp = at.toISOString();
  return {
    name,
    size: 100,
    createdAt: timestamp,
    modifiedAt: timestamp,
    filePath: name,
    manifest: {
      backupId: `id of ${name}`,
      version: '1',
      databaseUrl: 'postgres://db/x',
      from: { host: 'db', database: 'x', systemIdentifier: null },
      timestamp,
      createdBy: 'Ada',
      kind: 'full',
      digest: 'd',
      rows: 1,
      tables: {},
      warnings: 0,
      losses: 0,
      ...manifest,
    },
    damaged: null,
    uploaded: false,
    pinned: false,
    note: null,
    lastVerified: null,
    lastProved: null,
    ...change,
  };
}
