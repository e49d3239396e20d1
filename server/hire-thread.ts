import { Worker as Thread, type WorkerOptions } from 'node:worker_threads';
import type { Config } from './config.ts';
import { AppError, type FailureBody } from './errors.ts';
import type { Worker } from './jobs/worker.ts';
import type { Log } from './logs.ts';
import type { FinishedOperation, Metrics } from './metrics.ts';

/** What the thread is told at its beginning. */
export interface Assignment {
  config: Config;
  /** Past any pooler. */
  directUrl: string;
}

export type ThreadMessage =
  /** A line of log, as JSON. */
  | { kind: 'log'; line: string }
  | { kind: 'finished'; facts: FinishedOperation }
  | { kind: 'ready' }
  | { kind: 'failed'; error: FailureBody['error'] }
  | { kind: 'stopped' };

/** Finish within so many milliseconds, then cancel. */
export interface ThreadOrder {
  stop: number;
}

const AGAIN_MS = 1000;

/**
 * Hires a worker in a thread of its own. Resolves when it takes operations; throws what kept it from that. A thread that ends by itself
 * is replaced, and its operations are ended by the next one's sweeper.
 */
export async function hireThread(
  assignment: Assignment,
  { log, metrics }: { log: Log; metrics: Pick<Metrics, 'operationFinished'> },
): Promise<Worker> {
  let stopping: Promise<void> | null = null;
  let current: Thread | null = null;
  current = await startThread();

  function startThread(): Promise<Thread> {
    const thread = new Thread(new URL('./worker-thread.ts', import.meta.url), {
      workerData: assignment,
      // Bun's own: a smaller heap, collected sooner.
      smol: true,
    } as WorkerOptions);
    return new Promise((resolve, reject) => {
      thread.on('message', (message: ThreadMessage) => {
        if (message.kind === 'log') repeat(log, message.line);
        if (message.kind === 'finished') metrics.operationFinished(message.facts);
        if (message.kind === 'ready') resolve(thread);
        if (message.kind === 'failed') {
          const { code, message: words, hint, details } = message.error;
          reject(new AppError(code, words, { ...(hint && { hint }), ...(details && { details }) }));
          void thread.terminate();
        }
      });
      thread.on('error', (error) => {
        log.error({ error }, 'the worker’s thread failed');
        reject(error);
      });
      thread.on('exit', () => {
        reject(new AppError('UNEXPECTED', 'The worker’s thread ended.'));
        if (stopping === null && thread === current) void replace();
      });
    });
  }

  async function replace(): Promise<void> {
    while (stopping === null) {
      await Bun.sleep(AGAIN_MS);
      try {
        current = await startThread();
        log.warn({}, 'the worker’s thread was replaced');
        return;
      } catch (error) {
        log.error({ error }, 'the worker’s thread could not be replaced; it is tried again');
      }
    }
  }

  const stop = async (graceMs: number) => {
    const thread = current;
    if (thread === null) return;
    const stopped = new Promise<void>((resolve) => {
      thread.on('message', ({ kind }: ThreadMessage) => kind === 'stopped' && resolve());
      thread.on('exit', () => resolve());
    });
    thread.postMessage({ stop: graceMs } satisfies ThreadOrder);
    await stopped;
    await thread.terminate();
  };
  return { stop: (graceMs) => (stopping ??= stop(graceMs)) };
}

/** A line of the thread's log in ours, which says time and process itself. Errors were described there. */
function repeat(log: Log, line: string): void {
  const { level, msg, time: _time, pid: _pid, err, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const say = level === 'error' || level === 'warn' || level === 'debug' ? level : 'info';
  log[say]({ ...facts, ...(err !== undefined && { failure: err }) }, String(msg));
}
