import type { Session } from '../../db/connect/session.ts';
import type { ManifestTable } from '../archive/manifest/manifest.ts';
import type { Archive } from '../archive/reader.ts';
import { type LiveTable, readTables } from '../postgres/catalog/catalog.ts';
import { readUnsureChecks } from '../postgres/catalog/domain-checks.ts';
import { type LiveTypes, readTypes } from '../postgres/catalog/types.ts';
import { namingHolders } from '../postgres/locks/table-lock.ts';
import { planRestore, type RestorePlan } from './plan.ts';

/** The tables of today that an archive's rows belong to, and how the two fit. */
export interface Target {
  live: LiveTable[];
  oids: number[];
  types: LiveTypes;
  plan: RestorePlan;
}

/**
 * Reads today's tables and types, and plans how the archive's rows get into them. Throws TABLE_BUSY, naming who holds a table, when its
 * definition cannot be read in time, and what `planRestore` throws.
 */
export async function readTarget(
  leader: Session,
  archive: Archive,
  chosen: ManifestTable[],
  options: { schema: string; giveUpMs: number; again: string },
): Promise<Target> {
  // Definitions cannot be read while somebody has locked a table; without a limit this would wait as long as they do.
  await leader.query(`SET lock_timeout = ${Math.round(options.giveUpMs)}`);
  const live = await namingHolders(leader, chosen, options.again, () => readTables(leader, chosen, new Map()));
  const oids = live.map((table) => table.oid);
  const types = await readTypes(leader, oids);
  await leader.query('SET lock_timeout = 0');
  const unsure = await readUnsureChecks(
    leader,
    types.types.filter((type) => type.kind === 'domain'),
  );
  const plan = planRestore(
    archive.manifest,
    chosen,
    live,
    types,
    unsure.map(({ domain }) => domain),
    options.schema,
  );
  return { live, oids, types, plan };
}
