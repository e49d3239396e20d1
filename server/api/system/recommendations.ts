import { backupTime } from '../../library/backup-time.ts';
import type { StoredBackup } from '../../library/list.ts';

/** Advice in one sentence; `level` says how soon to follow it. */
export interface Recommendation {
  code:
    | 'TABLES_EMPTIED'
    | 'NO_BACKUP'
    | 'BACKUP_OLD'
    | 'LAST_NOT_VERIFIED'
    | 'LAST_DAMAGED'
    | 'DAMAGED_BACKUPS'
    | 'LAST_INCOMPLETE'
    | 'LAST_HAS_WARNINGS'
    | 'LITTLE_SPACE'
    | 'LAST_OPERATION_FAILED';
  level: 'urgent' | 'soon' | 'note';
  message: string;
  /** File name of the backup concerned. */
  archive: string | null;
  /** Tables concerned, as results name them. */
  tables: string[];
}

export interface RecommendationFacts {
  /** Newest first. */
  backups: readonly StoredBackup[];
  freeBytes: number | null;
  /** Empty tables, by the backup that holds their rows. */
  emptied: ReadonlyMap<StoredBackup, readonly string[]>;
  /** The newest operation that has ended. */
  lastEnded: { kind: string; state: string; finishedAt: Date | null } | null;
}

const DAY_MS = 86_400_000;
const OLD_DAYS = 2;
const VERY_OLD_DAYS = 7;
/** Free space for fewer backups than this, of the last one's size, is little. */
const LEAST_BACKUPS_TO_FIT = 3;
/** Most names in a message; more are counted. */
const NAMED = 3;

/**
 * Returns the time from which the last backup of all tables is called old; null without one that can be opened. Pure.
 */
export function nextDue(backups: readonly StoredBackup[]): Date | null {
  const whole = newestWhole(backups);
  return whole ? new Date(backupTime(whole) + OLD_DAYS * DAY_MS) : null;
}

/** Returns recommendations for the stored backups, the most urgent first. Pure. */
export function recommend(
  { backups, freeBytes, emptied, lastEnded }: RecommendationFacts,
  now: Date,
): Recommendation[] {
  const found: Recommendation[] = [];
  const say = (
    level: Recommendation['level'],
    code: Recommendation['code'],
    message: string,
    about: StoredBackup | null = null,
    tables: readonly string[] = [],
  ) => found.push({ code, level, message, archive: about?.name ?? null, tables: [...tables] });
  for (const [backup, tables] of emptied)
    say(
      'soon',
      'TABLES_EMPTIED',
      `${namesOf(tables)} no rows now, and ${backup.name} holds ${rowsOf(backup, tables)} of ${tables.length > 1 ? 'them' : 'it'}. If nobody meant that, bring them back from that backup.`,
      backup,
      tables,
    );
  const whole = newestWhole(backups);
  const last = newestOf(backups);
  if (!whole) say('urgent', 'NO_BACKUP', 'There is no backup of all tables that can be opened. Make one.');
  else {
    const days = Math.floor((now.getTime() - backupTime(whole)) / DAY_MS);
    if (days >= OLD_DAYS)
      say(
        days >= VERY_OLD_DAYS ? 'urgent' : 'soon',
        'BACKUP_OLD',
        `No backup of all tables for ${days} days. Make one, or see why the schedule does not.`,
      );
    if (whole.lastVerified === null)
      say('soon', 'LAST_NOT_VERIFIED', `The newest backup, ${whole.name}, was never verified. Verify it.`, whole);
    const losses = whole.manifest?.losses ?? 0;
    if (losses > 0)
      say(
        'soon',
        'LAST_INCOMPLETE',
        `The newest backup, ${whole.name}, does not hold everything: ${losses === 1 ? 'one thing' : `${losses} things`} of the database ${losses === 1 ? 'is' : 'are'} missing. It says which; protect them, or leave them out on purpose with BACKUP_EXCLUDE.`,
        whole,
      );
    if (whole.manifest && whole.manifest.warnings > 0)
      say('note', 'LAST_HAS_WARNINGS', `The newest backup, ${whole.name}, was made with warnings. Read them.`, whole);
  }
  const damaged = backups.filter((backup) => backup.damaged !== null);
  if (last?.damaged)
    say(
      'urgent',
      'LAST_DAMAGED',
      `The newest file, ${last.name}, ${last.damaged.foundAt === null ? 'cannot be opened' : 'was found damaged'}. ${last.damaged.message}`,
      last,
    );
  else if (damaged.length > 0)
    say(
      damaged.some(({ damaged: damage }) => damage?.foundAt) ? 'soon' : 'note',
      'DAMAGED_BACKUPS',
      `${damaged.length} of the stored backups cannot be opened or ${damaged.length === 1 ? 'was' : 'were'} found damaged; do not count on ${damaged.length === 1 ? 'it' : 'them'}.`,
    );
  if (freeBytes !== null && last && freeBytes < last.size * LEAST_BACKUPS_TO_FIT)
    say(
      freeBytes < last.size ? 'urgent' : 'soon',
      'LITTLE_SPACE',
      `The storage has room for fewer than ${LEAST_BACKUPS_TO_FIT} more backups like the last. Free space, or remove old ones.`,
    );
  if (lastEnded?.state === 'failed')
    say('soon', 'LAST_OPERATION_FAILED', `The last ${lastEnded.kind} failed. Its record says why.`);

  const rank = { urgent: 0, soon: 1, note: 2 };
  return found.toSorted((a, b) => rank[a.level] - rank[b.level]);
}

function namesOf(tables: readonly string[]): string {
  if (tables.length === 1) return `${tables[0]} holds`;
  const more = tables.length - NAMED;
  if (more > 0) return `${tables.slice(0, NAMED).join(', ')} and ${more} more ${more === 1 ? 'table' : 'tables'} hold`;
  return `${tables.slice(0, -1).join(', ')} and ${tables.at(-1)} hold`;
}

function rowsOf({ manifest }: StoredBackup, tables: readonly string[]): string {
  const rows = tables.reduce((sum, name) => sum + (manifest?.tables[name] ?? 0), 0);
  return rows.toLocaleString('en-GB');
}

/**
 * Returns the newest backup of all tables that can be opened. Uploaded ones do not count: database and day are their
 * sender's word. Pure.
 */
export function newestWhole(backups: readonly StoredBackup[]): StoredBackup | undefined {
  return newestOf(wholeOnes(backups));
}

/** Returns the backups of all tables that can be opened, were not found damaged and were made here. Pure. */
export function wholeOnes(backups: readonly StoredBackup[]): StoredBackup[] {
  return backups.filter(
    ({ manifest, damaged, uploaded }) =>
      manifest !== null && damaged === null && manifest.kind !== 'partial' && !uploaded,
  );
}

function newestOf(backups: readonly StoredBackup[]): StoredBackup | undefined {
  return backups.reduce<StoredBackup | undefined>((a, b) => (a && backupTime(a) >= backupTime(b) ? a : b), undefined);
}
