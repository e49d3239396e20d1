import { getPriority, setPriority } from 'node:os';
import { join } from 'node:path';
import { AppError, type FailureBody } from '../core/errors.ts';
import { lastingFault } from '../core/lasting-fault.ts';
import type { ProcessLog } from '../core/log.ts';
import type { Worker } from '../jobs/queue/worker.ts';
import type { Config } from './config.ts';
import { type MemoryUse, memoryLimit, memoryShort, residentBytes, watchMemory } from './metrics/memory.ts';
import type { FinishedOperation, Metrics } from './metrics/metrics.ts';

/** Settings that the worker gets at its start. */
export interface WorkerSettings {
  config: Config;
  /** Address that goes past any pooler. */
  directUrl: string;
}

/** Messages from the server to the worker. `stop`: finish within `graceMs` milliseconds, then cancel. */
export type WorkerCommand = { kind: 'begin'; assignment: WorkerSettings } | { kind: 'stop'; graceMs: number };

export type WorkerMessage =
  /** A line of log, as JSON. */
  | { kind: 'log'; line: string }
  | { kind: 'finished'; facts: FinishedOperation }
  /** An operation begins, or has ended. */
  | { kind: 'running'; id: string; runs: boolean }
  | { kind: 'ready' }
  | { kind: 'failed'; error: FailureBody['error'] };

/** Dependencies from the process that starts the worker. */
export interface WorkerHost {
  log: ProcessLog;
  metrics: Pick<Metrics, 'operationFinished'>;
  /** Ends the records of these operations with this reason. */
  failRunning(ids: readonly string[], reason: AppError): Promise<void>;
  /** Returns the bytes of memory a process uses; by default as the system says. */
  residentBytes?: (pid: number) => number;
  /** Milliseconds that ending may take after the grace. */
  lateMs?: number;
}

const PROGRAM = join(import.meta.dir, 'worker-process.ts');
const AGAIN_MS = 1000;
/**
 * Milliseconds for cancelling and abandoning after the grace; a worker still there then waits for a database that is
 * gone.
 */
const LATE_MS = 45_000;

/** A worker in a process of its own. */
export interface WorkerChild extends Worker {
  memory(): MemoryUse;
}

/** Milliseconds for writing the records of running operations before the process is killed all the same. */
const RECORD_MS = 2000;

/**
 * Starts a worker in a process of its own, which never outlives this process nor its time to stop. Resolves when it
 * takes operations; throws the reason when it does not. A process that ends by itself is replaced, and the next one's
 * sweeper ends its operations.
 *
 * A process over its memory limit is killed from here, since it may be stuck in one piece of work, and its operations
 * fail with that reason.
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
          hint: 'What it said is in the log; where it said nothing, the machine may have run short of memory.',
        }),
      ),
    );
    // Where cores are few, answering people comes first. A process may not lower its niceness.
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
        // The record first, so that nobody takes it for one that died; but only briefly, because memory keeps growing.
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
    using fault = lastingFault(log, {
      fault: 'the worker’s process could not be replaced; it is tried again',
      over: 'the worker’s process begins again',
      now: () => new Date(),
    });
    while (stopping === null) {
      await Bun.sleep(AGAIN_MS);
      try {
        current = await start();
        fault.works();
        log.warn({}, 'the worker’s process was replaced');
        // It was told to stop while it began.
        if (stopping !== null) current.send({ kind: 'stop', graceMs: 0 } satisfies WorkerCommand);
        return;
      } catch (error) {
        fault.failed(error);
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

/** Writes a line of the worker's log into ours, which adds time and process itself. Errors were described there. */
function repeat(log: ProcessLog, line: string): void {
  const { level, msg, time: _time, pid: _pid, err, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const say = level === 'error' || level === 'warn' || level === 'debug' ? level : 'info';
  log[say]({ ...facts, ...(err !== undefined && { failure: err }) }, String(msg));
}
