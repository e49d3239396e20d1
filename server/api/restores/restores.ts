import { z } from 'zod';
import { AppError, ERROR_FAMILIES, type ErrorCode } from '../../core/errors.ts';
import { readDatabaseName } from '../../postgres/database-status.ts';
import { WANTED_WAYS } from '../../restore/ways/way.ts';
import { askWith } from '../ask.ts';
import type { AuditNote } from '../context.ts';
import type { ApiParts } from '../parts.ts';
import { requestOrigin } from '../request-origin.ts';
import { backupRef, idempotencyKey, plainText, startedOperation, tableNames, uuid } from '../schemas.ts';
import type { Trpc } from '../trpc.ts';
import { confirmAdministrators } from './administrators.ts';
import { differenceProcedures } from './differences.ts';

type RestoreParts = Pick<
  ApiParts,
  'cache' | 'desk' | 'uploads' | 'records' | 'storage' | 'databaseAddress' | 'sensitivityOf' | 'now'
>;

/** Plans and starts restores, which replace live tables by those of a backup. */
export function restoresRouter(trpc: Trpc, parts: RestoreParts) {
  const { router, procedure, ok } = trpc;
  const { cache, desk, uploads, records } = parts;
  return router({
    /**
     * Finds how many rows a restore would bring back, change and remove, and everything it would be refused for; the
     * operation's result says it.
     */
    plan: procedure
      .meta({ limit: 'create' })
      .input(
        z.strictObject({
          backup: backupRef,
          /** Absent: all tables of the backup. */
          tables: tableNames,
          /** Says what a restore with `keepBrokenRules` would do. */
          keepBrokenRules: z.boolean().default(false),
          wait: z.boolean().default(false),
          idempotencyKey,
        }),
      )
      .output(startedOperation)
      .mutation(async ({ ctx, input }) => {
        const { name } = await usableBackup(cache, input.backup, ctx, input.tables);
        const { tables, keepBrokenRules, wait } = input;
        const request = {
          kind: 'plan',
          archive: name,
          wait,
          ...(tables && { tables }),
          ...(keepBrokenRules && { keepBrokenRules }),
        } as const;
        const started = await desk.request(request, ctx.caller.actor, requestOrigin(ctx), input.idempotencyKey);
        ctx.note.operationId = started.operation.id;
        return ok(started);
      }),

    ...differenceProcedures(trpc, parts),

    start: procedure
      .meta({ limit: 'create' })
      .input(
        z.strictObject({
          from: z.union([z.strictObject({ backup: backupRef }), z.strictObject({ upload: uuid })]),
          /** Absent: all tables of the backup. */
          tables: tableNames,
          /** Puts constraints back as NOT VALID when rows of the backup break them, and names those rows by key. */
          keepBrokenRules: z.boolean().default(false),
          /** The way in which rows get into live; `auto` takes the one that holds up others least. */
          apply: z.enum(WANTED_WAYS).default('auto'),
          /** Digest from a plan's result: refuses a restore that is not the planned one, or would lose more rows. */
          planDigest: z
            .string()
            .regex(/^[0-9a-f]{64}$/)
            .exactOptional(),
          /** The database's name, repeated to confirm that its rows are to be replaced. */
          confirmDatabase: plainText(200),
          /** The confirmation from a refusal that named the new administrators. Tokens cannot confirm. */
          confirmAdministrators: plainText(100).exactOptional(),
          wait: z.boolean().default(false),
          idempotencyKey,
        }),
      )
      .output(startedOperation)
      .mutation(async ({ ctx, input }) => {
        const wanted = 'backup' in input.from ? input.from.backup : await acceptedAs(uploads, input.from.upload);
        const { name, uploaded } = await usableBackup(cache, wanted, ctx, input.tables);
        const database = await readDatabaseName(askWith(records));
        if (input.confirmDatabase !== database) throw otherDatabase(database);
        const changed = await confirmAdministrators(
          parts,
          ctx.caller,
          { archive: name, uploaded, tables: input.tables, confirmation: input.confirmAdministrators },
          ctx.signal,
        );
        if (changed.length > 0)
          ctx.note.details = {
            administrators: changed.slice(0, 50).map(({ email, change, role }) => ({ email, change, role })),
            more: Math.max(0, changed.length - 50),
          };
        const request = {
          kind: 'restore',
          archive: name,
          wait: input.wait,
          ...(input.tables && { tables: input.tables }),
          ...(input.keepBrokenRules && { keepBrokenRules: true }),
          ...(input.planDigest && { planDigest: input.planDigest }),
          ...(input.apply !== 'auto' && { apply: input.apply }),
        } as const;
        const started = await desk.request(request, ctx.caller.actor, requestOrigin(ctx), input.idempotencyKey);
        ctx.note.operationId = started.operation.id;
        return ok(started);
      }),
  });
}

/**
 * Returns a backup to restore, and notes it for the audit. Throws for one that cannot be read, and for one that was
 * found damaged when all of its tables are wanted.
 */
async function usableBackup(
  cache: RestoreParts['cache'],
  wanted: string,
  { note, signal }: { note: AuditNote; signal: AbortSignal },
  tables: string[] | undefined,
) {
  note.target = wanted;
  const found = await cache.find(wanted, signal);
  const { name, damaged, manifest } = found;
  note.target = name;
  if (tables) note.details = { tables };
  if (damaged && ERROR_FAMILIES[damaged.code as ErrorCode] === 'system') throw unreadable(damaged);
  if (damaged && manifest === null) throw damagedBackup(name, damaged.message);
  if (damaged && !tables) throw foundDamaged(name, damaged.message);
  return found;
}

async function acceptedAs(uploads: RestoreParts['uploads'], id: string): Promise<string> {
  const upload = await uploads.get(id);
  if (upload.state === 'accepted' && upload.archive !== null) return upload.archive;
  throw new AppError('RESTORE_REFUSED', `The upload is ${upload.state}; only an accepted one can be restored.`, {
    hint: 'Accept it with uploads.accept, which reads every byte of it.',
  });
}

/** Returns the error for an archive or sidecar that cannot be read for now, which can be repaired. */
function unreadable({ code, message }: { code: string; message: string }): AppError {
  return new AppError(code as ErrorCode, message, { hint: 'Repair that on the server, then try again.' });
}

function damagedBackup(name: string, why: string): AppError {
  return new AppError('ARCHIVE_DAMAGED', `${name} cannot be opened. ${why}`, { hint: 'Restore another backup.' });
}

/**
 * Returns the error for a damaged backup. Naming tables is allowed: intact ones are read to their last byte before
 * anything is touched.
 */
function foundDamaged(name: string, what: string): AppError {
  return new AppError('ARCHIVE_DAMAGED', `${name} was found damaged. ${what}`, {
    hint: 'Restore another backup. Tables that are whole can be restored by naming them; after the file was copied anew, verify it first.',
  });
}

function otherDatabase(name: string): AppError {
  return new AppError('INPUT_INVALID', 'confirmDatabase is not the name of the database that would be restored into.', {
    hint: `Every row of its tables would be replaced. If that is meant, give ${JSON.stringify(name)}.`,
    details: { database: name },
  });
}
