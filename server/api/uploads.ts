import { z } from 'zod';
import type { ApiParts } from './parts.ts';
import { answer, pageLimit, plainText, uploadView, uuid } from './schemas.ts';
import type { Trpc } from './trpc.ts';

const one = z.strictObject({ id: uuid });

/** Files somebody has sent: seen, accepted as backups, removed. Their bytes come by `files.ts`. */
export function uploadsRouter(
  { router, procedure, ok }: Trpc,
  { uploads, catalogue }: Pick<ApiParts, 'uploads' | 'catalogue'>,
) {
  return router({
    list: procedure
      .meta({ scope: 'uploads:create' })
      .input(z.strictObject({ limit: pageLimit.default(20), before: plainText(200).exactOptional() }).prefault({}))
      .output(answer(z.object({ uploads: z.array(uploadView), next: z.string().nullable() })))
      .query(async ({ input }) => ok(await uploads.list(input))),

    get: procedure
      .meta({ scope: 'uploads:create' })
      .input(one)
      .output(answer(uploadView))
      .query(async ({ input }) => ok(await uploads.get(input.id))),

    accept: procedure
      .meta({ scope: 'uploads:create', limit: 'create' })
      .input(one)
      .output(answer(uploadView))
      .mutation(async ({ ctx, input }) => {
        ctx.note.target = input.id;
        const accepted = await uploads.accept(input.id, ctx.caller.actor, ctx.signal);
        if (accepted.archive) catalogue.drop(accepted.archive);
        ctx.note.details = { archive: accepted.archive, sha256: accepted.sha256 };
        return ok(accepted);
      }),

    remove: procedure
      .meta({ scope: 'uploads:create' })
      .input(one)
      .output(answer(z.null()))
      .mutation(async ({ ctx, input }) => {
        ctx.note.target = input.id;
        await uploads.remove(input.id, ctx.caller.actor);
        return ok(null);
      }),
  });
}
