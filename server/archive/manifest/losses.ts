import { qualifiedName, shortName } from '../../../db/model/model.ts';
import type { Manifest, ManifestLoss } from './manifest.ts';

/** Outcome of a completed backup: `success` when everything is in it, `partial` when something is missing and named. */
export type BackupOutcome = 'success' | 'partial';

/** A loss as results, lists and the panel show it. */
export interface Loss {
  /** A word for people: `table`, `sequence`, `large objects`, … */
  kind: string;
  /** Name as results write tables; empty for a loss without a name. */
  name: string;
  reason: string;
}

/**
 * Returns what an archive knows it lacks although nobody decided to leave it out. Archives before format 1.1 record
 * this for tables alone.
 */
export function lossesOf(manifest: Pick<Manifest, 'losses' | 'unknown'>): ManifestLoss[] {
  return (
    manifest.losses ?? manifest.unknown.tables.map((table) => ({ ...table, kind: 'table', reason: UNKNOWN_TABLE }))
  );
}

/** Reason for the loss of a table that no schema declares and no rule leaves out. */
export const UNKNOWN_TABLE = 'in the database but not in the schema';

/**
 * Reason for the loss of a table that the schema declares but its configuration filters out. Such a filter is written
 * for migrations and says nothing about backups.
 */
export const FILTERED_TABLE =
  'the schema declares it, but tablesFilter or schemaFilter of the drizzle.config.ts leaves it out';

export function outcomeOf(manifest: Pick<Manifest, 'losses' | 'unknown'>): BackupOutcome {
  return lossesOf(manifest).length === 0 ? 'success' : 'partial';
}

export function lossView({ kind, reason, ...name }: ManifestLoss): Loss {
  return { kind, name: kind === LARGE_OBJECTS ? '' : shortName(name), reason };
}

export const LARGE_OBJECTS = 'large objects';

/** Returns one sentence about the loss, for people. */
export function lossText(loss: ManifestLoss): string {
  if (loss.reason === UNKNOWN_TABLE) return `${qualifiedName(loss)} is ${loss.reason}: it is NOT in this backup.`;
  if (loss.kind === LARGE_OBJECTS) return `Large objects are NOT in this backup: ${loss.reason}.`;
  return `The ${loss.kind} ${qualifiedName(loss)} is NOT in this backup: ${loss.reason}.`;
}

/**
 * Returns what was left out on purpose, as results and the panel show it: whole tables, and tables without their rows.
 */
export function leftOutOf(manifest: Manifest): { table: string; reason: string }[] {
  return [
    ...manifest.leftOut.map((table) => ({ table: shortName(table), reason: table.reason })),
    ...(manifest.withoutRows ?? []).map((table) => ({ table: `rows of ${shortName(table)}`, reason: table.reason })),
  ];
}
