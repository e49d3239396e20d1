import { z } from 'zod';
import { originText } from '../../archive/manifest/origin.ts';
import { type StoredBackup, storedOutcome } from '../../library/list.ts';

/** The user's `BackupFileInfo`, with what this program knows in addition. */
export const backupInfo = z.object({
  fileName: z.string(),
  /** Bytes. */
  size: z.number(),
  createdAt: z.string(),
  modifiedAt: z.string(),
  downloadUrl: z.string(),
  /** The BackupData metadata; absent when the archive cannot be opened. */
  metadata: z
    .object({
      version: z.string(),
      timestamp: z.string(),
      databaseUrl: z.string(),
      totalRecords: z.number(),
      backupId: z.string(),
      createdBy: z.string(),
    })
    .exactOptional(),
  /**
   * The database it was made of, in words: `hrms at db.example:5432`. Null where it does not say, or cannot be opened.
   */
  origin: z.string().nullable(),
  kind: z.string().nullable(),
  digest: z.string().nullable(),
  /** Rows per table. */
  tables: z.record(z.string(), z.number()).nullable(),
  warnings: z.number(),
  /** `partial`: something in the database is neither in it nor left out on purpose. Null when it cannot be opened. */
  outcome: z.enum(['success', 'partial']).nullable(),
  /** The reason it cannot be opened, or the damage found in it, with the time. */
  damaged: z.object({ code: z.string(), message: z.string(), foundAt: z.string().nullable() }).nullable(),
  /** True when it came from outside: everything it says of its making is its sender's word. */
  uploaded: z.boolean(),
  pinned: z.boolean(),
  note: z.string().nullable(),
  lastVerified: z.string().nullable(),
  lastProved: z.string().nullable(),
});

export type BackupInfo = z.infer<typeof backupInfo>;

/** Returns the path of a backup's bytes, relative to the server. */
export function downloadPath(fileName: string): string {
  return `/api/backups/${encodeURIComponent(fileName)}/download`;
}

export function backupInfoOf(backup: StoredBackup): BackupInfo {
  const { name, size, createdAt, modifiedAt, manifest, damaged, uploaded, pinned, note, lastVerified, lastProved } =
    backup;
  return {
    fileName: name,
    size,
    createdAt,
    modifiedAt,
    downloadUrl: downloadPath(name),
    ...(manifest && {
      metadata: {
        version: manifest.version,
        timestamp: manifest.timestamp,
        databaseUrl: manifest.databaseUrl,
        totalRecords: manifest.rows,
        backupId: manifest.backupId,
        createdBy: manifest.createdBy,
      },
    }),
    origin: manifest && originText(manifest.from),
    kind: manifest?.kind ?? null,
    digest: manifest?.digest ?? null,
    tables: manifest?.tables ?? null,
    warnings: manifest?.warnings ?? 0,
    outcome: manifest && storedOutcome(manifest),
    damaged,
    uploaded,
    pinned,
    note,
    lastVerified,
    lastProved,
  };
}
