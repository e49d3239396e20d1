import { z } from 'zod';
import { type StoredBackup, storedOutcome } from '../../library/list.ts';
import { madeAt } from '../../library/made-at.ts';
import { foldText } from '../../library/rows/fold-text.ts';
import { moment, pageLimit, plainText } from '../schemas.ts';

/** Which backups, in which order, which part of them. */
export const backupFilter = z.strictObject({
  offset: z.number().int().min(0).max(1_000_000).default(0),
  limit: pageLimit.default(20),
  /** `createdAt`: when it was stored here. `madeAt`: the moment it shows, which of a copied or uploaded one is earlier. */
  sort: z.enum(['name', 'createdAt', 'madeAt', 'size', 'rows']).default('createdAt'),
  order: z.enum(['asc', 'desc']).default('desc'),
  /** Looked for in file name, id, note and maker, whatever the case and the accents. */
  search: plainText(200).exactOptional(),
  kind: plainText(50).exactOptional(),
  pinned: z.boolean().exactOptional(),
  verified: z.boolean().exactOptional(),
  /** Whether it holds everything. */
  outcome: z.enum(['success', 'partial']).exactOptional(),
  /** Whether it cannot be opened. */
  damaged: z.boolean().exactOptional(),
  /** Stored at or after, and before. */
  from: moment.exactOptional(),
  to: moment.exactOptional(),
});

export type BackupFilter = z.infer<typeof backupFilter>;

export interface BackupPage {
  items: StoredBackup[];
  /** All that pass the filters, and their bytes. */
  total: number;
  totalSize: number;
}

/** Filters, sorts and cuts. Backups that are equal in the chosen order stand by name, so that pages never overlap. */
export function pageOf(backups: readonly StoredBackup[], filter: BackupFilter): BackupPage {
  const passing = backups.filter(passes(filter));
  const direction = filter.order === 'asc' ? 1 : -1;
  const key = SORT_KEYS[filter.sort];
  // Each key is made once: of ten thousand backups there are a hundred thousand comparisons.
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
  madeAt,
  size: (backup) => backup.size,
  // What cannot be opened has no rows to show.
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
