import { join } from 'node:path';
import { maskDatabaseUrl } from '../../db/connect/mask-url.ts';
import { sensitivityElsewhere, sensitivityOf } from '../../db/hrms/policy.ts';
import type { SchemaModel } from '../../db/model/model.ts';
import { newestMigration } from '../../db/system/migration-state.ts';
import type { Records } from '../../db/system/records.ts';
import { failureResponse } from '../api/errors.ts';
import { readExclusions } from '../backup/exclusions.ts';
import { APPLICATION } from '../core/application.ts';
import type { AppError } from '../core/errors.ts';
import { lastingFault } from '../core/lasting-fault.ts';
import type { ProcessLog } from '../core/log.ts';
import { exportJson } from '../document/export.ts';
import { fileRoutes } from '../files/files.ts';
import type { FileParts } from '../files/parts.ts';
import { TRPC_PATH, trpcRoute } from '../files/route.ts';
import { createReadCaller } from '../http/read-caller.ts';
import type { ReadinessCheck } from '../http/readiness.ts';
import { createDesk, readOperation } from '../jobs/queue/desk.ts';
import { endRunning } from '../jobs/queue/end-queued.ts';
import { openFeed } from '../jobs/queue/feed.ts';
import { type Queue, queueFault, startQueue } from '../jobs/queue/queue.ts';
import { repeat } from '../jobs/queue/repeat.ts';
import { createAcceptance } from '../jobs/uploads/acceptance.ts';
import type { WaitingLimits } from '../jobs/uploads/records.ts';
import { sweepUploads } from '../jobs/uploads/sweep.ts';
import { createUploadDesk } from '../jobs/uploads/upload-desk.ts';
import { createBackupCache } from '../library/backup-cache.ts';
import { createRowReader } from '../library/rows/rows.ts';
import { createAudit } from '../security/audit/audit.ts';
import { createSessions } from '../security/sessions/sessions.ts';
import { sweepAccess } from '../security/sessions/sweep.ts';
import { createThrottle } from '../security/throttle.ts';
import { createTokens } from '../security/tokens/tokens.ts';
import type { Storage } from '../storage/storage.ts';
import { createUploadArea } from '../storage/uploads.ts';
import type { Api } from './app.ts';
import { storageCheck } from './checks.ts';
import type { Config } from './config.ts';
import type { MemoryUse, ProcessMemory } from './metrics/memory.ts';
import type { Metrics } from './metrics/metrics.ts';
import { UPLOADS } from './open-worker.ts';
import type { Ending } from './shutdown.ts';
import { spawnWorker } from './spawn-worker.ts';

/** Dependencies of the services. */
export interface ServerParts {
  config: Config;
  databaseUrl: string;
  secretKey: string;
  model: SchemaModel;
  storage: Storage;
  records: Records;
  metrics: Metrics;
  log: ProcessLog;
  now: () => Date;
  newId: () => string;
  /** Returns the memory used by this process and its worker. */
  memory: () => ProcessMemory;
  /** Aborts when shutdown begins. */
  closing: AbortSignal;
}

/** The running services of a server. */
export interface Services {
  /** Null with ROLE=worker. */
  api: Api | null;
  checks: ReadinessCheck[];
  /** Returns the worker's memory; null with ROLE=api. */
  workerMemory: (() => MemoryUse) | null;
  /** Lets running operations finish within `graceMs` milliseconds, or cancels them. */
  finishWork(graceMs: number): Promise<void>;
  /** In the order in which they must end. */
  endings: Ending[];
}

/** Issuer of tokens where no public address is set: it only has to be the same on every replica. */
const ISSUER = 'palace-backup';
const SWEEP_MS = 60 * 60 * 1000;

/**
 * Opens the worker (ROLE all or worker), in a process of its own, and the API (all or api). On failure everything
 * opened is closed again.
 */
export async function openServices(parts: ServerParts): Promise<Services> {
  const { config, log } = parts;
  const directUrl = config.databaseDirectUrl ?? parts.databaseUrl;
  await using stack = new AsyncDisposableStack();
  const queue = await startQueue({
    databaseUrl: directUrl,
    works: false,
    onError: queueFault(log, parts.now).failed,
  });
  stack.defer(() => queue.stop());
  const failRunning = (ids: readonly string[], reason: AppError) => endRunning(parts.records, ids, reason, parts.now());
  const worker = config.role === 'api' ? null : await spawnWorker({ config, directUrl }, { ...parts, failRunning });
  stack.defer(async () => worker?.stop(0));

  const endings: Ending[] = [];
  const api = config.role === 'worker' ? null : openApi({ ...parts, directUrl, queue, endings });
  // A worker that was given time to finish has stopped already.
  endings.push({ name: 'worker', end: async () => worker?.stop(0) }, { name: 'queue', end: () => queue.stop() });
  stack.move();
  return {
    api,
    checks: [{ name: 'queue', check: () => queue.check() }],
    workerMemory: worker && (() => worker.memory()),
    finishWork: async (graceMs) => worker?.stop(graceMs),
    endings,
  };
}

type ApiContext = ServerParts & { directUrl: string; queue: Queue };

const UPLOADS_OF_THE_LARGEST = 10;

function waitingLimits({ maxUploadBytes, maxWaitingUploads, maxWaitingBytes }: Config): WaitingLimits {
  const bytes = maxWaitingBytes ?? UPLOADS_OF_THE_LARGEST * maxUploadBytes;
  return { uploads: maxWaitingUploads, bytes, unknown: maxUploadBytes };
}

/** Opens everything that needs sign-in. */
function openApi(context: ApiContext & { endings: Ending[] }): Api {
  const { config, records, storage, model, now, newId, directUrl, queue, log, closing, endings } = context;
  const throttle = createThrottle({ records });
  const secureCookies =
    config.nodeEnv === 'production' || config.tls !== null || (config.publicUrl?.startsWith('https:') ?? false);
  const sessions = createSessions({ records, throttle, now, sessionDays: config.sessionDays, secureCookies });
  const issuer = config.publicUrl ?? ISSUER;
  const tokens = createTokens({ records, secretKey: context.secretKey, issuer, now });
  const readCaller = createReadCaller({ sessions, tokens });
  const audit = createAudit({ records, now });
  const feed = openFeed({ databaseUrl: directUrl, read: (id) => readOperation(records, id) });
  const desk = createDesk({ databaseUrl: directUrl, records, queue, feed, now, newId });
  const cache = createBackupCache({ storage, now, signal: closing });
  // Ten thousand archives take some seconds to open, and the first reader should not wait for that.
  cache.list(closing).catch((error: unknown) => {
    if (!closing.aborted) log.warn({ error }, 'what is stored could not be read; whoever asks for it is told why');
  });
  const files: FileParts = {
    records,
    storage,
    area: createUploadArea(join(config.backupDir, UPLOADS)),
    now,
    newId,
    acceptance: createAcceptance({ records, desk }),
    onStored: (name) => cache.drop(name),
    onDamage: (name) => cache.drop(name),
    maxUploadBytes: config.maxUploadBytes,
    waitingLimits: waitingLimits(config),
    fail: (error) => failureResponse(error, now()),
    audit,
    nameOf: async (id, signal) => (await cache.find(id, signal)).name,
    readLink: (token, purpose) => tokens.readLink(token, purpose),
    readHolder: (holder, address) => tokens.readHolder(holder, address),
    readCaller,
    exportJson,
  };
  const policy = config.backupSchema === null ? sensitivityOf : sensitivityElsewhere;
  const parts = {
    sessions,
    tokens,
    audit,
    throttle,
    desk,
    uploads: createUploadDesk(files),
    storage,
    cache,
    rows: createRowReader({
      storage,
      sensitivityOf: policy,
      now,
      onDamage: (name) => cache.drop(name),
    }),
    sensitivityOf: policy,
    records,
    model,
    databaseAddress: maskDatabaseUrl(context.databaseUrl),
    newestMigration: newestMigration(),
    readExclusions: () => readExclusions(config.backupExclude),
    memory: context.memory,
    checkStorage: () => storageCheck(storage).check(closing),
    backup: { compression: config.backupCompression, level: config.backupLevel },
    version: APPLICATION.version,
    now,
  };
  const sweepFault = lastingFault(log, {
    fault: 'sweeping what has expired failed; it is tried again',
    over: 'what has expired is swept again',
    now,
  });
  const sweeping = repeat(SWEEP_MS, async () => {
    const swept = (async () => {
      await sweepAccess(records, now());
      await sweepUploads(files);
    })();
    await swept.then(sweepFault.works, sweepFault.failed);
  });
  endings.push(
    { name: 'sweeper', end: async () => sweeping[Symbol.asyncDispose]() },
    { name: 'feed', end: async () => feed[Symbol.asyncDispose]() },
  );
  return {
    readCaller,
    consume: (limit, key) => throttle.consume(limit, key),
    noteRefused: (attempt) => audit.append({ actor: 'nobody', outcome: 'denied', code: 'UNAUTHENTICATED', ...attempt }),
    jwks: () => tokens.jwks(),
    addRoutes(app) {
      app.route(TRPC_PATH, trpcRoute(parts));
      app.route('/', fileRoutes(files));
    },
  };
}
