import { z } from 'zod';
import type { ApiParts } from './parts.ts';
import { requestOrigin } from './request-origin.ts';
import { answer, pageLimit, plainText, startedOperation, uploadView, uuid } from './schemas.ts';
import type { Trpc } from './trpc.ts';

const one = z.strictObject({ id: uuid });

/** Lists, accepts and removes uploaded files. Their bytes arrive through `server/files/`. */
export function uploadsRouter({ router, procedure, ok }: Trpc, { uploads }: Pick<ApiParts, 'uploads'>) {
  return router({
    list: procedure
      .input(z.strictObject({ limit: pageLimit.default(20), before: plainText(200).exactOptional() }).prefault({}))
      .output(answer(z.object({ uploads: z.array(uploadView), next: z.string().nullable() })))
      .query(async ({ input }) => ok(await uploads.list(input))),

    get: procedure
      .input(one)
      .output(answer(uploadView))
      .query(async ({ input }) => ok(await uploads.get(input.id))),

    accept: procedure
      .meta({ limit: 'create' })
      .input(one)
      .output(startedOperation)
      .mutation(async ({ ctx, input }) => {
        ctx.note.target = input.id;
        const started = await uploads.accept(input.id, ctx.caller.actor, requestOrigin(ctx));
        ctx.note.operationId = started.operation.id;
        return ok(started);
      }),

    remove: procedure
      .input(one)
      .output(answer(z.null()))
      .mutation(async ({ ctx, input }) => {
        ctx.note.target = input.id;
        await uploads.remove(input.id, ctx.caller.actor);
        return ok(null);
      }),
  });
}
