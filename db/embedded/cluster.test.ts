import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askOnce } from '../testing/client.fixture.ts';
import { findCluster, startCluster } from './cluster.ts';
import type { ClusterOptions } from './cluster-launch.ts';
import { embeddedBinaries } from './embedded.ts';
import { isOurPostmaster, tryKill } from './postmaster.ts';

const PASSWORD = 'secret';
let root = '';
let dir = '';
let options: ClusterOptions;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cluster test with spaces '));
  dir = join(root, 'main');
  options = { binaries: await embeddedBinaries(), dir, password: PASSWORD, settings: { fsync: 'off' } };
  await using cluster = await startCluster(options);
  await askOnce(cluster.adminUrl(), 'CREATE TABLE kept AS SELECT 42 AS answer');
});

afterAll(() => rm(root, { recursive: true, force: true }));

describe('startCluster()', () => {
  test('serves 127.0.0.1 by TCP alone, from a path with spaces, and asks for the password', async () => {
    await using cluster = await startCluster(options);
    expect(await askOnce(cluster.adminUrl(), 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await askOnce(cluster.adminUrl(), 'SHOW unix_socket_directories')).toEqual([
      { unix_socket_directories: '' },
    ]);
    const wrong = cluster.adminUrl().replace(PASSWORD, 'guess');
    await expect(askOnce(wrong, 'SELECT 1')).rejects.toThrow('password authentication failed');
  });

  test('shares one server between its users and ends it with the last', async () => {
    const first = await startCluster(options);
    const second = await startCluster(options);
    expect([first.reused, second.reused]).toEqual([false, true]);
    expect(second.pid).toBe(first.pid);
    await first.stop();
    await first.stop();
    expect(await askOnce(second.adminUrl(), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await second.stop();
    expect(await findCluster(dir, PASSWORD)).toBeNull();
  });

  test('joins the server of a process that was killed', async () => {
    const user = await startUser();
    user.kill('SIGKILL');
    await user.exited;
    await using cluster = await startCluster(options);
    expect(cluster.reused).toBe(true);
    expect(cluster.port).toBe(user.port);
  });

  test('ends the server when its only user is told to terminate', async () => {
    const user = await startUser();
    const running = await findCluster(dir, PASSWORD);
    user.kill('SIGTERM');
    expect(await user.exited).toBe(143);
    while (running && isOurPostmaster(running.pid, join(dir, 'data'))) await Bun.sleep(10);
    expect(await findCluster(dir, PASSWORD)).toBeNull();
  });

  test('starts after a crash, with its data, though the number in postmaster.pid belongs to another program now', async () => {
    const data = join(dir, 'data');
    const crashed = await startCluster(options);
    const pidFile = await readFile(join(data, 'postmaster.pid'), 'utf8');
    tryKill(crashed.pid, 'SIGKILL');
    while (isOurPostmaster(crashed.pid, data)) await Bun.sleep(10);
    await writeFile(join(data, 'postmaster.pid'), pidFile.replace(String(crashed.pid), String(process.pid)));
    await crashed.stop();

    await using cluster = await startCluster(options);
    expect(cluster.reused).toBe(false);
    expect(await askOnce(cluster.adminUrl(), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  test('takes another port when the wanted one is busy', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    const address = squatter.address();
    const busy = typeof address === 'object' && address ? address.port : 0;
    await using cluster = await startCluster({ ...options, port: busy });
    expect(cluster.port).not.toBe(busy);
    squatter.close();
  });

  test('refuses data of another major version, saying both', async () => {
    const versionFile = join(dir, 'data', 'PG_VERSION');
    await writeFile(versionFile, '13\n');
    try {
      await expect(startCluster(options)).rejects.toMatchObject({
        code: 'SERVER_UNSUPPORTED',
        message: expect.stringMatching(/PostgreSQL 13.*PostgreSQL 18/),
      });
    } finally {
      await writeFile(versionFile, '18\n');
    }
  });

  test('says why it could not start, with the end of the log, and leaves no process', async () => {
    const broken = { ...options, settings: { shared_buffers: 'plenty' } };
    await expect(startCluster(broken)).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      hint: expect.stringContaining('shared_buffers'),
    });
    expect(await findCluster(dir, PASSWORD)).toBeNull();
  });

  test('leaves no half-made data folder when initdb fails', async () => {
    const fresh = join(root, 'fresh');
    await expect(startCluster({ ...options, dir: fresh, initArgs: ['--locale=nowhere'] })).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      hint: expect.stringContaining('nowhere'),
    });
    await using cluster = await startCluster({ ...options, dir: fresh });
    expect(await askOnce(cluster.adminUrl(), 'SHOW server_encoding')).toEqual([{ server_encoding: 'UTF8' }]);
  });
});

/** Starts another process that uses the cluster. */
async function startUser() {
  const fixture = join(import.meta.dir, 'cluster.fixture.ts');
  const user = Bun.spawn([process.execPath, fixture, dir], { stdout: 'pipe', stderr: 'inherit' });
  const reader = user.stdout.getReader();
  const { value } = await reader.read();
  return Object.assign(user, { port: Number(new TextDecoder().decode(value)) });
}
