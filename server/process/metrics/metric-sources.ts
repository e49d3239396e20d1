import { and, count, eq, inArray, isNull, max, notInArray, or, sql } from 'drizzle-orm';
import type { Records } from '../../../db/system/records.ts';
import { operations } from '../../../db/system/schema.ts';
import { AppError } from '../../core/errors.ts';
import type { Verb, Verbs } from '../../jobs/worker-verbs.ts';
import { foundDamaged } from '../../library/mark-checked.ts';
import type { Storage } from '../../storage/storage.ts';
import type { FinishedOperation, MetricSources, Metrics } from './metrics.ts';

/** True for a backup of all tables without losses. */
const IS_COMPLETE = sql`${operations.result} ->> 'outcome' = 'success' AND ${operations.parameters} -> 'tables' IS NULL`;

/** Creates the metric sources that read storage and records. */
export function metricSources(
  records: Records,
  storage: Pick<Storage, 'list' | 'freeSpace' | 'readSidecar'>,
): Omit<MetricSources, 'memory'> {
  return {
    async storage() {
      const [stored, freeBytes] = await Promise.all([storage.list(), storage.freeSpace()]);
      const usedBytes = stored.reduce((sum, { size }) => sum + size, 0);
      const damaged = (await damagedOf(storage)).length;
      return { usedBytes, freeBytes, backups: stored.length, damaged };
    },
    async operations() {
      // Storage that cannot be read is reported by its own metrics.
      const damaged = await damagedOf(storage).catch(() => []);
      const isSound = or(isNull(operations.archive), notInArray(operations.archive, damaged));
      const [open, ended, complete] = await Promise.all([
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
        records
          .select({ at: max(operations.finishedAt) })
          .from(operations)
          .where(and(eq(operations.state, 'succeeded'), eq(operations.kind, 'backup'), IS_COMPLETE, isSound)),
      ]);
      const numberOf = (state: string) => open.find((row) => row.state === state)?.number ?? 0;
      return {
        queued: numberOf('queued'),
        running: numberOf('running'),
        lastSuccess: Object.fromEntries(ended.flatMap(({ kind, at }) => (at === null ? [] : [[kind, at]]))),
        lastComplete: complete[0]?.at ?? null,
      };
    },
  };
}

async function damagedOf(storage: Pick<Storage, 'list' | 'readSidecar'>): Promise<string[]> {
  const stored = await storage.list();
  return await foundDamaged(
    storage,
    stored.map(({ name }) => name),
  );
}

/** Wraps the verbs so that each end of one is counted. */
export function counted(verbs: Verbs, metrics: Pick<Metrics, 'operationFinished'>, now: () => Date): Verbs {
  const one =
    (verb: Verb): Verb =>
    async (operation, asked) => {
      const started = now();
      const tell = (outcome: FinishedOperation['outcome'], result: object) => {
        const seconds = (now().getTime() - started.getTime()) / 1000;
        metrics.operationFinished({ kind: asked.kind, outcome, seconds, ...amounts(result) });
      };
      try {
        const result = await verb(operation, asked);
        tell(Reflect.get(result, 'outcome') === 'partial' ? 'partial' : 'succeeded', result);
        return result;
      } catch (error) {
        tell(error instanceof AppError && error.code === 'CANCELLED' ? 'cancelled' : 'failed', {});
        throw error;
      }
    };
  return Object.fromEntries(Object.entries(verbs).map(([kind, verb]) => [kind, one(verb)]));
}

/** Returns rows and bytes as the results of the verbs name them. */
function amounts(result: object): { rows: number; bytes: number } {
  const of = (...names: string[]) => {
    const found = names.map((name) => Reflect.get(result, name)).find((value) => typeof value === 'number');
    return typeof found === 'number' ? found : 0;
  };
  return { rows: of('totalRecords', 'restoredRecords', 'rows'), bytes: of('bytes', 'size') };
}
