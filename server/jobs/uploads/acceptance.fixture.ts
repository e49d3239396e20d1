import { createDesk, readOperation } from '../queue/desk.ts';
import { openFeed } from '../queue/feed.ts';
import { startQueue } from '../queue/queue.ts';
import { newId, now, SILENT, testWorker } from '../queue/worker.fixture.ts';
import type { AcceptOperation, AcceptParts } from './accept.ts';
import { type Acceptance, createAcceptance } from './acceptance.ts';
import { createAcceptVerb } from './verb.ts';

/** Creates acceptances over a real queue, and a worker that does nothing else. */
export async function acceptanceOf(
  parts: Omit<AcceptParts, 'now'>,
  databaseUrl: string,
): Promise<{ acceptance: Acceptance; close(): Promise<void> }> {
  const { records, storage } = parts;
  const queue = await startQueue({ databaseUrl, works: true, onError: () => undefined });
  const feed = openFeed({ databaseUrl, read: (id) => readOperation(records, id) });
  const verbs = { upload: createAcceptVerb({ ...parts, now }) };
  const worker = await testWorker({ databaseUrl, records, queue, verbs, storage, log: SILENT });
  const desk = createDesk({ databaseUrl, records, queue, feed, now, newId });
  return {
    acceptance: createAcceptance({ records, desk }),
    async close() {
      await worker.stop(0);
      await queue.stop();
      await feed[Symbol.asyncDispose]();
    },
  };
}

/** Returns an operation that nobody watches. */
export function acceptOperation(signal = new AbortController().signal): AcceptOperation {
  return { id: crypto.randomUUID(), signal, report: () => undefined, nameArchive: async () => undefined };
}
