import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventSource } from 'eventsource';
import { fillDemo } from '../../db/hrms/demo/demo.ts';
import { DEMO_PASSWORD } from '../../db/hrms/demo/people.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { type BackupClient, createBackupClient } from '../client/client.ts';
import { startServer } from '../main.ts';
import { type Config, readConfig } from '../process/config.ts';
import { MARKER } from '../storage/local/folder-marker.ts';
import { type PausingProxy, pausingProxy } from './pausing-proxy.fixture.ts';

export const SUPER_ADMIN = 'superadmin@owu.example';
export { DEMO_PASSWORD };

/** The whole server as people meet it: HTTP outside, a PostgreSQL of its own with demo rows, archives in a folder. */
export interface System extends AsyncDisposable {
  url: string;
  database: TestDatabase;
  config: Config;
  /** Stands between the server's work and the database. */
  proxy: PausingProxy;
  /** Rows per table. */
  rows: Record<string, number>;
  /** Lists the folder of the backups. */
  files(): Promise<string[]>;
  signIn(email?: string, password?: string): Promise<Person>;
}

export interface SystemOptions {
  staff?: number;
  settings?: Record<string, string>;
  /** Everything goes through the proxy, not only the server's work. */
  allThroughProxy?: boolean;
}

export async function startSystem({
  staff = 60,
  settings = {},
  allThroughProxy = false,
}: SystemOptions = {}): Promise<System> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'palace-system-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const database = opened.use(await testDatabase({ template: 'hrms' }));
  const rows = await fillDemo(database.url, { staff, seed: 3 });
  const proxy = opened.use(await pausingProxy(database.url));
  const backups = join(folder, 'backups');
  const config = readConfig({
    PORT: '0',
    DATABASE_URL: allThroughProxy ? proxy.url : database.url,
    DATABASE_DIRECT_URL: proxy.url,
    BACKUP_DIR: backups,
    SECRET_KEY: 'k'.repeat(40),
    // Tests wait for it: it is not to stand back for the others.
    WORKER_NICENESS: '0',
    LOG_FILE: join(folder, 'logs', 'server.log'),
    ...settings,
  });
  const server = await startServer(config, config.databaseUrl ?? proxy.url);
  const url = server.url.replace(/\/$/, '');
  opened.defer(() => server.stop());
  // What a test holds up when it fails must not hold up the end.
  opened.defer(() => proxy.resume());
  const end = opened.move();
  return {
    url,
    database,
    config,
    proxy,
    rows,
    files: async () =>
      (await readdir(backups)).filter((name) => !name.startsWith('.uploads') && name !== MARKER).toSorted(),
    signIn: (email = SUPER_ADMIN, password = DEMO_PASSWORD) => signIn(url, email, password),
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  };
}

/** Somebody at a browser: a cookie, sent from the server's own pages. */
export interface Person {
  cookie: string;
  ask(path: string, init?: RequestInit): Promise<Response>;
  client: BackupClient;
}

export async function signIn(url: string, email = SUPER_ADMIN, password = DEMO_PASSWORD): Promise<Person> {
  const answer = await fetch(`${url}/trpc/auth.signIn`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0];
  if (!answer.ok || cookie === undefined) throw new Error(`${email} cannot sign in: ${await answer.text()}`);
  return personWith(url, cookie);
}

function personWith(url: string, cookie: string): Person {
  const send = (to: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set('Cookie', cookie);
    headers.set('Origin', url);
    return fetch(to, { ...init, headers });
  };
  return {
    cookie,
    ask: (path, init) => send(new URL(path, url).href, init),
    client: createBackupClient({ url, fetch: send, EventSource }),
  };
}
