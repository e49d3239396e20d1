import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventSource } from 'eventsource';
import { Hono } from 'hono';
import { maskDatabaseUrl } from '../../db/connect/mask-url.ts';
import { sensitivityOf } from '../../db/hrms/policy.ts';
import * as hrms from '../../db/hrms/schema.ts';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { newestMigration } from '../../db/system/migration-state.ts';
import { openRecords } from '../../db/system/records.ts';
import { uploads as uploadRows } from '../../db/system/schema.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { type BackupClient, createBackupClient } from '../client/client.ts';
import { APPLICATION } from '../core/application.ts';
import { AppError } from '../core/errors.ts';
import { TRPC_PATH, trpcRoute } from '../files/route.ts';
import type { ReadCaller } from '../http/guards.ts';
import { createReadCaller } from '../http/read-caller.ts';
import { createDesk, readOperation } from '../jobs/queue/desk.ts';
import { openFeed } from '../jobs/queue/feed.ts';
import { startQueue } from '../jobs/queue/queue.ts';
import { newId, SILENT, testVerbs, testWorker } from '../jobs/queue/worker.fixture.ts';
import { createAcceptance } from '../jobs/uploads/acceptance.ts';
import { createUploadDesk } from '../jobs/uploads/upload-desk.ts';
import { createAcceptVerb } from '../jobs/uploads/verb.ts';
import { createBackupCache } from '../library/backup-cache.ts';
import { createRowReader } from '../library/rows/rows.ts';
import { storageCheck } from '../process/checks.ts';
import { createAudit } from '../security/audit/audit.ts';
import { createSessions } from '../security/sessions/sessions.ts';
import { createThrottle } from '../security/throttle.ts';
import { createTokens } from '../security/tokens/tokens.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/storage.ts';
import { createUploadArea } from '../storage/uploads.ts';
import { OPEN_CONNECTION } from '../testing/connection.fixture.ts';
import type { AppEnv } from './context.ts';
import { failureResponse } from './errors.ts';
import type { ApiParts } from './parts.ts';

export const PASSWORD = 'correct horse battery staple';

export interface LogLine {
  level: 'info' | 'warn' | 'error';
  facts: Record<string, unknown>;
  message: string;
}

/** A running server over a database of its own: real HTTP, real PostgreSQL, archives in memory. */
export interface TestServer extends AsyncDisposable {
  url: string;
  database: TestDatabase;
  storage: Storage;
  parts: ApiParts;
  readCaller: ReadCaller;
  /** Puts an upload in the state `received`; returns its id. */
  receive(bytes: Uint8Array, originalName: string): Promise<string>;
  log: LogLine[];
  /** Adds an administrator; returns its id. */
  admin(role: string, options?: { isActive?: boolean }): Promise<{ id: string; email: string }>;
  /** Makes a session of that administrator without a password; returns the `Cookie` header. */
  session(adminId: string, options?: { expired?: boolean; steppedUp?: boolean }): Promise<string>;
}

export interface TestServerOptions {
  throttle?: ApiParts['throttle'];
  /** Further routes, mounted beside the procedures. */
  routes?: (app: Hono<AppEnv>) => void;
  now?: () => Date;
}

export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  const now = options.now ?? (() => new Date());
  const database = await testDatabase({ template: 'hrms' });
  const client = openRecords(database.url, { connections: 4 });
  const storage = createMemoryStorage(now);
  const model = modelFromSchema(hrms);
  const life = new AbortController();
  const { records } = client;
  const databaseUrl = database.url;
  const folder = await mkdtemp(join(tmpdir(), 'api-uploads-'));
  const area = createUploadArea(folder);
  await area.prepare();
  const sessions = createSessions({
    records,
    throttle: createThrottle({ records }),
    now,
    sessionDays: 14,
    secureCookies: false,
  });
  const tokens = createTokens({
    records,
    secretKey: 'a secret key of at least thirty-two characters',
    issuer: 'http://localhost',
    now,
  });
  const readCaller = createReadCaller({ sessions, tokens });
  const queue = await startQueue({ databaseUrl, works: true, onError: () => undefined });
  const feed = openFeed({ databaseUrl, read: (id) => readOperation(records, id) });
  const desk = createDesk({ databaseUrl, records, queue, feed, now, newId });
  const verbs = {
    ...testVerbs({ databaseUrl, storage, model, application: APPLICATION, now }),
    upload: createAcceptVerb({ records, storage, area, now }),
  };
  const worker = await testWorker({ databaseUrl, records, queue, verbs, storage, log: SILENT, now, sweepMs: 1000 });
  const cache = createBackupCache({ storage, now, signal: life.signal });
  const parts: ApiParts = {
    sessions,
    tokens,
    audit: createAudit({ records, now }),
    throttle: options.throttle ?? { consume: async () => undefined },
    desk,
    uploads: createUploadDesk({ records, acceptance: createAcceptance({ records, desk }), area, now }),
    storage,
    cache,
    rows: createRowReader({ storage, sensitivityOf, now, onDamage: (name) => cache.drop(name) }),
    sensitivityOf,
    records,
    model,
    databaseAddress: maskDatabaseUrl(databaseUrl),
    newestMigration: newestMigration(),
    readExclusions: async () => [],
    memory: () => ({ answering: { bytes: 1, limitBytes: 2 }, worker: null }),
    checkStorage: () => storageCheck(storage, 0).check(life.signal),
    backup: { compression: 'deflate', level: null },
    version: '0.0.0',
    now,
  };
  const log: LogLine[] = [];
  const app = appOf(parts, readCaller, log, options.routes);
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 0, fetch: (request) => app.fetch(request) });
  const hash = await Bun.password.hash(PASSWORD, { algorithm: 'bcrypt', cost: 4 });

  return {
    url: `http://127.0.0.1:${server.port}`,
    database,
    storage,
    parts,
    readCaller,
    async receive(bytes, originalName) {
      const id = newId();
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      await records
        .insert(uploadRows)
        .values({ id, originalName, state: 'received', type: 'archive', size: bytes.length, sha256, actor: 'a test' });
      await Bun.write(join(folder, id), bytes);
      return id;
    },
    log,
    async admin(role, { isActive = true } = {}) {
      const id = crypto.randomUUID();
      const email = `${id.slice(0, 8)}@owu.test`;
      await database.query(
        `INSERT INTO admins (id, email, password, "fullName", role, "isActive", "updatedAt") VALUES ($1, $2, $3, 'A Person', $4, $5, now())`,
        [id, email, hash, role, isActive],
      );
      return { id, email };
    },
    async session(adminId, { expired = false, steppedUp = false } = {}) {
      const id = Buffer.from(crypto.getRandomValues(new Uint8Array(20)))
        .toString('hex')
        .replace(/[0189]/g, 'z');
      await database.query(
        `INSERT INTO backup_system.sessions (id, admin_id, email, full_name, role, is_active, checked_at, address, expires_at, step_up_until)
         SELECT $1, id, email, "fullName", role::text, "isActive", now(), '127.0.0.1', now() + $3::interval, CASE WHEN $4 THEN now() + interval '5 min' END FROM admins WHERE id = $2`,
        [createHash('sha256').update(id).digest('hex'), adminId, expired ? '-1 second' : '1 hour', steppedUp],
      );
      return sessions.cookies.set(id).split(';')[0] ?? '';
    },
    async [Symbol.asyncDispose]() {
      life.abort();
      await server.stop(true);
      await worker.stop(10_000);
      await queue.stop();
      await feed[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
      await client.close();
      await database[Symbol.asyncDispose]();
    },
  };
}

function appOf(
  parts: ApiParts,
  readCaller: ReadCaller,
  log: LogLine[],
  routes: TestServerOptions['routes'],
): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const lines = (level: LogLine['level']) => (facts: Record<string, unknown>, message: string) => {
    log.push({ level, facts, message });
  };
  app.use(async (c, next) => {
    c.set('requestId', crypto.randomUUID());
    c.set('connection', OPEN_CONNECTION);
    c.set('log', { info: lines('info'), warn: lines('warn'), error: lines('error') });
    c.set('caller', (await readCaller(c.req.raw.headers, '127.0.0.1')).caller);
    await next();
  });
  app.onError((error) => failureResponse(error, parts.now()));
  app.notFound(() => failureResponse(new AppError('NOT_FOUND', 'There is nothing here.'), parts.now()));
  app.route(TRPC_PATH, trpcRoute(parts));
  routes?.(app);
  return app;
}

/** Returns a client that sends these headers: the cookie of a session as a browser does, or a token. */
export function clientWith(server: Pick<TestServer, 'url'>, headers: Record<string, string>): BackupClient {
  return createBackupClient({
    url: server.url,
    EventSource,
    fetch: (url, init) =>
      fetch(url, { ...init, headers: { ...Object.fromEntries(new Headers(init.headers)), ...headers } }),
  });
}
