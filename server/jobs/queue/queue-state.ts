import type { Ask } from '../../postgres/database-status.ts';
import { OPERATIONS } from '../records.ts';

/** What connections of processes that take operations are called; whoever else uses the queue is called otherwise. */
export const WORKER_NAME = 'palace-backup worker';

export interface QueueState {
  /** Whether any process that takes operations is connected, on this machine or another. */
  worker: boolean;
  queued: number;
  running: number;
  /** Since when the longest-waiting operation waits; null when none does. */
  waitingSince: Date | null;
}

/** What waits and what runs, as the records say, and whether somebody is there to do it. Takes no lock that anybody waits for. */
export async function readQueueState(ask: Ask): Promise<QueueState> {
  const [row] = await ask(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity
                     WHERE datname = pg_catalog.current_database() AND application_name = $1) AS worker,
            count(*) FILTER (WHERE state = 'queued')::int AS queued,
            count(*) FILTER (WHERE state = 'running')::int AS running,
            (extract(epoch FROM min(created_at) FILTER (WHERE state = 'queued')) * 1000)::float8 AS since
       FROM ${OPERATIONS} WHERE state IN ('queued', 'running')`,
    [WORKER_NAME],
  );
  const since = row?.['since'];
  return {
    worker: row?.['worker'] === true,
    queued: Number(row?.['queued'] ?? 0),
    running: Number(row?.['running'] ?? 0),
    waitingSince: typeof since === 'number' ? new Date(since) : null,
  };
}
