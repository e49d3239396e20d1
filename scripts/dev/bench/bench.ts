import { chmod, mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { fillDemo } from '../../../db/hrms/demo/demo.ts';
import { HRMS } from '../../../db/hrms/tables.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { migrate } from '../../../db/system/migrate.ts';
import { AppError } from '../../../server/core/errors.ts';
import { formatCount, formatSize } from '../../command/format.ts';
import { runProgram } from './run-program.ts';
import { type BenchServer, startBenchServer } from './server.ts';

/** The database that is backed up, and the migrated empty one that ours restores into. */
export const SOURCE = 'bench_source';
export const MIGRATED = 'bench_migrated';

/** The ground the contenders meet on. Disposing it leaves nothing on the machine. */
export interface Bench extends AsyncDisposable {
  server: BenchServer;
  /** Empty at first; dumps and archives go here. It is also where programs run: no `.env` of the project lies in it. */
  files: string;
  signal: AbortSignal;
  /** Rows of all tables of the source, and their bytes as COPY text. */
  rows: number;
  copyBytes: number;
  tables: string[];
  /** How long our server is asked at least. */
  loadSeconds: number;
}

export interface BenchOptions {
  /** Folder in which the benchmark makes its own. */
  work: string;
  /** About how many rows. */
  rows: number;
  loadSeconds: number;
  signal: AbortSignal;
  say: (line: string) => void;
}

/** The demo data has about so many rows for each person. */
const ROWS_PER_PERSON = 10.34;
const SEED = 1;

/** Bytes on disk for each row at the worst moment: the source, a full copy of it, its staging tables, dumps, archives. */
const BYTES_PER_ROW = 1800;
/** The write-ahead log grows with the rows up to `max_wal_size`, and somewhat over it. */
const LOG_BYTES = 5e9;
const EMPTY_BYTES = 200e6;

/** Makes the server and fills the source. Throws DISK_FULL when there is too little room, NOT_FOUND without a PostgreSQL, CANCELLED. */
export async function openBench(options: BenchOptions): Promise<Bench> {
  await refuseSmallDisk(options.work, options.rows);
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(options.work, 'palace-bench-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // The user the server runs as, when we are root, must get to its own folder below.
  await chmod(folder, 0o711);
  const files = join(folder, 'files');
  await mkdir(files, { mode: 0o700 });

  options.say('starting a PostgreSQL of its own');
  const server = stack.use(await startBenchServer(join(folder, 'server'), options.signal));
  const { rows, tables } = await fillSource(server, options);
  const { signal, loadSeconds } = options;
  const bench = { server, files, signal, loadSeconds, rows, tables, copyBytes: 0 };
  bench.copyBytes = await countCopyBytes(bench);
  const kept = stack.move();
  return { ...bench, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function fillSource(server: BenchServer, { rows, signal, say }: BenchOptions) {
  await server.recreate(MIGRATED, 'template0');
  await migrate(server.url(MIGRATED), { application: HRMS, signal });
  await server.recreate(SOURCE, MIGRATED);
  say(`filling it with about ${formatCount(rows)} rows`);
  const made = await fillDemo(server.url(SOURCE), { staff: Math.round(rows / ROWS_PER_PERSON), seed: SEED, signal });
  // So that nobody's first reading has to mark rows as committed, or writes what another one left.
  await server.query(SOURCE, 'VACUUM (FREEZE, ANALYZE)');
  await server.query(SOURCE, 'CHECKPOINT');
  const total = Object.values(made).reduce((sum, count) => sum + count, 0);
  return { rows: total, tables: Object.keys(made) };
}

/** Also the first reading, which nobody's time is measured by. */
async function countCopyBytes(bench: Omit<Bench, typeof Symbol.asyncDispose>): Promise<number> {
  const { bytes } = await runProgram(copyEverything(bench), {
    cwd: bench.files,
    env: { PATH: bench.server.binaries, ...bench.server.env },
    signal: bench.signal,
    stdout: 'count',
  });
  return bytes;
}

/** The command that sends all tables to stdout, one after another, on one connection. */
export function copyEverything({ server, tables }: Pick<Bench, 'server' | 'tables'>): string[] {
  const copies = tables.flatMap((name) => ['-c', `COPY ${quoteName({ schema: 'public', name })} TO STDOUT`]);
  return [join(server.binaries, 'psql'), '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', SOURCE, ...copies];
}

async function refuseSmallDisk(work: string, rows: number): Promise<void> {
  const { bavail, bsize } = await statfs(work).catch((cause: unknown) => {
    throw new AppError('NOT_FOUND', `The folder ${work} cannot be used.`, {
      hint: 'Make it first, or name another one with --work.',
      cause,
    });
  });
  const free = bavail * bsize;
  const needed = rows * BYTES_PER_ROW + Math.min(LOG_BYTES, rows * BYTES_PER_ROW) + EMPTY_BYTES;
  if (free >= needed) return;
  throw new AppError(
    'DISK_FULL',
    `${work} has ${formatSize(free)} free; this size needs about ${formatSize(needed)}.`,
    {
      hint: 'Ask for fewer rows with --rows, or for another folder with --work.',
      details: { free, needed },
    },
  );
}
