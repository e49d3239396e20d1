import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { modelFromSchema } from '../../db/drizzle-model.ts';
import { openRecords } from '../../db/records.ts';
import * as hrms from '../../db/schema/hrms.ts';
import { type TestDatabase, testDatabase } from '../../db/testing.ts';
import { createCatalogue } from '../backup/catalogue.ts';
import { AppError } from '../errors.ts';
import type { Caller } from '../security/caller.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/storage.ts';
import { type Access, testAccess } from './access.fixture.ts';
import type { AppEnv } from './context.ts';
import { testDesk } from './desk.fixture.ts';
import { failureResponse } from './errors.ts';
import type { ApiParts, ThrottlePart } from './parts.ts';
import { testAudit, testUploads } from './records.fixture.ts';
import { TRPC_PATH, trpcRoute } from './route.ts';

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
  /** Who a request speaks for, as the app finds it out. */
  readCaller(headers: Headers, address: string): Promise<{ caller: Caller }>;
  /** As if it had been received; the upload's id. */
  receive(bytes: Uint8Array, originalName: string): Promise<string>;
  log: LogLine[];
  /** Adds an administrator; its id. */
  admin(role: string, options?: { isActive?: boolean }): Promise<{ id: string; email: string }>;
  /** A session of that administrator, made without a password; the `Cookie` header. */
  session(adminId: string, options?: { expired?: boolean; steppedUp?: boolean }): Promise<string>;
}

export interface TestServerOptions {
  throttle?: ThrottlePart;
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
  const access = testAccess(database, client.records, now);
  const desk = testDesk(database.url, storage, model);
  const uploads = testUploads(client.records, storage);
  const parts: ApiParts = {
    sessions: access.sessions,
    tokens: access.tokens,
    audit: testAudit(client.records, now),
    throttle: options.throttle ?? { spend: async () => undefined },
    desk,
    uploads,
    storage,
    catalogue: createCatalogue({ storage, now, signal: life.signal }),
    records: client.records,
    tables: model.tables,
    backup: { compression: 'deflate', level: null },
    version: '0.0.0',
    now,
  };
  const log: LogLine[] = [];
  const app = appOf(parts, access, log, options.routes);
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 0, fetch: (request) => app.fetch(request) });
  const hash = await Bun.password.hash(PASSWORD, { algorithm: 'bcrypt', cost: 4 });

  return {
    url: `http://127.0.0.1:${server.port}`,
    database,
    storage,
    parts,
    readCaller: async (headers, address) => ({ caller: await access.readCaller(headers, address) }),
    receive: uploads.receive,
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
      const id = crypto.randomUUID();
      await database.query(
        `INSERT INTO backup_system.sessions (id, admin_id, email, full_name, role, is_active, checked_at, address, expires_at, step_up_until)
         SELECT $1, id, email, "fullName", role::text, "isActive", now(), '127.0.0.1', now() + $3::interval, CASE WHEN $4 THEN now() + interval '5 min' END FROM admins WHERE id = $2`,
        [createHash('sha256').update(id).digest('hex'), adminId, expired ? '-1 second' : '1 hour', steppedUp],
      );
      return access.sessions.cookies.set(id).split(';')[0] ?? '';
    },
    async [Symbol.asyncDispose]() {
      life.abort();
      await server.stop(true);
      await desk.idle();
      await client.close();
      await database[Symbol.asyncDispose]();
    },
  };
}

function appOf(parts: ApiParts, access: Access, log: LogLine[], routes: TestServerOptions['routes']): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const lines = (level: LogLine['level']) => (facts: Record<string, unknown>, message: string) => {
    log.push({ level, facts, message });
  };
  app.use(async (c, next) => {
    c.set('requestId', crypto.randomUUID());
    c.set('log', { info: lines('info'), warn: lines('warn'), error: lines('error') });
    c.set('caller', await access.readCaller(c.req.raw.headers, '127.0.0.1'));
    await next();
  });
  app.onError((error) => failureResponse(error, parts.now()));
  app.notFound(() => failureResponse(new AppError('NOT_FOUND', 'There is nothing here.'), parts.now()));
  app.route(TRPC_PATH, trpcRoute(parts));
  routes?.(app);
  return app;
}
