import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedUrl } from '../db/embedded/embedded.ts';
import { waitForFileLock } from '../db/embedded/file-lock.ts';
import { testDatabase } from '../db/testing/database.ts';

const program = join(import.meta.dir, 'start.ts');
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'start test '));
});
const started: Bun.Subprocess[] = [];
afterAll(async () => {
  // A test that failed half-way has left its program running.
  for (const child of started) child.kill('SIGTERM');
  await Promise.all(started.map((child) => child.exited));
  await rm(folder, { recursive: true, force: true });
});

/** Starts the program in a folder of its own; resolves once it reports its address. */
async function start(settings: Record<string, string>, launcher: string[] = []) {
  const { DATABASE_URL: _, DATABASE_DIRECT_URL: __, ...outside } = process.env;
  const child = Bun.spawn([process.execPath, ...launcher, program], {
    cwd: folder,
    env: { ...outside, PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  let said = '';
  const decoder = new TextDecoder();
  for await (const bytes of child.stdout) {
    said += decoder.decode(bytes);
    if (said.includes('Ctrl-C stops')) break;
  }
  const url = /http:\S+/.exec(said)?.[0] ?? '';
  return { child, said, url };
}

describe('bun start', () => {
  test('brings a database with demo data on a machine without one, keeps it between starts, and leaves nothing running', async () => {
    const first = await start({});
    expect(first.said).toContain('Filled with demo data');
    const [, email, password] = /Sign in as (\S+) with the password (\S+);/.exec(first.said) ?? [];
    const entered = await fetch(new URL('/trpc/auth.signIn', first.url), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Origin: new URL(first.url).origin },
      body: JSON.stringify({ email, password }),
    });
    expect([entered.status, await entered.text()]).toEqual([200, expect.stringContaining('SUPER_ADMIN')]);
    expect(await (await fetch(first.url)).text()).toContain('<div id="root">');
    expect((await fetch(new URL('/readyz', first.url))).status).toBe(200);
    first.child.kill('SIGTERM');
    expect(await first.child.exited).toBe(0);
    expect(await embeddedUrl(join(folder, '.data/postgres'))).toBeNull();

    const second = await start({});
    expect(second.said).not.toContain('Filled');
    expect((await fetch(new URL('/readyz', second.url))).status).toBe(200);
    second.child.kill('SIGINT');
    expect(await second.child.exited).toBe(0);
  });

  test('starts the embedded database again when it is killed, on the same port, and goes on', async () => {
    const { child, url } = await start({});
    const database = join(folder, '.data/postgres');
    const before = await embeddedUrl(database);
    const pid = Number((await readFile(join(database, 'server/data/postmaster.pid'), 'utf8')).split('\n')[0]);
    process.kill(pid, 'SIGKILL');
    const ready = async () => (await fetch(new URL('/readyz', url)).catch(() => null))?.status === 200;
    while ((await embeddedUrl(database)) === null || !(await ready())) await Bun.sleep(100);
    expect(await embeddedUrl(database)).toBe(before);
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    expect(await embeddedUrl(database)).toBeNull();
  });

  test('uses the database of DATABASE_URL, and changes no HRMS table there', async () => {
    await using database = await testDatabase({ template: 'hrms' });
    const before = await database.query(
      'SELECT oid::text, relfilenode::text FROM pg_class WHERE relnamespace = 2200 ORDER BY oid',
    );
    const { child, said, url } = await start({ DATABASE_URL: database.url });
    expect(said).not.toContain('embedded');
    expect(said).toContain('Sign in as a SUPER_ADMIN of the HRMS');
    expect(said).not.toContain('Palace-Demo');
    expect((await fetch(new URL('/readyz', url))).status).toBe(200);
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    const after = await database.query(
      'SELECT oid::text, relfilenode::text FROM pg_class WHERE relnamespace = 2200 ORDER BY oid',
    );
    expect(after).toEqual(before);
    expect(await database.query('SELECT count(*)::int AS n FROM public.staff')).toEqual([{ n: 0 }]);
  });

  test('a second one in the folder says where the first is, and all of it ends with the program that started it', async () => {
    await using database = await testDatabase({ template: 'hrms' });
    const sessions = () =>
      database.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'palace-backup%'`,
      );
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
      const first = await start({ DATABASE_URL: database.url }, [join(import.meta.dir, 'start/launcher.fixture.ts')]);
      const second = Bun.spawn([process.execPath, program], {
        cwd: folder,
        env: { ...process.env, DATABASE_URL: database.url, PORT: '0' },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const said = await second.stderr.text();
      expect([await second.exited, said]).toEqual([
        6,
        expect.stringContaining(`in this folder already, at ${first.url}`),
      ]);
      first.child.kill(signal);
      await first.child.exited;
      while (await fetch(new URL('/healthz', first.url)).catch(() => null)) await Bun.sleep(100);
      while ((await sessions()).length > 0) await Bun.sleep(100);
      using free = await waitForFileLock(join(folder, '.data/start.lock'), 'exclusive', 30_000);
      expect(free).not.toBeNull();
    }
  });

  test('ends with code 2, what is wrong and what to do, and no password, when the database cannot be reached', async () => {
    const child = Bun.spawn([process.execPath, program], {
      cwd: folder,
      env: { ...process.env, DATABASE_URL: 'postgres://anna:hunter2@127.0.0.1:1/hrms', DATABASE_DIRECT_URL: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = await new Response(child.stderr).text();
    expect(await child.exited).toBe(2);
    expect(said).toContain('DATABASE_UNREACHABLE');
    expect(said).not.toContain('hunter2');
  });
});
