import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { AppError, type FailureBody } from './errors.ts';
import type { Worker } from './jobs/worker.ts';
import type { ProcessLog } from './logs.ts';
import type { FinishedOperation, Metrics } from './metrics.ts';

/** What the worker is told at its beginning. */
export interface Assignment {
  config: Config;
  /** Past any pooler. */
  directUrl: string;
}

/** What the server says to it; `stop`: finish within so many milliseconds, then cancel. */
export type WorkerOrder = { kind: 'begin'; assignment: Assignment } | { kind: 'stop'; graceMs: number };

export type WorkerMessage =
  /** A line of log, as JSON. */
  | { kind: 'log'; line: string }
  | { kind: 'finished'; facts: FinishedOperation }
  | { kind: 'ready' }
  | { kind: 'failed'; error: FailureBody['error'] };

const PROGRAM = join(import.meta.dir, 'worker-process.ts');
const AGAIN_MS = 1000;
/** What cancelling and giving up may take after the grace; a worker that still is there waits for a database that is gone. */
const LATE_MS = 45_000;

/**
 * Hires a worker in a process of its own. Resolves when it takes operations; throws what kept it from that. A process that ends by
 * itself is replaced, and its operations are ended by the next one's sweeper. It never outlives this process, nor its time to stop.
 */
export async function hireProcess(
  assignment: Assignment,
  { log, metrics, lateMs = LATE_MS }: { log: ProcessLog; metrics: Pick<Metrics, 'operationFinished'>; lateMs?: number },
): Promise<Worker> {
  let stopping: Promise<void> | null = null;
  const start = async () => {
    const begun = Promise.withResolvers<void>();
    const child = Bun.spawn([process.execPath, '--no-install', PROGRAM], {
      stdio: ['ignore', 'inherit', 'inherit'],
      serialization: 'advanced',
      ipc(message: WorkerMessage) {
        if (message.kind === 'log') repeat(log, message.line);
        if (message.kind === 'finished') metrics.operationFinished(message.facts);
        if (message.kind === 'ready') begun.resolve();
        if (message.kind === 'failed') begun.reject(asError(message.error));
      },
    });
    void child.exited.then((code) =>
      begun.reject(
        new AppError('UNEXPECTED', `The worker's process ended with code ${code}.`, {
          hint: 'What it said stands in the log; where it said nothing, the machine may have run short of memory.',
        }),
      ),
    );
    // People who look on come first, where cores are few.
    setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    child.send({ kind: 'begin', assignment } satisfies WorkerOrder);
    try {
      await begun.promise;
    } catch (error) {
      child.kill('SIGKILL');
      await child.exited;
      throw error;
    }
    void child.exited.then(replace);
    return child;
  };
  let current = await start();

  async function replace(): Promise<void> {
    if (stopping === null) log.error({}, 'the worker’s process ended by itself');
    while (stopping === null) {
      await Bun.sleep(AGAIN_MS);
      try {
        current = await start();
        log.warn({}, 'the worker’s process was replaced');
        // It was told to stop while it began.
        if (stopping !== null) current.send({ kind: 'stop', graceMs: 0 } satisfies WorkerOrder);
        return;
      } catch (error) {
        log.error({ error }, 'the worker’s process could not be replaced; it is tried again');
      }
    }
  }

  const stop = async (graceMs: number) => {
    if (current.exitCode === null) current.send({ kind: 'stop', graceMs } satisfies WorkerOrder);
    const late = setTimeout(() => {
      log.error({}, 'the worker’s process did not end when told to, and was killed');
      current.kill('SIGKILL');
    }, graceMs + lateMs);
    await current.exited.finally(() => clearTimeout(late));
  };
  return { stop: (graceMs) => (stopping ??= stop(graceMs)) };
}

function asError({ code, message, hint, details }: FailureBody['error']): AppError {
  return new AppError(code, message, { ...(hint && { hint }), ...(details && { details }) });
}

/** A line of the worker's log in ours, which says time and process itself. Errors were described there. */
function repeat(log: ProcessLog, line: string): void {
  const { level, msg, time: _time, pid: _pid, err, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const say = level === 'error' || level === 'warn' || level === 'debug' ? level : 'info';
  log[say]({ ...facts, ...(err !== undefined && { failure: err }) }, String(msg));
}
