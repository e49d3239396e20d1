import { and, desc, eq, inArray, sql } from 'drizzle-orm';
import { asking } from '../../../db/connect/database-error.ts';
import type { Records } from '../../../db/system/records.ts';
import { operations } from '../../../db/system/schema.ts';
import { AppError, cancelled, ERROR_FAMILIES, type ErrorCode, unexpected } from '../../core/errors.ts';
import type { Desk } from '../queue/desk.ts';
import { hasEnded, type OperationView, viewOf } from '../records.ts';
import { type AcceptedUpload, notReceived, refusalOf } from './accept.ts';
import { getUpload } from './records.ts';

/** Requests acceptances of uploads, from any process; a worker runs them. */
export interface Acceptance {
  /**
   * Queues an acceptance, or returns the one that is queued, running or succeeded. Throws NOT_FOUND, INPUT_INVALID
   * while bytes are missing, and the reason when the upload was refused.
   */
  request(id: string, by: { actor: string; origin: string }): Promise<{ operation: OperationView; existing: boolean }>;
  /**
   * Does what `request` does, waits for the end, and throws the error the acceptance failed with. A signal that aborts
   * ends the waiting, with CANCELLED, but not the acceptance.
   */
  finish(id: string, by: { actor: string; origin: string }, signal: AbortSignal): Promise<AcceptedUpload>;
}

export function createAcceptance({
  records,
  desk,
}: {
  records: Records;
  desk: Pick<Desk, 'request' | 'watch'>;
}): Acceptance {
  const request: Acceptance['request'] = async (id, { actor, origin }) => {
    const row = await getUpload(records, id);
    if (row.state === 'refused') throw refusalOf(row);
    if (row.state === 'receiving') throw notReceived();
    const last = (await acceptancesOf(records, [id])).get(id);
    const counts = last && (!hasEnded(last.state) || (row.state === 'accepted' && last.state === 'succeeded'));
    if (last && counts) return { operation: last, existing: true };
    return await desk.request({ kind: 'upload', upload: id, file: row.originalName, wait: true }, actor, origin);
  };

  return {
    request,
    async finish(id, by, signal) {
      const { operation } = await request(id, by);
      let view = operation;
      for await (const next of desk.watch(operation.id, -1, signal)) view = next;
      if (!hasEnded(view.state)) throw cancelled('Waiting for the upload to be accepted');
      if (view.state !== 'succeeded') throw failureOf(view);
      const { existing, warnings } = view.result ?? {};
      return {
        upload: await getUpload(records, id),
        existing: existing === true,
        warnings: Array.isArray(warnings) ? warnings.map(String) : [],
      };
    },
  };
}

/** Returns the newest acceptance of each of these uploads that has one. */
export async function acceptancesOf(records: Records, uploads: string[]): Promise<Map<string, OperationView>> {
  if (uploads.length === 0) return new Map();
  const upload = sql<string>`${operations.parameters} ->> 'upload'`;
  const rows = await asking(
    'reading the operations',
    async () =>
      await records
        .select()
        .from(operations)
        .where(and(eq(operations.kind, 'upload'), inArray(upload, uploads)))
        .orderBy(desc(operations.createdAt)),
  );
  const newest = new Map<string, OperationView>();
  for (const row of rows.map(viewOf)) {
    const id = String(row.parameters['upload']);
    if (!newest.has(id)) newest.set(id, row);
  }
  return newest;
}

function failureOf({ error }: OperationView): AppError {
  if (!error || !(error.code in ERROR_FAMILIES)) return unexpected(error);
  return new AppError(error.code as ErrorCode, error.message, {
    ...(error.hint !== undefined && { hint: error.hint }),
    ...(error.details && { details: error.details }),
  });
}
