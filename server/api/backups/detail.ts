import { z } from 'zod';
import type { BackupDetail } from '../../library/detail.ts';

const names = z.array(z.string());

/** A manifest in full, as `backups.get` returns it. */
export const backupDetail = z.object({
  digest: z.string(),
  formatVersion: z.string(),
  application: z.object({ name: z.string(), version: z.string() }),
  server: z.object({ version: z.string(), versionNum: z.number(), encoding: z.string(), database: z.string() }),
  schemaFingerprint: z.string(),
  tables: z.array(
    z.object({
      name: z.string(),
      key: z.string(),
      rows: z.number(),
      bytes: z.number(),
      storedBytes: z.number(),
      columns: z.array(
        z.object({
          name: z.string(),
          sqlType: z.string(),
          notNull: z.boolean(),
          generated: z.boolean(),
          identity: z.boolean(),
        }),
      ),
      primaryKey: names,
      links: z.array(z.object({ name: z.string(), columns: names, target: z.string(), targetColumns: names })),
    }),
  ),
  sequences: z.number(),
  types: z.number(),
  leftOut: z.array(z.object({ table: z.string(), reason: z.string() })),
  outcome: z.enum(['success', 'partial']),
  /** Objects of the database that are neither in the backup nor left out on purpose. */
  losses: z.array(z.object({ kind: z.string(), name: z.string(), reason: z.string() })),
  unknown: z.object({ tables: names, columns: names, sequences: names }),
  warnings: names,
  entries: z.object({ count: z.number(), chunks: z.number(), size: z.number(), storedSize: z.number() }),
}) satisfies z.ZodType<BackupDetail>;
