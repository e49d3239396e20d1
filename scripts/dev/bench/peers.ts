import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, copyEverything, SOURCE } from './bench.ts';
import type { Contender, Measured } from './contender.ts';
import { refuseOtherRows } from './rows.ts';
import { runProgram } from './run-program.ts';

const TARGET = 'bench_peer_target';
/** File that `pg_dump -Fc` makes and pg_restore restores. */
const PLAIN_DUMP = 'plain.dump';

/** PostgreSQL's own tools, as people use them. */
export const PEERS: Contender[] = [
  { key: 'copy', label: 'COPY TO nowhere, 1 connection', run: copyNowhere },
  dump('dump-c', 'pg_dump -Fc', PLAIN_DUMP, ['-Fc']),
  dump('dump-c-z1', 'pg_dump -Fc -Z1', 'quick.dump', ['-Fc', '-Z1']),
  dump('dump-d-j2', 'pg_dump -Fd -j2 -Z1', 'folder.dump', ['-Fd', '-j2', '-Z1']),
  restore('pg-restore-j2', 'pg_restore -j2, empty target', ['-j2', '--exit-on-error']),
  restore('pg-restore-1', 'pg_restore --single-transaction, empty target', ['--single-transaction']),
];

function runPeer(bench: Bench, program: string, words: string[]) {
  const env = { PATH: bench.server.binaries, ...bench.server.env };
  return runProgram([join(bench.server.binaries, program), ...words], { cwd: bench.files, env, signal: bench.signal });
}

async function copyNowhere(bench: Bench): Promise<Measured> {
  const [, ...words] = copyEverything(bench);
  const { seconds, peakRss } = await runPeer(bench, 'psql', words);
  return { seconds, peakRss, rowBytes: bench.copyBytes };
}

function dump(key: string, label: string, name: string, words: string[]): Contender {
  return {
    key,
    label,
    async run(bench) {
      await rm(join(bench.files, name), { recursive: true, force: true });
      const { seconds, peakRss } = await runPeer(bench, 'pg_dump', [...words, '-f', name, SOURCE]);
      const size = await sizeOf(join(bench.files, name));
      if (name !== PLAIN_DUMP) await rm(join(bench.files, name), { recursive: true });
      return { seconds, size, peakRss: words.includes('-j2') ? null : peakRss };
    },
  };
}

function restore(key: string, label: string, words: string[]): Contender {
  return {
    key,
    label,
    async run(bench) {
      const made = await stat(join(bench.files, PLAIN_DUMP)).catch(() => null);
      if (!made) await runPeer(bench, 'pg_dump', ['-Fc', '-f', PLAIN_DUMP, SOURCE]);
      await bench.server.recreate(TARGET, 'template0');
      await bench.server.query('postgres', 'CHECKPOINT');
      const { seconds, peakRss } = await runPeer(bench, 'pg_restore', [...words, '-d', TARGET, PLAIN_DUMP]);
      await refuseOtherRows(bench, TARGET, label);
      await bench.server.drop(TARGET);
      return { seconds, peakRss: words.includes('-j2') ? null : peakRss };
    },
  };
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isDirectory()) return found.size;
  const sizes = await Promise.all((await readdir(path)).map((name) => sizeOf(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}
