import { tracked } from '@trpc/server';
import { z } from 'zod';
import { OPERATION_STATES } from '../../db/system/schema.ts';
import type { OperationView } from '../jobs/records.ts';
import { downloadPath } from './backups/view.ts';
import type { ApiParts } from './parts.ts';
import { answer, operationView, pageLimit, plainText, uuid } from './schemas.ts';
import type { Trpc } from './trpc.ts';

const one = z.strictObject({ id: uuid });
/** Most ended operations remembered as reported to the cache. */
const KEPT_ENDS = 10_000;

/** Lists, reads, watches and cancels operations: backups, plans, restores, verifications and accepted uploads. */
export function operationsRouter({ router, procedure, ok }: Trpc, { desk, cache }: Pick<ApiParts, 'desk' | 'cache'>) {
  const noted = new Set<string>();
  /**
   * Adds the download URL to a backup's view. An operation that has ended may have stored an archive or changed its
   * sidecar, so its cached entry is dropped, once.
   */
  const shown = (view: OperationView): OperationView => {
    if (view.finishedAt && view.archive && !noted.has(view.id)) {
      if (noted.size >= KEPT_ENDS) noted.clear();
      noted.add(view.id);
      cache.drop(view.archive);
    }
    if (view.kind !== 'backup' || view.result === null || view.archive === null) return view;
    return { ...view, result: { ...view.result, downloadUrl: downloadPath(view.archive) } };
  };

  return router({
    list: procedure
      .input(
        z
          .strictObject({
            kinds: z.array(plainText(50).min(1)).min(1).max(20).exactOptional(),
            states: z.array(z.enum(OPERATION_STATES)).min(1).max(5).exactOptional(),
            limit: pageLimit.default(20),
            /** `next` of the page before. */
            before: plainText(200).exactOptional(),
          })
          .prefault({}),
      )
      .output(answer(z.object({ operations: z.array(operationView), next: z.string().nullable() })))
      .query(async ({ input }) => {
        const { operations, next } = await desk.list(input);
        return ok({ operations: operations.map(shown), next });
      }),

    get: procedure
      .input(one)
      .output(answer(operationView))
      .query(async ({ input }) => ok(shown(await desk.get(input.id)))),

    cancel: procedure
      .input(one)
      .output(answer(operationView))
      .mutation(async ({ ctx, input }) => {
        ctx.note.operationId = input.id;
        const cancelled = shown(await desk.cancel(input.id, ctx.caller.actor));
        const { kind, archive } = cancelled;
        ctx.note.details = { kind, ...(archive !== null && { archive }) };
        return ok(cancelled);
      }),

    /**
     * Yields the operation, then again after each change, until it has ended. Events have the revision as their id, and
     * resume from it.
     */
    progress: procedure
      .input(z.strictObject({ id: uuid, lastEventId: plainText(20).nullish() }))
      .subscription(async function* ({ ctx, input }) {
        for await (const view of desk.watch(input.id, revisionOf(input.lastEventId), ctx.signal)) {
          yield tracked(String(view.revision), operationView.parse(shown(view)));
        }
      }),
  });
}

/** Returns the revision a client saw last; -1, nothing seen, for anything that is no revision of ours. */
function revisionOf(lastEventId: string | null | undefined): number {
  return lastEventId && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : -1;
}
