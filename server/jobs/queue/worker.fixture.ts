import type { Log } from '../../core/log.ts';
import { createVerbs, type VerbDeps, type Verbs } from '../worker-verbs.ts';
import { startWorker, type Worker, type WorkerDeps } from './worker.ts';

export const now = () => new Date();
export const newId = () => crypto.randomUUID();
const pause = (ms: number) => Bun.sleep(ms);
export const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Everything operations do, over real storage and a real database, with a test's patience for locks. */
export function testVerbs(deps: Pick<VerbDeps, 'databaseUrl' | 'storage' | 'model'> & Partial<VerbDeps>): Verbs {
  return createVerbs({
    application: { name: 'Palace Backup', version: '0.0.0' },
    excludeFile: null,
    jobs: 2,
    lockTryMs: 2000,
    lockGiveUpMs: 10_000,
    now,
    pause,
    ...deps,
  });
}

type Needed = 'databaseUrl' | 'records' | 'queue' | 'verbs' | 'storage' | 'log';

/** A worker that notices within a moment what others left behind. */
export function testWorker(deps: Pick<WorkerDeps, Needed> & Partial<WorkerDeps>): Promise<Worker> {
  return startWorker({
    now,
    newId,
    pause,
    concurrency: 2,
    stallMs: 60_000,
    operationDays: 30,
    sweepMs: 200,
    ...deps,
  });
}
