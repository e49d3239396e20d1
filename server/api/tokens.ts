import { z } from 'zod';
import { SCOPES } from '../security/caller.ts';
import type { ApiParts } from './parts.ts';
import { answer, plainText, uuid } from './schemas.ts';
import { sessionOf, type Trpc } from './trpc.ts';

const tokenInfo = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  /** E-mail address of its owner. */
  email: z.string(),
  /** False while that administrator is inactive or gone: the token does not work then. */
  isActive: z.boolean(),
  createdAt: z.date(),
  expiresAt: z.date(),
  lastUsedAt: z.date().nullable(),
  revokedAt: z.date().nullable(),
  revokedBy: z.string().nullable(),
});

/** Makes, lists and revokes named tokens for services. */
export function tokensRouter({ router, procedure, ok }: Trpc, { tokens }: Pick<ApiParts, 'tokens'>) {
  return router({
    list: procedure.output(answer(z.array(tokenInfo))).query(async () => ok(await tokens.list())),

    /** Only for a session: a token that could make tokens would outlive its own expiry. */
    create: procedure
      .meta({ limit: 'create' })
      .input(
        z.strictObject({
          name: plainText(100)
            .trim()
            .min(1)
            .refine((name) => !name.startsWith('-'), 'must not begin with a hyphen'),
          scopes: z
            .array(z.enum(SCOPES))
            .min(1)
            .max(SCOPES.length)
            .transform((scopes) => [...new Set(scopes)]),
          expiresInDays: z.number().int().min(1).max(365),
        }),
      )
      // `token` is shown here once and stored nowhere.
      .output(answer(z.object({ token: z.string(), info: tokenInfo })))
      .mutation(async ({ ctx, input }) => {
        const { token, info } = await tokens.create(sessionOf(ctx), input);
        ctx.note.target = info.id;
        ctx.note.details = { name: input.name, scopes: input.scopes };
        return ok({ token, info });
      }),

    revoke: procedure
      .input(z.strictObject({ id: uuid }))
      .output(answer(z.null()))
      .mutation(async ({ ctx, input }) => {
        ctx.note.target = input.id;
        const { name } = await tokens.revoke(input.id, ctx.caller.actor);
        ctx.note.details = { name };
        return ok(null);
      }),
  });
}
