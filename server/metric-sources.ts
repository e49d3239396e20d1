import { count, eq, inArray, max } from 'drizzle-orm';
import type { Records } from '../db/records.ts';
import { operations } from '../db/schema/system.ts';
import type { MetricSources } from './metrics.ts';
import type { Storage } from './storage/storage.ts';

/** Reads the numbers that only storage and records know. */
export function metricSources(records: Records, storage: Pick<Storage, 'list' | 'freeSpace'>): MetricSources {
  return {
    async storage() {
      const [stored, freeBytes] = await Promise.all([storage.list(), storage.freeSpace()]);
      return { usedBytes: stored.reduce((sum, { size }) => sum + size, 0), freeBytes, backups: stored.length };
    },
    async operations() {
      const [open, ended] = await Promise.all([
        records
          .select({ state: operations.state, number: count() })
          .from(operations)
          .where(inArray(operations.state, ['queued', 'running']))
          .groupBy(operations.state),
        records
          .select({ kind: operations.kind, at: max(operations.finishedAt) })
          .from(operations)
          .where(eq(operations.state, 'succeeded'))
          .groupBy(operations.kind),
      ]);
      const numberOf = (state: string) => open.find((row) => row.state === state)?.number ?? 0;
      return {
        queued: numberOf('queued'),
        running: numberOf('running'),
        lastSuccess: Object.fromEntries(ended.flatMap(({ kind, at }) => (at === null ? [] : [[kind, at]]))),
      };
    },
  };
}
