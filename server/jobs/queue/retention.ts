import { and, inArray, lt } from 'drizzle-orm';
import type { Records } from '../../../db/system/records.ts';
import { operations } from '../../../db/system/schema.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Deletes the records of operations that ended more than `days` days ago; returns how many. */
export async function dropOldRecords(records: Records, days: number, now: Date): Promise<number> {
  const before = new Date(now.getTime() - days * DAY_MS);
  const ended = inArray(operations.state, ['succeeded', 'failed', 'cancelled']);
  const rows = await records
    .delete(operations)
    .where(and(ended, lt(operations.finishedAt, before)))
    .returning({ id: operations.id });
  return rows.length;
}
