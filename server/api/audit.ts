import { z } from 'zod';
import type { ApiParts } from './parts.ts';
import { answer, moment, plainText, uuid } from './schemas.ts';
import type { Trpc } from './trpc.ts';

const outcome = z.enum(['allowed', 'denied', 'failed']);

const row = z.object({
  id: z.number(),
  at: z.date(),
  actor: z.string(),
  address: z.string(),
  action: z.string(),
  outcome,
  code: z.string().nullable(),
  target: z.string().nullable(),
  operationId: z.string().nullable(),
  requestId: z.string().nullable(),
  details: z.record(z.string(), z.unknown()),
  hash: z.string(),
});

/** Lists audit rows and verifies their chain. The CSV export is in `server/files/audit-csv.ts`. */
export function auditRouter({ router, procedure, ok }: Trpc, { audit }: Pick<ApiParts, 'audit'>) {
  return router({
    list: procedure
      .input(
        z
          .strictObject({
            actor: plainText(600).exactOptional(),
            action: plainText(100).exactOptional(),
            outcome: outcome.exactOptional(),
            operationId: uuid.exactOptional(),
            address: plainText(100).exactOptional(),
            target: plainText(500).exactOptional(),
            /** Substring of actor, action, target or address. */
            search: plainText(200).exactOptional(),
            from: moment.exactOptional(),
            to: moment.exactOptional(),
            /** `next` of the page before. */
            before: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).exactOptional(),
            limit: z.number().int().min(1).max(200).default(50),
          })
          .prefault({}),
      )
      .output(answer(z.object({ rows: z.array(row), next: z.number().nullable() })))
      .query(async ({ input }) => ok(await audit.list(input))),

    /** Reads the whole chain: more expensive than any other query, and worth an audit row itself. */
    verify: procedure
      .meta({ limit: 'create', audit: 'always' })
      .output(answer(z.object({ ok: z.boolean(), rows: z.number(), brokenAt: z.number().nullable() })))
      .query(async ({ ctx }) => {
        const report = await audit.verify(ctx.signal);
        ctx.note.details = { ...report };
        return ok(report);
      }),
  });
}
