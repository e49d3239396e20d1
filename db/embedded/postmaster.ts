import { readFileSync } from 'node:fs';
import { readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { AppError } from '../../server/core/errors.ts';

/** Contents of `postmaster.pid`, for a server that runs, or ran, on a data folder. */
export interface Postmaster {
  pid: number;
  port: number;
}

/**
 * Reads `postmaster.pid`. Returns null when there is none, or when it does not hold the port yet. Checks nothing else: the server may be
 * dead.
 */
export async function readPostmaster(dataDir: string): Promise<Postmaster | null> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number.parseInt(lines[0] ?? '', 10);
  const port = Number.parseInt(lines[3] ?? '', 10);
  return pid > 0 && port > 0 ? { pid, port } : null;
}

/** The server that answers on a port: the server of this very data folder, one that is not ready yet, or nobody of ours. */
export type PostmasterState = 'ready' | 'not yet' | 'not ours';

/**
 * Signs in and asks for the data folder, so that another server on a recycled port is not taken for ours. Throws DATABASE_AUTH_FAILED when
 * the server asks for another password.
 */
export async function askPostmaster(dataDir: string, port: number, password: string | null): Promise<PostmasterState> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    password: password ?? '',
    ssl: false,
    connectionTimeoutMillis: 5000,
    application_name: 'palace cluster',
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const result = await client.query<{ data_directory: string }>('SHOW data_directory');
    const shown = result.rows[0]?.data_directory ?? '';
    return (await isSamePath(shown, dataDir)) ? 'ready' : 'not ours';
  } catch (error) {
    if (isCode(error, '28P01')) {
      throw new AppError(
        'DATABASE_AUTH_FAILED',
        `The PostgreSQL of ${dataDir} asks for another password than the one kept beside it.`,
        {
          hint: 'Stop that server, then put its password back or remove the folder to begin with an empty database.',
          cause: error,
        },
      );
    }
    return 'not yet';
  } finally {
    await client.end().catch(() => {});
  }
}

/** Returns true when the process is alive and is a PostgreSQL of this data folder, not another program that was given its number. */
export function isOurPostmaster(pid: number, dataDir: string): boolean {
  const words = commandLine(pid);
  return words?.includes('postgres') === true && words.includes(dataDir);
}

/**
 * Stops the server by a fast shutdown, which ends open sessions and writes data out. After `timeoutMs` shuts down at once, which costs a
 * recovery at the next start but no data. Resolves when the process is gone; removes a stale `postmaster.pid`.
 */
export async function stopPostmaster(dataDir: string, pid: number, timeoutMs = 30_000): Promise<void> {
  for (const [signal, timeout] of [
    ['SIGINT', timeoutMs],
    ['SIGQUIT', 5000],
    ['SIGKILL', 5000],
  ] as const) {
    if (!isOurPostmaster(pid, dataDir)) break;
    tryKill(pid, signal);
    for (let left = timeout; left > 0 && isOurPostmaster(pid, dataDir); left -= 20) await Bun.sleep(20);
  }
  const still = await readPostmaster(dataDir);
  if (still === null || still.pid === pid) await rm(join(dataDir, 'postmaster.pid'), { force: true });
}

/** Sends a signal; a process that is already gone is no error. */
export function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone, which is what was wanted.
  }
}

/** Returns the command line of a live process; null when it is gone or only waits to be reaped. */
function commandLine(pid: number): string | null {
  if (process.platform === 'linux') {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8') || null;
    } catch {
      return null;
    }
  }
  const shown = Bun.spawnSync(['ps', '-ww', '-o', 'stat=,command=', '-p', String(pid)])
    .stdout.toString()
    .trim();
  return shown === '' || shown.startsWith('Z') ? null : shown;
}

async function isSamePath(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([a, b].map((path) => realpath(path).catch(() => path)));
  return left === right;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
