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

/** The database that is backed up, and the migrated empty one that our restore fills. */
export const SOURCE = 'bench_source';
export const MIGRATED = 'bench_migrated';

/** The server and files that all contenders share. Disposing it leaves nothing on the machine. */
export interface Bench extends AsyncDisposable {
  server: BenchServer;
  /** Folder for dumps and archives, empty at first. Programs run here too, because it holds no `.env` of the project. */
  files: string;
  signal: AbortSignal;
  /** Rows of all tables of the source, and their bytes as COPY text. */
  rows: number;
  copyBytes: number;
  tables: string[];
  /** Shortest duration of the load on our server, in seconds. */
  loadSeconds: number;
}

export interface BenchOptions {
  /** Folder in which the benchmark creates its own. */
  work: string;
  /** Approximate number of rows. */
  rows: number;
  loadSeconds: number;
  signal: AbortSignal;
  say: (line: string) => void;
}

/** Approximate rows of the demo data per person. */
const ROWS_PER_PERSON = 10.34;
const SEED = 1;

/** Bytes on disk per row at the worst moment: the source, a full copy of it, its staging tables, dumps, archives. */
const BYTES_PER_ROW = 1800;
/** Bytes of write-ahead log: it grows with the rows up to `max_wal_size`, and somewhat over it. */
const LOG_BYTES = 5e9;
const EMPTY_BYTES = 200e6;

/** Starts the server and fills the source. Throws DISK_FULL for too little disk space, NOT_FOUND without a PostgreSQL, CANCELLED. */
export async function openBench(options: BenchOptions): Promise<Bench> {
  await refuseSmallDisk(options.work, options.rows);
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(options.work, 'palace-bench-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // Under root, the server's user must be able to reach its own folder below.
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
  // Otherwise the first contender to read would mark rows as committed, or write another's dirty pages.
  await server.query(SOURCE, 'VACUUM (FREEZE, ANALYZE)');
  await server.query(SOURCE, 'CHECKPOINT');
  const total = Object.values(made).reduce((sum, count) => sum + count, 0);
  return { rows: total, tables: Object.keys(made) };
}

/** Counts the bytes of all rows as COPY text. Also warms the cache, outside every measurement. */
async function countCopyBytes(bench: Omit<Bench, typeof Symbol.asyncDispose>): Promise<number> {
  const { bytes } = await runProgram(copyEverything(bench), {
    cwd: bench.files,
    env: { PATH: bench.server.binaries, ...bench.server.env },
    signal: bench.signal,
    stdout: 'count',
  });
  return bytes;
}

/** Returns the command that sends all tables to stdout, one after another, on one connection. */
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
