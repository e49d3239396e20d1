import type { ApiParts } from '../parts.ts';
import { answer } from '../schemas.ts';
import type { Trpc } from '../trpc.ts';
import { readSystemStatus, systemStatus } from './status.ts';

/** Reports the state of the system, with recommendations. */
export function systemRouter({ router, procedure, ok }: Trpc, parts: ApiParts) {
  const startedAt = parts.now();
  return router({
    /** Never fails because one of its parts does: that part is null, and among the troubles. */
    status: procedure
      .output(answer(systemStatus))
      .query(async ({ ctx }) => ok(await readSystemStatus(parts, { startedAt, log: ctx.log }, ctx.signal))),
  });
}
