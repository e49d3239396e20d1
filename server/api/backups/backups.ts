import { z } from 'zod';
import { compareOrigin, type Origin, originInUrl } from '../../archive/manifest/origin.ts';
import { archiveName, checkChosenName } from '../../backup/file-name.ts';
import { AppError } from '../../core/errors.ts';
import type { ActiveOperation } from '../../jobs/queue/desk.ts';
import { removeBackup } from '../../jobs/remove-backup.ts';
import { createNotes } from '../../library/notes.ts';
import { readIdentity } from '../../postgres/catalog/identity.ts';
import { holderOf } from '../../security/caller.ts';
import { alreadyExists } from '../../storage/failures.ts';
import { askWith } from '../ask.ts';
import type { ApiParts } from '../parts.ts';
import { requestOrigin } from '../request-origin.ts';
import { answer, backupRef, idempotencyKey, plainText, startedOperation, tableNames } from '../schemas.ts';
import type { Trpc } from '../trpc.ts';
import { backupDetail } from './detail.ts';
import { backupFilter, pageOf } from './filter.ts';
import { rowProcedures } from './rows.ts';
import { backupInfo, backupInfoOf, downloadPath } from './view.ts';

const LINK_SECONDS = 300;

/**
 * Tells whether a backup was made of the database served here; unknown where it does not say, or the database does not
 * answer.
 */
const madeHere = z.enum(['same', 'other', 'unknown']);

const one = z.strictObject({ id: backupRef });

type BackupParts = Pick<
  ApiParts,
  'cache' | 'rows' | 'storage' | 'desk' | 'tokens' | 'backup' | 'records' | 'databaseAddress' | 'now'
>;

/** Makes, lists, reads, annotates, verifies and removes stored backups. Their bytes go through `server/files/`. */
export function backupsRouter(trpc: Trpc, parts: BackupParts) {
  const { router, procedure, ok } = trpc;
  const { cache, storage, desk, tokens, now } = parts;
  const notes = createNotes(storage);
  const annotate = async (id: string, change: Parameters<typeof notes.change>[1], signal: AbortSignal) => {
    const { name } = await cache.find(id, signal);
    await notes.change(name, change).finally(() => cache.drop(name));
    return backupInfoOf(await cache.find(name, signal));
  };

  const isMadeHere = async (from: Origin) => {
    const { database, systemIdentifier = null } = await readIdentity({ query: askWith(parts.records) });
    return compareOrigin(from, { host: originInUrl(parts.databaseAddress).host, database, systemIdentifier });
  };
  const refuseTaken = async (file: string, others: ActiveOperation[]) => {
    if ((await storage.list()).some(({ name }) => name === file)) throw alreadyExists(file);
    const maker = others.find(
      ({ parameters: { name } }) => typeof name === 'string' && archiveName(name, now(), '') === file,
    );
    if (maker) throw alreadyBegun(file, maker);
  };

  return router({
    create: procedure
      .meta({ limit: 'create' })
      .input(
        z
          .strictObject({
            tables: tableNames,
            compression: z.enum(['deflate', 'zstd']).exactOptional(),
            level: z.number().int().min(0).max(19).exactOptional(),
            /** The file's name; made from the time when absent. */
            name: z
              .string()
              .regex(
                /^[A-Za-z0-9_][A-Za-z0-9._-]{0,190}$/,
                'must be a plain file name that begins with a letter, a digit or an underscore',
              )
              .exactOptional(),
            /** Refuses when the database has tables or columns the schema does not know. */
            strict: z.boolean().default(false),
            /** Reads the stored archive back before calling it good. */
            verify: z.boolean().default(true),
            /** Waits for what runs, instead of OPERATION_IN_PROGRESS. */
            wait: z.boolean().default(true),
            /** Refuses while an identical backup is queued or running: somebody may have pressed twice. */
            unlessSame: z.boolean().default(false),
            idempotencyKey,
          })
          .default({ strict: false, verify: true, wait: true, unlessSame: false }),
      )
      .output(startedOperation)
      .mutation(async ({ ctx, input }) => {
        const { idempotencyKey: key, unlessSame, compression = parts.backup.compression, ...rest } = input;
        if (input.name) {
          ctx.note.target = input.name;
          checkChosenName(
            input.name,
            'archive',
            'the finished backup can be downloaded as a document, with `?format=json`.',
          );
        }
        if (input.tables) ctx.note.details = { tables: input.tables };
        const level = rest.level ?? (compression === parts.backup.compression ? parts.backup.level : null);
        const words = { ...rest, compression, ...(level !== null && { level }) };
        const started = await desk.request(
          { kind: 'backup', ...words },
          ctx.caller.actor,
          requestOrigin(ctx),
          key,
          async (others) => {
            if (input.name) await refuseTaken(archiveName(input.name, now(), ''), others);
            const same = unlessSame ? others.find(({ isSame }) => isSame) : undefined;
            if (same) throw sameUnderWay(same);
          },
        );
        ctx.note.operationId = started.operation.id;
        return ok(started);
      }),

    list: procedure
      .input(backupFilter.prefault({}))
      .output(
        answer(
          z.object({
            items: z.array(backupInfo),
            total: z.number(),
            totalSize: z.number(),
            offset: z.number(),
            limit: z.number(),
          }),
        ),
      )
      .query(async ({ ctx: { signal }, input }) => {
        const { items, ...page } = pageOf(await cache.list(signal), input);
        return ok({ ...page, items: items.map(backupInfoOf), offset: input.offset, limit: input.limit });
      }),

    get: procedure
      .input(one)
      .output(answer(z.object({ info: backupInfo, detail: backupDetail.nullable(), madeHere })))
      .query(async ({ ctx: { signal }, input }) => {
        const backup = await cache.find(input.id, signal);
        // A backup that cannot be opened is still shown, with the reason in its info.
        const detail = backup.manifest === null ? null : await cache.detail(backup, signal);
        const known = backup.manifest && (await isMadeHere(backup.manifest.from).catch(() => 'unknown' as const));
        return ok({ info: backupInfoOf(backup), detail, madeHere: known ?? 'unknown' });
      }),

    ...rowProcedures(trpc, parts),

    annotate: procedure
      .input(
        z.strictObject({
          id: backupRef,
          note: z
            .string()
            .max(2000)
            .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be text')
            .nullable(),
        }),
      )
      .output(answer(backupInfo))
      .mutation(async ({ ctx, input }) => {
        ctx.note.target = input.id;
        return ok(await annotate(input.id, { note: input.note?.trim() || null }, ctx.signal));
      }),

    pin: procedure
      .input(one)
      .output(answer(backupInfo))
      .mutation(async ({ ctx, input }) => {
        ctx.note.target = input.id;
        return ok(await annotate(input.id, { pinned: true }, ctx.signal));
      }),

    unpin: procedure
      .input(one)
      .output(answer(backupInfo))
      .mutation(async ({ ctx, input }) => {
        ctx.note.target = input.id;
        return ok(await annotate(input.id, { pinned: false }, ctx.signal));
      }),

    verify: procedure
      .meta({ limit: 'create' })
      .input(z.strictObject({ id: backupRef, wait: z.boolean().default(true), idempotencyKey }))
      .output(startedOperation)
      .mutation(async ({ ctx, input }) => {
        ctx.note.target = input.id;
        const { name } = await cache.find(input.id, ctx.signal);
        ctx.note.target = name;
        const request = { kind: 'verify', archive: name, wait: input.wait } as const;
        const started = await desk.request(request, ctx.caller.actor, requestOrigin(ctx), input.idempotencyKey);
        ctx.note.operationId = started.operation.id;
        return ok(started);
      }),

    remove: procedure
      .input(one)
      .output(answer(z.object({ fileName: plainText(200) })))
      .mutation(async ({ ctx, input }) => {
        ctx.note.target = input.id;
        const { name, manifest } = await cache.find(input.id, ctx.signal);
        ctx.note.target = name;
        await removeBackup({ storage, desk }, name).finally(() => cache.drop(name));
        ctx.note.details = { digest: manifest?.digest ?? null };
        return ok({ fileName: name });
      }),

    downloadLink: procedure
      .input(one)
      .output(answer(z.object({ url: z.string(), fileName: z.string(), size: z.number(), expiresAt: z.date() })))
      .mutation(async ({ ctx, input }) => {
        ctx.note.target = input.id;
        const { name, size } = await cache.find(input.id, ctx.signal);
        ctx.note.target = name;
        const { actor } = ctx.caller;
        const claims = { purpose: 'download', subject: name, actor, holder: holderOf(ctx.caller) } as const;
        const token = await tokens.signLink(claims, LINK_SECONDS);
        const expiresAt = new Date(now().getTime() + LINK_SECONDS * 1000);
        return ok({ url: `${downloadPath(name)}?token=${encodeURIComponent(token)}`, fileName: name, size, expiresAt });
      }),
  });
}

function alreadyBegun(file: string, { id, actor }: ActiveOperation): AppError {
  return new AppError('ALREADY_EXISTS', `A backup called ${file} is being made already, asked for by ${actor}.`, {
    hint: 'Choose another name, or wait for that one.',
    details: { operationId: id },
  });
}

function sameUnderWay({ id, actor, state }: ActiveOperation): AppError {
  const how = state === 'running' ? 'is running' : 'is waiting to begin';
  return new AppError('OPERATION_IN_PROGRESS', `The same backup, asked for by ${actor}, ${how}.`, {
    hint: 'Wait for it, or ask for another one all the same.',
    details: { operationId: id, same: true },
  });
}
