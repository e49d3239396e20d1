import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { openRecords, type Records } from '../../db/system/records.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/storage.ts';
import * as schema from '../testing/library.fixture.ts';
import type { TestLibrary } from '../testing/test-library.fixture.ts';
import { createDesk, type Desk, readOperation } from './queue/desk.ts';
import { type Feed, openFeed } from './queue/feed.ts';
import { type Queue, startQueue } from './queue/queue.ts';
import type { OperationRequest } from './queue/requests.ts';
import { newId, now, testVerbs, testWorker } from './queue/worker.fixture.ts';
import type { Worker, WorkerDeps } from './queue/worker.ts';
import type { OperationView } from './records.ts';
import type { Verbs } from './worker-verbs.ts';

export const BACKUP = {
  kind: 'backup',
  compression: 'deflate',
  strict: false,
  verify: true,
  wait: false,
} as const satisfies OperationRequest;

/** The jobs of one process on a database: a desk, and workers as they are started. Disposing it twice is safe. */
export interface TestJobs extends AsyncDisposable {
  desk: Desk;
  queue: Queue;
  feed: Feed;
  records: Records;
  storage: Storage;
  /** Lines of the log. */
  logged: { message: string; facts: object }[];
  startWorker(over?: Partial<WorkerDeps>): Promise<Worker>;
  /** Requests as `a test`, and waits for the end. */
  done(request: OperationRequest): Promise<OperationView>;
  /** Returns the record once it has ended. */
  ended(id: string): Promise<OperationView>;
  /** Returns the record once `isSo` is true for it. */
  until(id: string, isSo: (view: OperationView) => boolean): Promise<OperationView>;
}

export interface TestJobsOptions {
  storage?: Storage;
  verbs?: (verbs: Verbs) => Verbs;
}

export async function openJobs(
  library: Pick<TestLibrary, 'database'>,
  options: TestJobsOptions = {},
): Promise<TestJobs> {
  const databaseUrl = library.database.url;
  const storage = options.storage ?? createMemoryStorage(now);
  const logged: TestJobs['logged'] = [];
  const write = (facts: object, message: string) => void logged.push({ message, facts });
  const log = { info: write, warn: write, error: write };
  const { records, close } = openRecords(databaseUrl, { connections: 3 });
  const queue = await startQueue({
    databaseUrl,
    works: true,
    onError: (error) => write({ error }, 'the queue failed'),
  });
  const feed = openFeed({ databaseUrl, read: (id) => readOperation(records, id) });
  const desk = createDesk({ databaseUrl, records, queue, feed, now, newId });
  const verbs = testVerbs({ databaseUrl, storage, model: modelFromSchema(schema) });
  const workers: Worker[] = [];

  const until: TestJobs['until'] = async (id, isSo) => {
    for (let tries = 1500; tries > 0; tries--) {
      const view = await desk.get(id);
      if (isSo(view)) return view;
      await Bun.sleep(20);
    }
    throw new Error(`it never came: ${JSON.stringify(await desk.get(id))}`);
  };
  let closed: Promise<void> | null = null;
  const leave = async () => {
    for (const worker of workers) await worker.stop(0);
    await queue.stop();
    await feed[Symbol.asyncDispose]();
    await close();
  };
  const ended = (id: string) => until(id, (view) => view.finishedAt !== null);

  return {
    desk,
    queue,
    feed,
    records,
    storage,
    logged,
    until,
    ended,
    async startWorker(over = {}) {
      const own = options.verbs?.(verbs) ?? verbs;
      const worker = await testWorker({ databaseUrl, records, queue, verbs: own, storage, log, ...over });
      workers.push(worker);
      return worker;
    },
    async done(request) {
      const { operation } = await desk.request(request, 'a test', 'here');
      return ended(operation.id);
    },
    [Symbol.asyncDispose]() {
      closed ??= leave();
      return closed;
    },
  };
}

/** Returns every view that a watcher gets until the operation has ended. */
export async function watched(desk: Desk, id: string, afterRevision = -1): Promise<OperationView[]> {
  const views: OperationView[] = [];
  for await (const view of desk.watch(id, afterRevision, AbortSignal.timeout(60_000))) views.push(view);
  return views;
}
