/**
 * Runs the worker of a server with ROLE=all in a process of its own, because compressing and hashing a backup would
 * keep the answering process busy. Started by `spawnWorker`; exchanges the messages of `WorkerMessage` with it, and
 * ends with it.
 */
import { openRecords } from '../../db/system/records.ts';
import { askWith } from '../api/ask.ts';
import { failureBody } from '../core/errors.ts';
import { recordedBackups } from '../jobs/queue/recorded-backups.ts';
import { createLocalStorage } from '../storage/local/local.ts';
import { logsInto } from './logs/logs.ts';
import { openWorker } from './open-worker.ts';
import { composeSchema } from './schema.ts';
import type { WorkerCommand, WorkerMessage, WorkerSettings } from './spawn-worker.ts';

const send = (message: WorkerMessage) => process.send?.(message);

async function work({ config, directUrl }: WorkerSettings): Promise<{ stop(graceMs: number): Promise<void> }> {
  const lines = { write: (line: string) => send({ kind: 'log', line }), close: async () => undefined };
  const { records, close } = openRecords(directUrl, { connections: 4 });
  try {
    const { model } = await composeSchema(config);
    const { worker, queue } = await openWorker({
      config,
      directUrl,
      model,
      storage: createLocalStorage(config.backupDir, (folder) => recordedBackups(askWith(records), folder)),
      records,
      metrics: { operationFinished: (facts) => send({ kind: 'finished', facts }) },
      onRunning: (id, runs) => send({ kind: 'running', id, runs }),
      log: logsInto(lines, config.logLevel).log,
      now: () => new Date(),
      newId: () => crypto.randomUUID(),
    });
    return {
      async stop(graceMs) {
        await worker.stop(graceMs);
        await queue.stop();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function main(): void {
  // Ctrl-C on a terminal reaches this process too, but its server decides when and how it ends.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // Without its server nobody could stop it any more. The next one sweeps what it leaves.
  process.on('disconnect', () => process.exit(1));
  let working: Awaited<ReturnType<typeof work>> | null = null;
  process.on('message', async (order: WorkerCommand) => {
    if (order.kind === 'stop') {
      await working?.stop(order.graceMs);
      process.exit(0);
    }
    try {
      working = await work(order.assignment);
      send({ kind: 'ready' });
    } catch (error) {
      send({ kind: 'failed', error: failureBody(error, new Date(), 'here').error });
    }
  });
}

if (import.meta.main) main();
