import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../db/embedded/free-port.ts';
import { unprivilegedLaunch } from '../../db/embedded/unprivileged.ts';
import { askOnce, connected } from '../../db/testing/client.fixture.ts';
import type { TestDatabase } from '../../db/testing/database.ts';
import type { TestLibrary } from '../../server/testing/test-library.fixture.ts';
import type { CommandFolder } from '../command/command-folder.fixture.ts';
import { LIBRARY_SCHEMA, libraryFolder } from '../command/filled-folders.fixture.ts';

const pgbouncer = Bun.which('pgbouncer') ?? Bun.which('pgbouncer', { PATH: '/usr/sbin:/usr/local/sbin' });
let fixture: Awaited<ReturnType<typeof libraryFolder>>;
let library: TestLibrary;
let folder: CommandFolder;
beforeAll(async () => {
  fixture = await libraryFolder();
  ({ library, folder } = fixture);
});
afterAll(() => fixture[Symbol.asyncDispose]());

const COMMANDS: [name: string, words: string[]][] = [
  ['backup', []],
  ['backup', ['--check']],
  ['restore', ['./library.zip', '--yes']],
];

describe.skipIf(pgbouncer === null)('behind a transaction pooler', () => {
  test('every command is refused with POOLER_DETECTED and says which setting to give, and the pooled sessions are as they were', async () => {
    await using pooler = await startPooler(library.database, 'transaction');
    for (const [name, words] of COMMANDS) {
      const { code, stderr, stdout } = await folder.run(name, words, { ...LIBRARY_SCHEMA, DATABASE_URL: pooler.url });
      expect([code, stderr]).toEqual([2, expect.stringContaining('POOLER_DETECTED')]);
      expect(stdout + stderr).toContain('DATABASE_DIRECT_URL');
    }
    const client = await connected(pooler.url);
    expect((await client.query('SHOW search_path')).rows).toEqual([{ search_path: '"$user", public' }]);
    expect((await client.query('SELECT count(*)::int AS rows FROM books')).rows).toEqual([{ rows: 30 }]);
    await client.end();
    expect(await folder.files()).toEqual([]);
    expect(await library.state()).toBe(library.changed);
  });

  test('it is detected also while other clients keep its connections busy', async () => {
    await using pooler = await startPooler(library.database, 'transaction');
    let over = false;
    const busy = Array.from({ length: 6 }, async () => {
      const client = await connected(pooler.url);
      while (!over) await client.query('SELECT count(*) FROM books');
      await client.end();
    });
    const { code, stderr } = await folder.run('backup', [], { ...LIBRARY_SCHEMA, DATABASE_URL: pooler.url });
    over = true;
    await Promise.all(busy);
    expect([code, stderr]).toEqual([2, expect.stringContaining('POOLER_DETECTED')]);
  });

  test('DATABASE_DIRECT_URL is used instead', async () => {
    await using pooler = await startPooler(library.database, 'transaction');
    const env = { ...LIBRARY_SCHEMA, DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: library.database.url };
    for (const [name, words] of COMMANDS) expect((await folder.run(name, words, env)).code).toBe(0);
    await library.change();
  });
});

describe.skipIf(pgbouncer === null)('behind a session pooler', () => {
  test('every command works', async () => {
    await using pooler = await startPooler(library.database, 'session');
    for (const [name, words] of COMMANDS) {
      const { code, stderr } = await folder.run(name, words, { ...LIBRARY_SCHEMA, DATABASE_URL: pooler.url });
      expect([code, stderr]).toEqual([0, expect.any(String)]);
    }
    expect(await library.state()).toBe(library.archived);
    await library.change();
  });
});

async function startPooler(
  database: TestDatabase,
  mode: 'transaction' | 'session',
): Promise<AsyncDisposable & { url: string }> {
  const target = new URL(database.url);
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'palace-pooler-'));
  await Bun.write(
    join(dir, 'pooler.ini'),
    `[databases]
${database.name} = host=${target.hostname} port=${target.port} dbname=${database.name} user=${target.username} password=${target.password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = 20
`,
  );
  const { prefix } = await unprivilegedLaunch(null);
  const child = Bun.spawn([...prefix, pgbouncer ?? '', join(dir, 'pooler.ini')], {
    cwd: dir,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said = child.stderr.text();
  const url = new URL(database.url);
  url.port = String(port);
  for (let tries = 500; ; tries--) {
    try {
      await askOnce(url.href, 'SELECT');
      break;
    } catch (error) {
      if (tries === 0 || child.exitCode !== null)
        throw new Error(`pgbouncer does not answer: ${child.exitCode === null ? error : await said}`);
      await Bun.sleep(10);
    }
  }
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await child.exited;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
