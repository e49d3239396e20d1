import { z } from 'zod';
import { qualifiedName } from '../../db/model.ts';
import { AppError, unexpected } from '../errors.ts';
import { readDatabaseStatus } from '../postgres/database-status.ts';
import { askWith } from './ask.ts';
import type { ApiParts } from './parts.ts';
import { newestWhole, nextDue, recommend } from './recommendations.ts';
import { answer } from './schemas.ts';
import type { Trpc } from './trpc.ts';

const trouble = z.object({ code: z.string(), message: z.string() });

const status = z.object({
  version: z.string(),
  runtime: z.string(),
  /** Null while it does not answer; `troubles` then says why. */
  database: z
    .object({
      name: z.string(),
      version: z.string(),
      /** Bytes. */
      size: z.number(),
      /** Rows as the server estimates them; null where it cannot. */
      tables: z.array(z.object({ name: z.string(), rows: z.number().nullable(), exact: z.literal(false) })),
    })
    .nullable(),
  storage: z
    .object({ label: z.string(), freeBytes: z.number().nullable(), usedBytes: z.number(), backups: z.number() })
    .nullable(),
  /** The newest of all tables that can be opened. */
  lastBackup: z.object({ fileName: z.string(), timestamp: z.string(), rows: z.number() }).nullable(),
  /** When the next backup of all tables is due; null while there is none, and one is due now. */
  nextDue: z.string().nullable(),
  recommendations: z.array(
    z.object({ code: z.string(), level: z.enum(['urgent', 'soon', 'note']), message: z.string() }),
  ),
  troubles: z.array(trouble),
});

type SystemParts = Pick<ApiParts, 'catalogue' | 'storage' | 'desk' | 'records' | 'tables' | 'version' | 'now'>;

/** What is there, and what should be done about it. */
export function systemRouter({ router, procedure, ok }: Trpc, parts: SystemParts) {
  const { catalogue, storage, desk, records, tables, version, now } = parts;
  return router({
    /** Never fails because one of its parts does: what cannot be asked is null, and among the troubles. */
    status: procedure
      .meta({ scope: 'system:read' })
      .output(answer(status))
      .query(async ({ signal = new AbortController().signal }) => {
        const troubles: z.infer<typeof trouble>[] = [];
        const orTrouble = <Value>(asked: Promise<Value>) =>
          asked.catch((error: unknown) => {
            const { code, message } = error instanceof AppError ? error : unexpected(error);
            troubles.push({ code, message });
            return null;
          });
        const [database, backups, freeBytes, ended] = await Promise.all([
          orTrouble(readDatabaseStatus(askWith(records), tables)),
          orTrouble(catalogue.list(signal)),
          orTrouble(storage.freeSpace()),
          orTrouble(desk.list({ states: ['succeeded', 'failed', 'cancelled'], limit: 1 })),
        ]);
        const last = backups && newestWhole(backups);
        return ok({
          version,
          runtime: `Bun ${Bun.version}`,
          database: database && {
            name: database.name,
            version: database.version,
            size: database.size,
            tables: database.tables.map((table) => ({
              name: qualifiedName(table),
              rows: table.estimatedRows,
              exact: false as const,
            })),
          },
          storage: backups && {
            label: storage.label,
            freeBytes,
            usedBytes: backups.reduce((sum, { size }) => sum + size, 0),
            backups: backups.length,
          },
          lastBackup: last?.manifest
            ? { fileName: last.name, timestamp: last.manifest.timestamp, rows: last.manifest.rows }
            : null,
          nextDue: (backups && nextDue(backups)?.toISOString()) ?? null,
          recommendations: backups
            ? recommend({ backups, freeBytes, lastEnded: ended?.operations[0] ?? null }, now())
            : [],
          troubles,
        });
      }),
  });
}
