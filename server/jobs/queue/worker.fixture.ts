import type { Log } from '../../core/log.ts';
import { createVerbs, type VerbDeps, type Verbs } from '../worker-verbs.ts';
import { startWorker, type Worker, type WorkerDeps } from './worker.ts';

export const now = () => new Date();
export const newId = () => crypto.randomUUID();
const pause = (ms: number) => Bun.sleep(ms);
export const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Creates the verbs over real storage and a real database, with a short lock timeout for tests. */
export function testVerbs(deps: Pick<VerbDeps, 'databaseUrl' | 'storage' | 'model'> & Partial<VerbDeps>): Verbs {
  return createVerbs({
    application: { name: 'Palace Backup', version: '0.0.0' },
    excludeFile: null,
    jobs: 2,
    lockTryMs: 2000,
    lockGiveUpMs: 10_000,
    planKeepMs: 60_000,
    now,
    pause,
    ...deps,
  });
}

type Needed = 'databaseUrl' | 'records' | 'queue' | 'verbs' | 'storage' | 'log';

/** Starts a worker that sweeps within a moment. */
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
