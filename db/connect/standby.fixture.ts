import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, startCluster } from '../embedded/cluster.ts';
import { machineBinaries } from '../embedded/machine-postgres.ts';

export interface Pair extends AsyncDisposable {
  primary: Cluster;
  standby: Cluster;
  /** Waits until the standby has everything the primary has now. */
  waitForReplay(): Promise<void>;
}

const SETTINGS = { fsync: 'off', wal_level: 'replica', hot_standby: 'on', max_wal_senders: '4' };

/** Starts a primary and its hot standby, of this machine's own PostgreSQL; null where it has none. */
export async function startPair(
  ask: (url: string, sql: string) => Promise<Record<string, unknown>[]>,
): Promise<Pair | null> {
  const binaries = machineBinaries();
  if (binaries === null) return null;
  const dir = await mkdtemp(join(tmpdir(), 'pair-'));
  const common = { binaries, password: 'test', initArgs: ['--locale=C'], settings: SETTINGS };
  const primary = await startCluster({ ...common, dir: join(dir, 'primary') });
  await mkdir(join(dir, 'standby'), { mode: 0o711 });
  const words = ['-d', primary.adminUrl(), '-D', join(dir, 'standby', 'data'), '-R', '-X', 'stream', '-c', 'fast'];
  const copy = Bun.spawn([join(binaries, 'pg_basebackup'), ...words], { stdout: 'ignore', stderr: 'pipe' });
  const said = await new Response(copy.stderr).text();
  if ((await copy.exited) !== 0) throw new Error(`pg_basebackup: ${said}`);
  const standby = await startCluster({ ...common, dir: join(dir, 'standby') });
  return {
    primary,
    standby,
    async waitForReplay() {
      const [now] = await ask(primary.adminUrl(), 'SELECT pg_current_wal_lsn()::text AS lsn');
      while (true) {
        const [there] = await ask(standby.adminUrl(), `SELECT pg_last_wal_replay_lsn() >= '${now?.lsn}' AS there`);
        if (there?.there) return;
        await Bun.sleep(20);
      }
    },
    async [Symbol.asyncDispose]() {
      await standby.stop();
      await primary.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
