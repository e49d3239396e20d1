import { originText } from '../archive/manifest/origin.ts';
import type { StoredBackup } from './list.ts';

/** The newest backup of one database that can be relied on, or why there is none. */
export interface Freshness {
  /** `hrms at db.example:5432`; for people. */
  database: string;
  /** The newest that is whole, was read back, and holds everything. */
  good: { name: string; timestamp: string; ageMs: number } | null;
  /** Why the newest of all is not the one, where it is not. */
  newest: { name: string; fault: string } | null;
  isFresh: boolean;
}

/**
 * Says of each database in a folder how old its last good, complete backup is. `only` is a database's name, or name and place as lists show
 * them; what bears that name counts as one database then. Uploaded archives tell of their sender and do not count.
 */
export function readFreshness(
  backups: readonly StoredBackup[],
  { now, maxAgeMs, only }: { now: Date; maxAgeMs: number; only?: string | undefined },
): Freshness[] {
  const own = backups.filter(({ uploaded, manifest }) => !uploaded && manifest?.kind !== 'uploaded');
  const known = own.filter((backup) => isOf(backup, only));
  // One that cannot be opened belongs to nobody in particular: it is of no use to anybody and is told elsewhere.
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

/** Why nobody should rely on it alone; null when nothing speaks against it. */
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

/** One database is one by its server, whatever address led to it; where the server is not known, by the address. */
function identityOf({ manifest }: StoredBackup): string {
  const { database, systemIdentifier, host } = manifest?.from ?? { database: null, systemIdentifier: null, host: null };
  return JSON.stringify([database, systemIdentifier ?? host]);
}

function momentOf({ manifest, createdAt }: StoredBackup): number {
  return Date.parse(manifest?.timestamp ?? createdAt);
}
