import { originText } from '../archive/manifest/origin.ts';
import type { StoredBackup } from './list.ts';

/** The newest reliable backup of one database, or the reason why there is none. */
export interface Freshness {
  /** Name for people: `hrms at db.example:5432`. */
  database: string;
  /** Newest backup that is undamaged, was read back and holds everything. */
  good: { name: string; timestamp: string; ageMs: number } | null;
  /** Newest backup of all and its fault; null when it has none. */
  newest: { name: string; fault: string } | null;
  isFresh: boolean;
}

/**
 * Returns for each database in a folder the age of its last good, complete backup. `only` selects a database by name,
 * or by name and host, and counts all matches as one. Uploaded archives do not count, because they show what their
 * sender has.
 */
export function readFreshness(
  backups: readonly StoredBackup[],
  { now, maxAgeMs, only }: { now: Date; maxAgeMs: number; only?: string | undefined },
): Freshness[] {
  const own = backups.filter(({ uploaded, manifest }) => !uploaded && manifest?.kind !== 'uploaded');
  const known = own.filter((backup) => isOf(backup, only));
  // An archive that cannot be opened belongs to no known database; other reports name it.
  const groups = Map.groupBy(
    known.filter(({ manifest }) => manifest !== null),
    (backup) => only ?? identityOf(backup),
  );
  return [...groups.values()].map((of) => freshnessOf(of, now, maxAgeMs, only));
}

function freshnessOf(backups: StoredBackup[], now: Date, maxAgeMs: number, only: string | undefined): Freshness {
  const newestFirst = backups.toSorted((a, b) => momentOf(b) - momentOf(a));
  const good = newestFirst.find((backup) => faultOf(backup) === null);
  const [newest] = newestFirst;
  const fault = newest ? faultOf(newest) : null;
  const ageMs = good ? Math.max(0, now.getTime() - momentOf(good)) : 0;
  return {
    database: only ?? (newest && nameOf(newest)) ?? 'a database it does not name',
    good: good ? { name: good.name, timestamp: good.manifest?.timestamp ?? good.createdAt, ageMs } : null,
    newest: newest && fault !== null ? { name: newest.name, fault } : null,
    isFresh: good !== undefined && ageMs <= maxAgeMs,
  };
}

/** Returns the reason not to rely on this backup alone, or null when there is none. */
function faultOf({ manifest, damaged, lastVerified }: StoredBackup): string | null {
  if (manifest !== null && damaged) return 'was found damaged';
  if (damaged || manifest === null) return 'cannot be opened';
  if (manifest.losses > 0) return `lacks ${manifest.losses === 1 ? 'something' : `${manifest.losses} things`}`;
  if (manifest.kind !== 'full') return 'holds only some of the tables';
  return lastVerified === null ? 'was never read back' : null;
}

function isOf({ manifest }: StoredBackup, only: string | undefined): boolean {
  if (only === undefined) return true;
  return manifest !== null && (manifest.from.database === only || originText(manifest.from) === only);
}

function nameOf({ manifest }: StoredBackup): string | null {
  return manifest && originText(manifest.from);
}

/**
 * Returns a key for the database: its server, whatever address led there, or the address where the server is unknown.
 */
function identityOf({ manifest }: StoredBackup): string {
  const { database, systemIdentifier, host } = manifest?.from ?? { database: null, systemIdentifier: null, host: null };
  return JSON.stringify([database, systemIdentifier ?? host]);
}

function momentOf({ manifest, createdAt }: StoredBackup): number {
  return Date.parse(manifest?.timestamp ?? createdAt);
}
