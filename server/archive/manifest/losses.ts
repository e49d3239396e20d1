import { qualifiedName, shortName } from '../../../db/model/model.ts';
import type { Manifest, ManifestLoss } from './manifest.ts';

/** What became of a backup that was made: everything is in it, or something is not, and is named. */
export type BackupOutcome = 'success' | 'partial';

/** A loss as results, lists and the panel show it. */
export interface Loss {
  /** `table`, `sequence`, `large objects`, …: a word for people. */
  kind: string;
  /** As results name tables; empty for what has no name. */
  name: string;
  reason: string;
}

/**
 * What an archive knows not to hold, though nobody decided to leave it out. Archives before format 1.1 say it of tables alone.
 */
export function lossesOf(manifest: Pick<Manifest, 'losses' | 'unknown'>): ManifestLoss[] {
  return (
    manifest.losses ?? manifest.unknown.tables.map((table) => ({ ...table, kind: 'table', reason: UNKNOWN_TABLE }))
  );
}

/** Why a table is a loss that no schema declares and no rule leaves out. */
export const UNKNOWN_TABLE = 'in the database but not in the schema';

/** Why a table is a loss that the schema declares and its configuration leaves out: a filter is written for migrations, and says nothing of backups. */
export const FILTERED_TABLE =
  'the schema declares it, but tablesFilter or schemaFilter of the drizzle.config.ts leaves it out';

export function outcomeOf(manifest: Pick<Manifest, 'losses' | 'unknown'>): BackupOutcome {
  return lossesOf(manifest).length === 0 ? 'success' : 'partial';
}

export function lossView({ kind, reason, ...name }: ManifestLoss): Loss {
  return { kind, name: kind === LARGE_OBJECTS ? '' : shortName(name), reason };
}

export const LARGE_OBJECTS = 'large objects';

/** One sentence for people. */
export function lossText(loss: ManifestLoss): string {
  if (loss.reason === UNKNOWN_TABLE) return `${qualifiedName(loss)} is ${loss.reason}: it is NOT in this backup.`;
  if (loss.kind === LARGE_OBJECTS) return `Large objects are NOT in this backup: ${loss.reason}.`;
  return `The ${loss.kind} ${qualifiedName(loss)} is NOT in this backup: ${loss.reason}.`;
}

/** What was left out on purpose, as results and the panel show it: tables, and rows alone. */
export function leftOutOf(manifest: Manifest): { table: string; reason: string }[] {
  return [
    ...manifest.leftOut.map((table) => ({ table: shortName(table), reason: table.reason })),
    ...(manifest.withoutRows ?? []).map((table) => ({ table: `rows of ${shortName(table)}`, reason: table.reason })),
  ];
}
