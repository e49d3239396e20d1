/**
 * The worker of a server that does everything (ROLE=all), in a thread of its own: compressing and hashing a backup would keep the
 * thread that answers people busy. Started by `hireThread`; speaks with it by the messages of `ThreadMessage`.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { modelFromSchema } from '../db/drizzle-model.ts';
import { loadSchemaModule } from '../db/load-schema.ts';
import { openRecords } from '../db/records.ts';
import * as hrmsSchema from '../db/schema/hrms.ts';
import { failureBody } from './errors.ts';
import { hire } from './hire.ts';
import type { Assignment, ThreadMessage, ThreadOrder } from './hire-thread.ts';
import { logsInto } from './logs.ts';
import { createLocalStorage } from './storage/local.ts';

async function main({ config, directUrl }: Assignment): Promise<void> {
  const tell = (message: ThreadMessage) => parentPort?.postMessage(message);
  const lines = { write: (line: string) => tell({ kind: 'log', line }), close: async () => undefined };
  const { records, close } = openRecords(directUrl, { connections: 4 });
  try {
    const schema =
      config.backupSchema === null ? hrmsSchema : await loadSchemaModule(config.backupSchema, process.cwd());
    const { worker, queue } = await hire({
      config,
      directUrl,
      model: modelFromSchema(schema),
      storage: createLocalStorage(config.backupDir),
      records,
      metrics: { operationFinished: (facts) => tell({ kind: 'finished', facts }) },
      log: logsInto(lines, config.logLevel).log,
      now: () => new Date(),
      newId: () => crypto.randomUUID(),
    });
    parentPort?.on('message', async ({ stop: graceMs }: ThreadOrder) => {
      await worker.stop(graceMs);
      await queue.stop();
      await close();
      tell({ kind: 'stopped' });
    });
    tell({ kind: 'ready' });
  } catch (error) {
    await close();
    tell({ kind: 'failed', error: failureBody(error, new Date()).error });
  }
}

if (!isMainThread) await main(workerData);
