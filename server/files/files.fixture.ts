import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { openRecords } from '../../db/system/records.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import type { AppEnv, ConnectionTimeout } from '../api/context.ts';
import { failureBody } from '../core/errors.ts';
import { statusOf } from '../http/status.ts';
import { acceptanceOf } from '../jobs/uploads/acceptance.fixture.ts';
import { type BackupCache, createBackupCache } from '../library/backup-cache.ts';
import { listen } from '../process/listen.ts';
import type { AuditEntry } from '../security/audit/audit-row.ts';
import { type Caller, SCOPES, type Scope } from '../security/caller.ts';
import { createLocalStorage } from '../storage/local/local.ts';
import type { Storage } from '../storage/storage.ts';
import { createUploadArea, type UploadArea } from '../storage/uploads.ts';
import { fileRoutes } from './files.ts';
import type { FileParts } from './parts.ts';

/**
 * A server of the bytes routes alone, on a real port, with a database, a folder of archives and an upload area of its
 * own.
 */
export interface FilesServer extends AsyncDisposable {
  url: string;
  folder: string;
  database: TestDatabase;
  storage: Storage;
  area: UploadArea;
  parts: FileParts;
  /** Entries appended to the audit, oldest first. */
  audited: AuditEntry[];
  /** Names in the upload area. */
  waiting(): Promise<string[]>;
  /** Records of uploads, oldest first. */
  uploads(): Promise<
    { id: string; state: string; size: number | null; sha256: string | null; error: { code: string } | null }[]
  >;
}

/** Returns headers that make a request come from a caller with these scopes, named by `as`. */
export function asCaller(scopes: readonly Scope[] = SCOPES, as = 'ada@palace.example'): Record<string, string> {
  return { 'X-Test-Caller': as, 'X-Test-Scopes': scopes.join(' ') };
}

function callerOf(header: (name: string) => string | undefined): Caller {
  const email = header('x-test-caller');
  const address = '127.0.0.1';
  if (email === undefined) return { kind: 'nobody', actor: 'nobody', address };
  const scopes = new Set(SCOPES.filter((scope) => header('x-test-scopes')?.split(' ').includes(scope)));
  return {
    kind: 'token',
    actor: `token test of ${email}`,
    tokenId: 'test',
    access: null,
    adminId: 'a',
    email,
    role: 'SUPER_ADMIN',
    scopes,
    address,
  };
}

export async function filesServer(
  change: Partial<FileParts> = {},
  idleSeconds = 255,
  tls: { cert: string; key: string } | null = null,
): Promise<FilesServer> {
  const database = await testDatabase({ template: 'hrms' });
  const folder = await mkdtemp(join(tmpdir(), 'palace-files-'));
  const client = openRecords(database.url, { connections: 4 });
  const storage = createLocalStorage(folder);
  const area = createUploadArea(join(folder, '.uploads'));
  // A fresh cache each time: tests store archives behind its back.
  const cache: Pick<BackupCache, 'find'> = {
    find: (id, signal) => createBackupCache({ storage, now: () => new Date(), signal }).find(id, signal),
  };
  const audited: AuditEntry[] = [];
  const { records } = client;
  const { acceptance, close: closeAcceptance } = await acceptanceOf({ records, storage, area }, database.url);
  const parts: FileParts = {
    records,
    acceptance,
    storage,
    area,
    maxUploadBytes: 100 * 1024 ** 2,
    waitingLimits: { uploads: 1000, bytes: 1024 ** 4, unknown: 1 },
    now: () => new Date(),
    newId: () => crypto.randomUUID(),
    fail: (error) => {
      const body = failureBody(error, new Date());
      return Response.json(body, { status: statusOf(body.error.code) });
    },
    audit: { append: async (entry) => void audited.push(entry), rows: async function* () {} },
    nameOf: async (id, signal) => (await cache.find(id, signal)).name,
    readLink: async () => {
      throw new Error('no links here');
    },
    readHolder: async () => callerOf((name) => (name === 'x-test-caller' ? 'ada@palace.example' : SCOPES.join(' '))),
    readCaller: async (headers) => ({ caller: callerOf((name) => headers.get(name) ?? undefined) }),
    ...change,
  };
  const app = new Hono<AppEnv & { Bindings: ConnectionTimeout }>();
  app.use(async (c, next) => {
    c.set('connection', c.env);
    c.set(
      'caller',
      callerOf((name) => c.req.header(name)),
    );
    c.set('requestId', 'r-1');
    c.set('log', { info: () => undefined, warn: () => undefined, error: (facts) => console.error(facts) });
    await next();
  });
  app.route('/', fileRoutes(parts));
  const server = listen({
    host: '127.0.0.1',
    port: 0,
    idleSeconds,
    tls,
    fetch: (request, connection) => app.fetch(request, connection),
  });
  return {
    url: server.url.replace(/\/$/, ''),
    folder,
    database,
    storage,
    area,
    parts,
    audited,
    waiting: async () => await readdir(area.folder).catch(() => []),
    uploads: async () =>
      await database.admin(
        'SELECT id, state, size::float8 AS size, sha256, error FROM backup_system.uploads ORDER BY created_at',
      ),
    async [Symbol.asyncDispose]() {
      await server.stop(0);
      await closeAcceptance();
      await client.close();
      await database[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
