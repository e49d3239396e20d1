import type { Records } from '../../../db/system/records.ts';
import { AppError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Storage } from '../../storage/storage.ts';
import { runOperation } from '../operations.ts';
import type { Verbs } from '../worker-verbs.ts';
import { readOperation } from './desk.ts';
import { endQueued } from './end-queued.ts';
import type { Queue } from './queue.ts';
import { startSweeper } from './sweeper.ts';

export interface WorkerDeps {
  /** Address that goes past any pooler. */
  databaseUrl: string;
  records: Records;
  queue: Queue;
  verbs: Verbs;
  storage: Pick<Storage, 'sweep'>;
  /** See `SweeperDeps`. */
  sweepUploads?: () => Promise<number>;
  log: Log;
  now: () => Date;
  newId: () => string;
  pause: (ms: number) => Promise<void>;
  /** Operations at the same time. */
  concurrency: number;
  /** Milliseconds without a sign of life after which an operation has failed. */
  stallMs: number;
  /** Days for which records of ended operations are kept. */
  operationDays: number;
  /** Milliseconds between two rounds of sweeping. */
  sweepMs?: number;
  /** Milliseconds to wait for work that was told to end. */
  abandonMs?: number;
}

export interface Worker {
  /**
   * Takes nothing more, lets running operations finish for `graceMs` milliseconds, then cancels them. Resolves when
   * nothing is left behind.
   */
  stop(graceMs: number): Promise<void>;
}

const ABANDON_MS = 30_000;

/**
 * Takes operations from the queue and runs them until stopped; sweeps meanwhile. Failures of an operation go to its
 * record and the log.
 */
export async function startWorker(deps: WorkerDeps): Promise<Worker> {
  const stopping = new AbortController();
  const sweeper = startSweeper({ ...deps, ...(deps.sweepMs !== undefined && { everyMs: deps.sweepMs }) });
  await deps.queue.work(deps.concurrency, (id) => runOne(deps, id, stopping.signal));
  let stopped: Promise<void> | null = null;
  const stop = async (graceMs: number) => {
    const drained = deps.queue.drain();
    const grace = AbortSignal.timeout(graceMs);
    await Promise.race([drained, new Promise((resolve) => grace.addEventListener('abort', resolve, { once: true }))]);
    stopping.abort(
      new AppError('CANCELLED', 'The server was stopped while this operation was under way.', {
        hint: 'Ask for it again.',
        details: { by: 'shutdown' },
      }),
    );
    await drained;
    await sweeper[Symbol.asyncDispose]();
  };
  return { stop: (graceMs) => (stopped ??= stop(graceMs)) };
}

/** Runs one operation and never rejects: its ticket is used up, whatever the outcome. */
async function runOne(deps: WorkerDeps, id: string, signal: AbortSignal): Promise<void> {
  const { log, now } = deps;
  try {
    const asked = await readOperation(deps.records, id);
    if (asked?.state !== 'queued') return;
    const { kind, actor, parameters } = asked;
    log.info({ operationId: id, kind, actor }, 'operation taken');
    try {
      const verb = deps.verbs[kind];
      if (!verb)
        throw new AppError('INPUT_INVALID', `This program knows no operations of the kind ${kind}.`, {
          hint: 'A process of another version asked for it: run one version everywhere, and ask again.',
        });
      const stallLimits = { stallMs: deps.stallMs, abandonMs: deps.abandonMs ?? ABANDON_MS };
      const input = { queued: id, kind, actor, parameters, wait: parameters['wait'] !== false };
      await runOperation({ ...deps, stallLimits }, input, signal, (operation) =>
        verb(operation, { kind, parameters, actor }),
      );
      log.info({ operationId: id, kind }, 'operation succeeded');
    } catch (error) {
      const cancelled = error instanceof AppError && error.code === 'CANCELLED';
      log[cancelled ? 'info' : 'error']({ operationId: id, kind, err: error }, 'operation ended without success');
      // An operation that had not begun knows only that it was cancelled; the signal's reason says why.
      await endQueued(deps.records, id, cancelled && signal.aborted ? signal.reason : error, now());
    }
  } catch (error) {
    // The record cannot be reached now; the sweeper ends it later.
    log.error({ operationId: id, err: error }, 'the record of an operation could not be reached');
  }
}
