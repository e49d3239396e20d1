import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestDatabase, testDatabase } from '../db/testing/database.ts';
import { startServer } from './main.ts';
import { readConfig } from './process/config.ts';

const program = join(import.meta.dir, 'main.ts');
let folder = '';
let database: TestDatabase;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'main-test-'));
  database = await testDatabase({ template: 'hrms' });
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function run(settings: Record<string, string>) {
  const { DATABASE_URL: _, DATABASE_DIRECT_URL: __, SECRET_KEY: ___, ...outside } = process.env;
  return Bun.spawn([process.execPath, program], {
    cwd: folder,
    env: { ...outside, PORT: '0', WORKER_NICENESS: '0', DATABASE_URL: database.url, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Reads what a program says until it says where it answers; the rest when it has ended. */
async function answering(child: ReturnType<typeof run>) {
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  let said = '';
  const readOn = async (until: (text: string) => boolean) => {
    while (!until(said)) {
      const { done, value } = await reader.read();
      if (done) return said;
      said += decoder.decode(value, { stream: true });
    }
    return said;
  };
  await readOn((text) => /answers at \S+\n/.test(text));
  return {
    url: /answers at (\S+)/.exec(said)?.[1] ?? '',
    until: (words: string) => readOn((text) => text.includes(words)),
    rest: () => readOn(() => false),
  };
}

describe('server/main.ts', () => {
  test('is ready, counts, and ends with code 0 at the first signal, leaving neither connection nor file', async () => {
    const child = run({ BACKUP_DIR: 'ready' });
    const { url, rest } = await answering(child);
    const ready = await fetch(new URL('/readyz', url));
    expect(await ready.json()).toEqual({
      ok: true,
      checks: { database: 'ok', storage: 'ok', memory: 'ok', queue: 'ok' },
    });
    // Older records would be dropped by the sweeper.
    const yesterday = Math.floor(Date.now() / 1000) - 86_400;
    await database.query(`INSERT INTO backup_system.operations (id, kind, state, actor, origin, created_at, finished_at)
      VALUES (gen_random_uuid(), 'backup', 'succeeded', 'a', 'b', now(), to_timestamp(${yesterday}))`);
    const metrics = await (await fetch(new URL('/metrics', url))).text();
    expect(metrics).toContain(`palace_backup_last_success_timestamp_seconds{kind="backup"} ${yesterday}`);
    expect(metrics).toContain('palace_backup_queued_operations 0');
    expect(metrics).toMatch(/palace_backup_storage_free_bytes \d+/);
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    const lines = (await rest()).split('\n').filter((line) => line.startsWith('{'));
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(expect.arrayContaining(['listening', 'stopping']));
    // The readiness check tried to write, and took away the folder it made for that.
    expect(existsSync(join(folder, 'ready'))).toBe(false);
    const open = await database.query(`SELECT application_name FROM pg_stat_activity WHERE datname = current_database()
      AND application_name LIKE 'palace-backup%'`);
    expect(open).toEqual([]);
  });

  test('reads what is stored as soon as it starts, so that whoever looks first does not wait for it', async () => {
    await symlink('nowhere-but-here', join(folder, 'nowhere-but-here'));
    const child = run({ BACKUP_DIR: 'nowhere-but-here' });
    const { until } = await answering(child);
    // Nobody asks; that it cannot be read is known from the attempt.
    await until('what is stored could not be read');
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
  });

  test('says on /readyz which part is down', async () => {
    const child = run({ BACKUP_DIR: '/proc/no-such-place' });
    const { url } = await answering(child);
    const answer = await fetch(new URL('/readyz', url));
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      error: { details: { checks: { database: 'ok', storage: 'STORAGE_UNAVAILABLE' } } },
    });
    child.kill('SIGTERM');
    await child.exited;
  });

  test('will not start in production without a key of its own', async () => {
    const child = run({ NODE_ENV: 'production' });
    const said = await new Response(child.stderr).text();
    expect(await child.exited).toBe(4);
    expect(said).toContain('SECRET_KEY');
    expect(said).toContain('openssl rand -base64 48');
    expect(said).toContain('CONFIG_INVALID');
  });

  test('writes to LOG_FILE, and no secret of a busy session is in it', async () => {
    const secret = 'Tr0ub4dor-secret';
    const child = run({
      LOG_FILE: join(folder, 'logs/palace.log'),
      LOG_LEVEL: 'debug',
      METRICS_TOKEN: `${secret}-metrics`,
      SECRET_KEY: `${secret}-${'k'.repeat(32)}`,
      BACKUP_DIR: 'busy',
    });
    const { url, rest } = await answering(child);
    const ask = (path: string, init?: RequestInit) => fetch(new URL(path, url), init);
    await ask('/metrics', { headers: { Authorization: `Bearer ${secret}-metrics` } });
    await ask(`/api/backups/1/download?token=${secret}`);
    await ask('/trpc/auth.signIn', { method: 'POST', body: JSON.stringify({ password: secret }) });
    await ask('/', { headers: { Cookie: `session=${secret}`, Authorization: `Basic ${btoa(secret)}` } });
    await ask('/', { method: 'POST', headers: { Cookie: `session=${secret}`, Origin: 'https://evil.example' } });
    await ask(`/postgres://anna:${secret}@db/hrms`);
    await Promise.all([ask('/readyz'), ask('/healthz')]);
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    const [name = ''] = await readdir(join(folder, 'logs'));
    const log = await readFile(join(folder, 'logs', name), 'utf8');
    expect(log.trim().split('\n').length).toBeGreaterThan(8);
    const databasePassword = new URL(database.url).password;
    for (const word of [secret, btoa(secret), `:${databasePassword}@`])
      expect(log + (await rest())).not.toContain(word);
    expect(log).toContain('/api/backups/1/download');
  });

  test('lets a slow request finish when told to stop, and takes no new one', async () => {
    // The front page counts rows; a table that is locked makes it wait.
    const { child, url, page, release } = await withSlowPage('slow');
    child.kill('SIGTERM');
    while (await fetch(new URL('/healthz', url)).catch(() => null));
    await release();
    expect((await page)?.status).toBe(200);
    expect(await child.exited).toBe(0);
  });

  test('ends at once at a second signal, whatever is under way', async () => {
    const child = run({ BACKUP_DIR: 'second' });
    const { url } = await answering(child);
    // An order that is never finished keeps its request under way.
    const { hostname, port, host } = new URL(url);
    const sender = await Bun.connect({ hostname, port: Number(port), socket: { data: () => undefined } });
    sender.write(
      `POST /trpc/auth.signIn HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
    );
    await fetch(new URL('/healthz', url));
    // Signals within a second count as one.
    const insisting = setInterval(() => child.kill('SIGTERM'), 50);
    expect(await child.exited).toBe(1);
    clearInterval(insisting);
    sender.end();
  });
});

/** Starts a server with a request under way that ends when it is released: the front page counts rows, and a table is locked. */
async function withSlowPage(backupDir: string) {
  // A worker has no panel to show instead.
  const child = run({ BACKUP_DIR: backupDir, ROLE: 'worker' });
  const { url } = await answering(child);
  await database.query('BEGIN; LOCK TABLE public.admins IN ACCESS EXCLUSIVE MODE');
  const page = fetch(url).catch(() => null);
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'palace-backup page' AND wait_event_type = 'Lock'`;
  while ((await database.admin(waiting)).length === 0);
  return { child, url, page, release: () => database.query('COMMIT') };
}

describe('startServer()', () => {
  test('knows people and records where operations work, so that the database confirmed is the one restored into', async () => {
    await using elsewhere = await testDatabase({ template: 'hrms' });
    const hash = await Bun.password.hash('a good password', { algorithm: 'bcrypt', cost: 4 });
    await database.query(
      `INSERT INTO admins (id, email, password, "fullName", role, "isActive", "updatedAt") VALUES ('d1', 'direct@owu.test', $1, 'D', 'SUPER_ADMIN', true, now())`,
      [hash],
    );
    const config = readConfig({
      PORT: '0',
      DATABASE_URL: elsewhere.url,
      DATABASE_DIRECT_URL: database.url,
      BACKUP_DIR: join(folder, 'direct'),
      LOG_FILE: join(folder, 'direct-logs/palace.log'),
      SECRET_KEY: 'k'.repeat(32),
    });
    const server = await startServer(config, elsewhere.url);
    const answer = await fetch(new URL('/trpc/auth.signIn', server.url), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: 'direct@owu.test', password: 'a good password' }),
    });
    expect(answer.status).toBe(200);
    await server.stop();
    expect(await elsewhere.query('SELECT 1 FROM backup_system.audit')).toEqual([]);
  });

  test('leaves nothing open when it cannot listen', async () => {
    const config = readConfig({ HOST: '192.0.2.1', BACKUP_DIR: join(folder, 'x'), SECRET_KEY: 'k'.repeat(32) });
    await expect(startServer(config, database.url)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const ours = `SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'palace-backup%'`;
    // The server notices a moment later that a connection was ended.
    while ((await database.query(ours)).length > 0) await Bun.sleep(20);
  });
});
