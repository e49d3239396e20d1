import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, startCluster } from '../../../db/embedded/cluster.ts';
import { BUILTIN_LOCALE, embeddedBinaries } from '../../../db/embedded/embedded.ts';
import { askOnce, connected } from '../../../db/testing/client.fixture.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import type { TestDatabase } from '../../../db/testing/database.ts';
import { setBreakpoint } from '../../testing/faults.fixture.ts';
import { type TestLibrary, testLibraryIn } from '../../testing/test-library.fixture.ts';

/** A server of this file's own, because it is killed again and again. */
let dir = '';
let cluster: Cluster;
let library: TestLibrary;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'palace-crash-'));
  cluster = await start(0);
  await askOnce(cluster.adminUrl(), 'CREATE ROLE owner LOGIN');
  await askOnce(cluster.adminUrl(), 'CREATE DATABASE library OWNER owner');
  library = await testLibraryIn(libraryOf(cluster));
  await settleSequences();
});
afterAll(async () => {
  await cluster.stop();
  await rm(dir, { recursive: true, force: true });
});

describe('a restore whose server is killed', () => {
  for (const step of ['stage', 'apply', 'indexes', 'sequences'] as const) {
    test(`at the step "${step}" leaves live as it was, and the next operation sweeps what is left`, async () => {
      const breakpoint = await setBreakpoint(library.database, step);
      const restore = rejection(library.restore());
      await breakpoint.reached();
      await crash();
      expect((await restore).code).toBe('CONNECTION_LOST');
      await recover();
      await breakpoint.resume();
      expect(await library.state()).toBe(library.changed);
      await expectMended();
    });
  }

  test('between staging and apply leaves live as it was, and the next operation sweeps what is left', async () => {
    const reader = await connected(library.database.url);
    await reader.query('BEGIN; SELECT * FROM books');
    const locking = Promise.withResolvers<void>();
    const restore = rejection(library.restore({ onStage: (stage) => stage === 'lock' && locking.resolve() }));
    await locking.promise;
    await crash();
    expect((await restore).code).toBe('CONNECTION_LOST');
    await recover();
    expect(await library.state()).toBe(library.changed);
    await expectMended();
  });

  test('after everything but the commit asks the recovered server what became of it', async () => {
    const breakpoint = await setBreakpoint(library.database, 'record');
    const restore = rejection(library.restore());
    await breakpoint.reached();
    await crash();
    await recover();
    expect((await restore).code).toBe('CONNECTION_LOST');
    await breakpoint.resume();
    expect(await library.state()).toBe(library.changed);
    expect((await library.records()).at(-1)).toBe('restore failed');
    await expectMended();
  });

  test('right after the commit has been told is wholly restored', async () => {
    await library.restore();
    await crash();
    await recover();
    expect(await library.state()).toBe(library.archived);
    expect((await library.records()).at(-1)).toBe('restore succeeded');
    await change();
  });
});

async function expectMended(): Promise<void> {
  await library.restore();
  expect(await library.state()).toBe(library.archived);
  expect(await library.leftovers()).toEqual([]);
  expect((await library.records()).slice(-2)).toEqual(['restore failed', 'restore succeeded']);
  await change();
  expect(await library.state()).toBe(library.changed);
}

async function change(): Promise<void> {
  await library.change();
  await settleSequences();
}

/** Sets the sequences: PostgreSQL itself skips up to 32 numbers of a sequence in a crash, but none after `setval`. */
async function settleSequences(): Promise<void> {
  for (const name of ['readers_id_seq', 'books_id_seq', 'lendings_id_seq'])
    await library.database.query(`SELECT setval('${name}', (SELECT last_value FROM ${name}))`);
}

/** Kills the whole server at once, as a power cut would. */
async function crash(): Promise<void> {
  process.kill(cluster.pid, 'SIGKILL');
  while (isAlive(cluster.pid)) await Bun.sleep(5);
}

async function recover(): Promise<void> {
  await cluster.stop();
  cluster = await start(cluster.port);
}

async function start(port: number): Promise<Cluster> {
  const settings = { fsync: 'off', autovacuum: 'off', shared_buffers: '16MB' };
  return startCluster({
    binaries: await embeddedBinaries(),
    dir,
    password: null,
    initArgs: BUILTIN_LOCALE,
    port,
    settings,
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Returns a database like a test database, except that every statement has its own connection: none outlives a crash. */
function libraryOf(server: Cluster): TestDatabase {
  const adminUrl = server.adminUrl('library');
  const url = adminUrl.replace('postgres://postgres', 'postgres://owner');
  return {
    name: 'library',
    url,
    adminUrl,
    query: (sql, params) => askOnce(url, sql, params),
    admin: (sql, params) => askOnce(adminUrl, sql, params),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
