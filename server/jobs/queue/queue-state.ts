import type { Ask } from '../../postgres/database-status.ts';
import { OPERATIONS } from '../records.ts';

/** Application name of connections in processes that run operations; other users of the queue have another. */
export const WORKER_NAME = 'palace-backup worker';

export interface QueueState {
  /** True when a process that runs operations is connected, on this machine or another. */
  worker: boolean;
  queued: number;
  running: number;
  /** Start of the longest wait in the queue; null when nothing waits. */
  waitingSince: Date | null;
}

/**
 * Reads how many operations wait and run, by their records, and whether a worker is connected. Takes no lock that
 * anybody waits for.
 */
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
