import { z } from 'zod';
import { backupTime } from '../../library/backup-time.ts';
import { type StoredBackup, storedOutcome } from '../../library/list.ts';
import { foldText } from '../../library/rows/fold-text.ts';
import { moment, pageLimit, plainText } from '../schemas.ts';

/** Filter, order and page of a list of backups. */
export const backupFilter = z.strictObject({
  offset: z.number().int().min(0).max(1_000_000).default(0),
  limit: pageLimit.default(20),
  /** `createdAt`: when it was stored here. `madeAt`: the moment it shows, earlier for a copied or uploaded one. */
  sort: z.enum(['name', 'createdAt', 'madeAt', 'size', 'rows']).default('createdAt'),
  order: z.enum(['asc', 'desc']).default('desc'),
  /** Searched in file name, id, note and maker, ignoring case and accents. */
  search: plainText(200).exactOptional(),
  kind: plainText(50).exactOptional(),
  pinned: z.boolean().exactOptional(),
  verified: z.boolean().exactOptional(),
  /** `success` for backups that hold everything, `partial` for the others. */
  outcome: z.enum(['success', 'partial']).exactOptional(),
  /** True for backups that cannot be opened or were found damaged. */
  damaged: z.boolean().exactOptional(),
  /** Stored at or after `from`, and before `to`. */
  from: moment.exactOptional(),
  to: moment.exactOptional(),
});

export type BackupFilter = z.infer<typeof backupFilter>;

export interface BackupPage {
  items: StoredBackup[];
  /** Count and bytes of all that pass the filters. */
  total: number;
  totalSize: number;
}

/**
 * Filters, sorts and pages backups. Those equal in the chosen order are sorted by name, so that pages never overlap.
 */
export function pageOf(backups: readonly StoredBackup[], filter: BackupFilter): BackupPage {
  const passing = backups.filter(passes(filter));
  const direction = filter.order === 'asc' ? 1 : -1;
  const key = SORT_KEYS[filter.sort];
  // Each key is computed once: sorting ten thousand backups takes a hundred thousand comparisons.
  const keyed = passing.map((backup) => ({ backup, key: key(backup) }));
  keyed.sort((a, b) => direction * (compare(a.key, b.key) || compare(a.backup.name, b.backup.name)));
  return {
    items: keyed.slice(filter.offset, filter.offset + filter.limit).map(({ backup }) => backup),
    total: passing.length,
    totalSize: passing.reduce((sum, { size }) => sum + size, 0),
  };
}

const SORT_KEYS = {
  name: (backup) => backup.name,
  createdAt: (backup) => backup.createdAt,
  madeAt: backupTime,
  size: (backup) => backup.size,
  // A backup that cannot be opened has no number of rows.
  rows: (backup) => backup.manifest?.rows ?? -1,
} as const satisfies Record<BackupFilter['sort'], (backup: StoredBackup) => string | number>;

function passes(filter: BackupFilter): (backup: StoredBackup) => boolean {
  const { kind, outcome, pinned, verified, damaged } = filter;
  const words = foldText(filter.search?.trim() ?? '');
  const from = filter.from?.toISOString();
  const to = filter.to?.toISOString();
  return (backup) =>
    (kind === undefined || backup.manifest?.kind === kind) &&
    (outcome === undefined || (backup.manifest !== null && storedOutcome(backup.manifest) === outcome)) &&
    (pinned === undefined || backup.pinned === pinned) &&
    (verified === undefined || (backup.lastVerified !== null && backup.damaged === null) === verified) &&
    (damaged === undefined || (backup.damaged !== null) === damaged) &&
    (from === undefined || backup.createdAt >= from) &&
    (to === undefined || backup.createdAt < to) &&
    (words === '' || textOf(backup).includes(words));
}

function textOf({ name, note, manifest }: StoredBackup): string {
  return foldText([name, note, manifest?.backupId, manifest?.createdBy].join('\n'));
}

function compare<Key extends string | number>(a: Key, b: Key): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
