import { join } from 'node:path';
import type { SchemaModel } from '../../db/model/model.ts';
import type { Records } from '../../db/system/records.ts';
import { APPLICATION } from '../core/application.ts';
import type { Log } from '../core/log.ts';
import { type Queue, queueFault, startQueue } from '../jobs/queue/queue.ts';
import { startWorker, type Worker } from '../jobs/queue/worker.ts';
import { createDocumentAcceptance } from '../jobs/uploads/document.ts';
import { sweepUploads } from '../jobs/uploads/sweep.ts';
import { createAcceptVerb } from '../jobs/uploads/verb.ts';
import { createVerbs, type Verb, type Verbs } from '../jobs/worker-verbs.ts';
import type { Storage } from '../storage/storage.ts';
import { createUploadArea } from '../storage/uploads.ts';
import type { Config } from './config.ts';
import { counted } from './metrics/metric-sources.ts';
import type { Metrics } from './metrics/metrics.ts';

/** Folder of unfinished and received uploads, beside the archives. */
export const UPLOADS = '.uploads';

/** Dependencies of a worker. */
export interface WorkerParts {
  config: Config;
  /** Address that goes past any pooler. */
  directUrl: string;
  model: SchemaModel;
  storage: Storage;
  records: Records;
  metrics: Pick<Metrics, 'operationFinished'>;
  /** Called when an operation begins, and when it has ended. */
  onRunning?: (id: string, runs: boolean) => void;
  log: Log;
  now: () => Date;
  newId: () => string;
}

/** Opens the queue and starts a worker on it. Throws what `startQueue` throws, leaving nothing open. */
export async function openWorker(parts: WorkerParts): Promise<{ worker: Worker; queue: Queue }> {
  const { config, directUrl, storage, model, records, log, now, newId, metrics } = parts;
  const pause = (ms: number) => Bun.sleep(ms);
  const queue = await startQueue({
    databaseUrl: directUrl,
    works: true,
    onError: queueFault(log, now).failed,
  });
  const uploads = {
    records,
    storage,
    area: createUploadArea(join(config.backupDir, UPLOADS)),
    now,
    acceptDocument: createDocumentAcceptance({
      from: 'anybody',
      databaseUrl: directUrl,
      storage,
      model,
      application: APPLICATION,
      compression: config.backupCompression,
      level: config.backupLevel,
      lockGiveUpMs: config.lockGiveUpMs,
      now,
      newId,
    }),
  };
  const stored = createVerbs({
    databaseUrl: directUrl,
    storage,
    model,
    application: APPLICATION,
    excludeFile: config.backupExclude,
    jobs: config.backupJobs,
    lockTryMs: config.lockTimeoutMs,
    lockGiveUpMs: config.lockGiveUpMs,
    planKeepMs: config.planKeepMs,
    now,
    pause,
  });
  const verbs = { ...stored, upload: createAcceptVerb(uploads) };
  try {
    const worker = await startWorker({
      databaseUrl: directUrl,
      records,
      queue,
      verbs: reporting(counted(verbs, metrics, now), parts.onRunning),
      storage,
      sweepUploads: () => sweepUploads(uploads),
      log,
      now,
      newId,
      pause,
      concurrency: config.workerOperations,
      stallMs: config.stallMs,
      operationDays: config.operationDays,
    });
    return { worker, queue };
  } catch (error) {
    await queue.stop();
    throw error;
  }
}

/** Wraps the verbs so that the beginning and end of each are reported. */
function reporting(verbs: Verbs, onRunning: WorkerParts['onRunning']): Verbs {
  if (!onRunning) return verbs;
  const one =
    (verb: Verb): Verb =>
    async (operation, asked) => {
      onRunning(operation.id, true);
      try {
        return await verb(operation, asked);
      } finally {
        onRunning(operation.id, false);
      }
    };
  return Object.fromEntries(Object.entries(verbs).map(([kind, verb]) => [kind, one(verb)]));
}
