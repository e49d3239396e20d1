import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, findCluster, startCluster } from '../embedded/cluster.ts';
import { BUILTIN_LOCALE, embeddedBinaries } from '../embedded/embedded.ts';
import { machineBinaries } from '../embedded/machine-postgres.ts';

/** `18`: the embedded PostgreSQL. `15`: the machine's own, whatever its version; 15 on Debian 12. */
export type TestServer = '18' | '15';

const FOLDER = join(import.meta.dir, '../../.data');
const PASSWORD = 'test';
/**
 * Settings for speed, not safety: a test server's data is worth nothing. Logical replication and two-phase commit are on for the tests that
 * need them.
 */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  autovacuum: 'off',
  shared_buffers: '64MB',
  max_wal_size: '512MB',
  max_connections: '200',
  wal_level: 'logical',
  max_prepared_transactions: '10',
  // Our own sessions are without it anyway. Debian's server takes a quarter of a second to compile what a test asks of the catalog.
  jit: 'off',
};

const started = new Map<TestServer, Promise<Cluster>>();

/** Returns true when this machine has a PostgreSQL of its own for tests to use. */
function machineServerAvailable(): boolean {
  return addressGiven('15') !== undefined || machineBinaries() !== null;
}

/** Returns the servers that tests can use here; always includes `18`. */
export function testServers(): TestServer[] {
  return machineServerAvailable() ? ['18', '15'] : ['18'];
}

/**
 * Returns the superuser's address of a test server: the one the test command started, else one started now and shared by everybody in this
 * folder.
 */
export async function testServerUrl(server: TestServer): Promise<string> {
  return addressGiven(server) ?? (await startTestServer(server)).adminUrl();
}

/** Starts a test server with its data in the given folder, or joins the one running there. Deletes data that cannot be started any more. */
export function startTestServer(server: TestServer, folder = FOLDER): Promise<Cluster> {
  const running = started.get(server);
  if (running !== undefined) return running;
  const starting = start(server, folder);
  started.set(server, starting);
  starting.catch(() => started.delete(server));
  return starting;
}

/** Releases what `startTestServer` started in this process. */
export async function stopTestServers(): Promise<void> {
  const clusters = [...started.values()];
  started.clear();
  for (const cluster of clusters) await (await cluster).stop();
}

/** Removes the folder of stopped test servers, unless another process still uses one of them. */
export async function removeTestServers(folder: string): Promise<void> {
  for (const server of testServers()) if (await findCluster(homeOf(folder, server), PASSWORD)) return;
  await rm(folder, { recursive: true, force: true });
}

function homeOf(folder: string, server: TestServer): string {
  return join(folder, `test-${server}`);
}

function addressGiven(server: TestServer): string | undefined {
  return process.env[`TEST_PG${server}_URL`] || undefined;
}

async function start(server: TestServer, folder: string): Promise<Cluster> {
  const binaries = server === '18' ? await embeddedBinaries() : machineBinaries();
  if (binaries === null)
    throw new Error('This machine has no PostgreSQL of its own; ask machineServerAvailable() first.');
  const dir = homeOf(folder, server);
  const initArgs = server === '18' ? BUILTIN_LOCALE : ['--locale=C'];
  const options = { binaries, dir, password: PASSWORD, initArgs, settings: SETTINGS };
  try {
    return await startCluster(options);
  } catch {
    await rm(join(dir, 'data'), { recursive: true, force: true });
    return startCluster(options);
  }
}
