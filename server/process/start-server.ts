import { join, resolve } from 'node:path';
import type { Hono } from 'hono';
import { openRecords } from '../../db/system/records.ts';
import { askWith } from '../api/ask.ts';
import { APPLICATION } from '../core/application.ts';
import type { ProcessLog } from '../core/log.ts';
import type { AppEnv } from '../http/env.ts';
import { readPanel } from '../http/panel.ts';
import { recordedBackups } from '../jobs/queue/recorded-backups.ts';
import { createLocalStorage } from '../storage/local/local.ts';
import { createApp } from './app.ts';
import { storageCheck } from './checks.ts';
import type { Config } from './config.ts';
import { askDatabase, readOverview } from './front-page/overview.ts';
import { openLogs } from './logs/logs.ts';
import { guardMemory, memoryLimit } from './metrics/memory.ts';
import { metricSources } from './metrics/metric-sources.ts';
import { createMetrics } from './metrics/metrics.ts';
import { composeSchema } from './schema.ts';
import { SECRET_KEY_FILE, secretKey } from './secret-key.ts';
import { openServices, type Services } from './services.ts';
import { type Ending, endAll } from './shutdown.ts';

/** A server that is ready to be listened for. */
export interface ComposedServer {
  app: Hono<AppEnv>;
  log: ProcessLog;
  /** Makes `/readyz` fail and ends event streams, at once; safe to call twice. */
  beginClosing(): void;
  /** Lets running operations finish within `graceMs`, or cancels them. */
  finishWork(graceMs: number): Promise<void>;
  /** Closes connections and files, the log last. Call after `finishWork`, and after the last request was answered. */
  close(): Promise<void>;
}

/** Output folder of `bun run build` for the panel. */
const PANEL_DIR = join(import.meta.dir, '../../dist/web');

/**
 * Builds everything from the settings, and opens what it needs. The database must have been migrated. Throws
 * CONFIG_INVALID, leaving nothing open.
 */
export async function composeServer(config: Config, databaseUrl: string): Promise<ComposedServer> {
  const key = await secretKey(config, resolve(SECRET_KEY_FILE), (length) =>
    crypto.getRandomValues(new Uint8Array(length)),
  );
  const { model } = await composeSchema(config);
  const panel = await readPanel(PANEL_DIR);
  const now = () => new Date();
  const newId = () => crypto.randomUUID();
  const closing = new AbortController();
  const { log, close: closeLog } = await openLogs({ level: config.logLevel, file: config.logFile });
  // The same database as operations use: a person must confirm the name of the one that a restore changes.
  const { records, close: closeRecords } = openRecords(config.databaseDirectUrl ?? databaseUrl);
  const storage = createLocalStorage(config.backupDir, (folder) => recordedBackups(askWith(records), folder));
  const guard = guardMemory(memoryLimit(config.memoryLimitMb, 'answering'), (use) =>
    log.error({ ...use }, 'this process is above its memory limit; it takes on nothing large until it is below'),
  );
  let workerMemory: Services['workerMemory'] = null;
  const memory = () => ({ answering: guard.use(), worker: workerMemory?.() ?? null });
  const metrics = createMetrics({
    version: APPLICATION.version,
    sources: { ...metricSources(records, storage), memory },
  });
  const closeAll = async (endings: readonly Ending[]) => {
    try {
      await endAll(
        [
          ...endings,
          { name: 'records', end: closeRecords },
          { name: 'memory', end: async () => guard[Symbol.dispose]() },
        ],
        log,
      );
    } finally {
      await closeLog();
    }
  };
  const services = await openServices({
    config,
    databaseUrl,
    secretKey: key,
    model,
    storage,
    records,
    metrics,
    log,
    now,
    newId,
    memory,
    closing: closing.signal,
  }).catch(async (error: unknown) => {
    // The first failure counts; later ones that follow from it are in the log.
    await closeAll([]).catch(() => undefined);
    throw error;
  });

  ({ workerMemory } = services);

  const app = createApp({
    version: APPLICATION.version,
    guards: {
      production: config.nodeEnv === 'production',
      publicUrl: config.publicUrl,
      trustedProxies: config.trustedProxies,
      corsOrigins: config.corsOrigins,
      metricsToken: config.metricsToken,
    },
    checks: [
      { name: 'database', check: (signal) => askDatabase(databaseUrl, signal) },
      storageCheck(storage),
      { name: 'memory', check: async () => throwAny(guard.refusal()) },
      ...services.checks,
    ],
    refuseLarge: () => throwAny(guard.refusal()),
    readOverview: (signal) => readOverview({ databaseUrl, tables: model.tables, storage }, signal),
    panel,
    metrics,
    log,
    api: services.api,
    closing: closing.signal,
    now,
    elapsed: () => performance.now(),
    newId,
  });
  return {
    app,
    log,
    beginClosing: () => closing.abort(),
    finishWork: services.finishWork,
    close: () => closeAll(services.endings),
  };
}

function throwAny(error: Error | null): void {
  if (error) throw error;
}
