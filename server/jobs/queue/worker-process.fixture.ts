/**
 * Runs a worker in a process of its own: `bun worker-process.fixture.ts URL FOLDER`. Backups pause in their first write
 * while FOLDER/hold exists. Prints `ready`, and then each operation it takes, one a line.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { openRecords } from '../../../db/system/records.ts';
import { createLocalStorage } from '../../storage/local/local.ts';
import type { Storage } from '../../storage/storage.ts';
import * as library from '../../testing/library.fixture.ts';
import { startQueue } from './queue.ts';
import { testVerbs, testWorker } from './worker.fixture.ts';

/** The script to start. */
export const WORKER_PROCESS = import.meta.path;

async function main([databaseUrl = '', folder = '']: string[]): Promise<void> {
  const storage = pausingStorage(createLocalStorage(join(folder, 'backups')), join(folder, 'hold'));
  const { records } = openRecords(databaseUrl, { connections: 2 });
  const queue = await startQueue({ databaseUrl, works: true, onError: (error) => console.error(error) });
  const write = (facts: object, message: string) => {
    if ('operationId' in facts && message === 'operation taken') console.log(facts.operationId);
  };
  const complain = (facts: object, message: string) => console.error(message, facts);
  const verbs = testVerbs({ databaseUrl, storage, model: modelFromSchema(library) });
  const log = { info: write, warn: () => undefined, error: complain };
  const worker = await testWorker({ databaseUrl, records, queue, verbs, storage, log, concurrency: 1 });
  console.log('ready');
  process.on('SIGTERM', async () => {
    await worker.stop(0);
    await queue.stop();
    process.exit(0);
  });
}

function pausingStorage(inner: Storage, hold: string): Storage {
  const create: Storage['create'] = async (name) => {
    const object = await inner.create(name);
    const write: typeof object.write = async (bytes) => {
      await object.write(bytes);
      while (existsSync(hold)) await Bun.sleep(10);
    };
    // Methods must run on the object itself.
    return new Proxy(object, {
      get: (target, key) => {
        if (key === 'write') return write;
        const value = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
  return new Proxy(inner, {
    get: (target, key) => {
      if (key === 'create') return create;
      const value = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

if (import.meta.main) await main(process.argv.slice(2));
