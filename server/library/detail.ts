import { shortName } from '../../db/model/model.ts';
import { type BackupOutcome, type Loss, leftOutOf, lossesOf, lossView, outcomeOf } from '../archive/manifest/losses.ts';
import type { Manifest } from '../archive/manifest/manifest.ts';
import { openArchive } from '../archive/reader.ts';
import type { Storage } from '../storage/storage.ts';

/** Details of a stored backup from its manifest, its entries counted instead of listed. */
export interface BackupDetail {
  digest: string;
  formatVersion: string;
  application: Manifest['application'];
  server: Manifest['server'];
  schemaFingerprint: string;
  tables: BackupTable[];
  sequences: number;
  types: number;
  leftOut: { table: string; reason: string }[];
  outcome: BackupOutcome;
  losses: Loss[];
  unknown: { tables: string[]; columns: string[]; sequences: string[] };
  warnings: string[];
  entries: { count: number; chunks: number; size: number; storedSize: number };
}

export interface BackupTable {
  /** Name as `schema.name`, without the schema when it is `public`. */
  name: string;
  key: string;
  rows: number;
  /** Bytes before and after compression. */
  bytes: number;
  storedBytes: number;
  columns: { name: string; sqlType: string; notNull: boolean; generated: boolean; identity: boolean }[];
  primaryKey: string[];
  links: { name: string; columns: string[]; target: string; targetColumns: string[] }[];
}

/** Reads a stored archive's manifest, never its rows. Throws NOT_FOUND, or what opening the archive throws. */
export async function readDetail(storage: Storage, name: string, signal: AbortSignal): Promise<BackupDetail> {
  await using source = await storage.open(name);
  const { manifest, digest } = await openArchive(source, { signal });
  const stored = new Map<string, number>();
  for (const { table, storedSize } of manifest.entries) {
    if (table) stored.set(shortName(table), (stored.get(shortName(table)) ?? 0) + storedSize);
  }
  const sum = (of: 'size' | 'storedSize') => manifest.entries.reduce((total, entry) => total + entry[of], 0);
  return {
    digest,
    formatVersion: manifest.formatVersion,
    application: manifest.application,
    server: manifest.server,
    schemaFingerprint: manifest.schemaFingerprint,
    tables: manifest.tables.map((table) => ({
      name: shortName(table),
      key: table.key,
      rows: table.rows,
      bytes: table.bytes,
      storedBytes: stored.get(shortName(table)) ?? 0,
      columns: table.columns.map(({ name: column, sqlType, notNull, generated, identity }) => ({
        name: column,
        sqlType,
        notNull,
        generated: generated !== null,
        identity: identity !== null,
      })),
      primaryKey: table.primaryKey?.columns ?? [],
      links: table.links.map((foreignKey) => ({
        name: foreignKey.name,
        columns: foreignKey.columns,
        target: shortName(foreignKey.target),
        targetColumns: foreignKey.targetColumns,
      })),
    })),
    sequences: manifest.sequences.length,
    types: manifest.types.length,
    leftOut: leftOutOf(manifest),
    outcome: outcomeOf(manifest),
    losses: lossesOf(manifest).map(lossView),
    unknown: {
      tables: manifest.unknown.tables.map(shortName),
      sequences: (manifest.unknown.sequences ?? []).map(shortName),
      columns: manifest.unknown.columns.map((column) => `${shortName(column)}.${column.column}`),
    },
    warnings: manifest.warnings,
    entries: {
      count: manifest.entries.length,
      chunks: manifest.entries.filter((entry) => entry.table !== null).length,
      size: sum('size'),
      storedSize: sum('storedSize'),
    },
  };
}
