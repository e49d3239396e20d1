import { getPriority, setPriority } from 'node:os';
import { join } from 'node:path';
import { AppError, type FailureBody } from '../core/errors.ts';
import type { ProcessLog } from '../core/log.ts';
import type { Worker } from '../jobs/queue/worker.ts';
import type { Config } from './config.ts';
import { type MemoryUse, memoryLimit, memoryShort, residentBytes, watchMemory } from './metrics/memory.ts';
import type { FinishedOperation, Metrics } from './metrics/metrics.ts';

/** What the worker is told at its beginning. */
export interface WorkerSettings {
  config: Config;
  /** Past any pooler. */
  directUrl: string;
}

/** What the server says to it; `stop`: finish within so many milliseconds, then cancel. */
export type WorkerCommand = { kind: 'begin'; assignment: WorkerSettings } | { kind: 'stop'; graceMs: number };

export type WorkerMessage =
  /** A line of log, as JSON. */
  | { kind: 'log'; line: string }
  | { kind: 'finished'; facts: FinishedOperation }
  /** An operation begins, or is over. */
  | { kind: 'running'; id: string; runs: boolean }
  | { kind: 'ready' }
  | { kind: 'failed'; error: FailureBody['error'] };

/** What the process that hires brings. */
export interface WorkerHost {
  log: ProcessLog;
  metrics: Pick<Metrics, 'operationFinished'>;
  /** Ends the records of these operations with this reason. */
  failRunning(ids: readonly string[], reason: AppError): Promise<void>;
  /** Bytes that a process takes; as the system says, where it is not given. */
  residentBytes?: (pid: number) => number;
  /** What ending may take after the grace, milliseconds. */
  lateMs?: number;
}

const PROGRAM = join(import.meta.dir, 'worker-process.ts');
const AGAIN_MS = 1000;
/** What cancelling and giving up may take after the grace; a worker that still is there waits for a database that is gone. */
const LATE_MS = 45_000;

/** A worker in a process of its own. */
export interface WorkerChild extends Worker {
  memory(): MemoryUse;
}

/** How long the record of what runs may take to be written before the process is ended all the same. */
const RECORD_MS = 2000;

/**
 * Hires a worker in a process of its own. Resolves when it takes operations; throws what kept it from that. A process that ends by
 * itself is replaced, and its operations are ended by the next one's sweeper. One that is past its memory's ceiling is ended from here, since
 * it may be stuck in one piece of work, and what it ran fails with that reason. It never outlives this process, nor its time to stop.
 */
export async function spawnWorker(
  assignment: WorkerSettings,
  { log, metrics, failRunning, residentBytes: read = residentBytes, lateMs = LATE_MS }: WorkerHost,
): Promise<WorkerChild> {
  const limitBytes = memoryLimit(assignment.config.workerMemoryLimitMb, 'worker');
  let stopping: Promise<void> | null = null;
  const start = async () => {
    const begun = Promise.withResolvers<void>();
    const running = new Set<string>();
    const child = Bun.spawn([process.execPath, '--no-install', PROGRAM], {
      stdio: ['ignore', 'inherit', 'inherit'],
      serialization: 'advanced',
      ipc(message: WorkerMessage) {
        if (message.kind === 'log') repeat(log, message.line);
        if (message.kind === 'finished') metrics.operationFinished(message.facts);
        if (message.kind === 'running') running[message.runs ? 'add' : 'delete'](message.id);
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
    // People who look on come first, where cores are few. Who stands further back already may not come forward.
    setPriority(child.pid, Math.max(assignment.config.workerNiceness, getPriority()));
    child.send({ kind: 'begin', assignment } satisfies WorkerCommand);
    try {
      await begun.promise;
    } catch (error) {
      child.kill('SIGKILL');
      await child.exited;
      throw error;
    }
    const watch = watchMemory(
      child.pid,
      limitBytes,
      (bytes) => {
        watch[Symbol.dispose]();
        const reason = memoryShort('The worker', limitBytes, 'WORKER_MEMORY_LIMIT_MB');
        const operations = [...running];
        log.error(
          { bytes, limitBytes, operations },
          'the worker’s process took more memory than it may have, and is ended',
        );
        // The record first, so that nobody takes it for one that died: but memory does not wait.
        const recorded = failRunning(operations, reason).catch((error: unknown) =>
          log.error({ error }, 'why its operations failed could not be noted'),
        );
        void Promise.race([recorded, Bun.sleep(RECORD_MS)]).then(() => child.kill('SIGKILL'));
      },
      read,
    );
    void child.exited.then(() => watch[Symbol.dispose]()).then(replace);
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
        if (stopping !== null) current.send({ kind: 'stop', graceMs: 0 } satisfies WorkerCommand);
        return;
      } catch (error) {
        log.error({ error }, 'the worker’s process could not be replaced; it is tried again');
      }
    }
  }

  const stop = async (graceMs: number) => {
    if (current.exitCode === null) current.send({ kind: 'stop', graceMs } satisfies WorkerCommand);
    const late = setTimeout(() => {
      log.error({}, 'the worker’s process did not end when told to, and was killed');
      current.kill('SIGKILL');
    }, graceMs + lateMs);
    await current.exited.finally(() => clearTimeout(late));
  };
  return {
    stop: (graceMs) => (stopping ??= stop(graceMs)),
    memory: () => ({ bytes: read(current.pid), limitBytes }),
  };
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
