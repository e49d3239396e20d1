import { mkdir, realpath } from 'node:fs/promises';
import { AppError } from '../../server/core/errors.ts';
import { type ClusterOptions, clusterPaths, launchCluster, READY_MS, startError } from './cluster-launch.ts';
import { type FileLock, tryFileLock, waitForFileLock } from './file-lock.ts';
import {
  askPostmaster,
  isOurPostmaster,
  type Postmaster,
  readPostmaster,
  stopPostmaster,
  tryKill,
} from './postmaster.ts';

/** A running PostgreSQL on 127.0.0.1. Disposing it is `stop()`. */
export interface Cluster extends AsyncDisposable {
  readonly port: number;
  /** Process id of the server. */
  readonly pid: number;
  /** True when the server was running before; it then keeps the settings it was started with. */
  readonly reused: boolean;
  /** Returns the superuser's address, password included. */
  adminUrl(database?: string): string;
  /**
   * Starts the server again, on the same port, when it has ended by itself. Returns true when it was started. Throws what `startCluster`
   * throws, and DATABASE_UNREACHABLE when another program has taken the port.
   */
  revive(): Promise<boolean>;
  /** Releases the server, and stops it unless another process or caller uses it too. Never loses data. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL of a folder, or joins the one that already runs there, started by another process or left by a killed one. It stops
 * with the last process that uses it; when that one is killed it stays, and the next start joins it. Throws DATABASE_UNREACHABLE with the
 * end of its log, or SERVER_UNSUPPORTED when the data is of another major version.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const home = await homeIn(options.dir);
  const paths = clusterPaths(home);
  using lock = await waitForFileLock(paths.lock, 'exclusive', READY_MS).catch((error: unknown) => {
    throw unusable(home, error);
  });
  if (!lock)
    throw startError(
      home,
      'Another process has been starting or stopping it for two minutes.',
      'Wait for it, or end it.',
    );

  let running = await joinable(paths.data, options.password);
  const reused = running !== null;
  running ??= await launchCluster(home, options);
  const userLock = tryFileLock(paths.users, 'shared');
  if (!userLock) throw startError(home, 'Another process is stopping it.', 'Try again.');
  return clusterHandle(home, running, userLock, reused, options);
}

/** Returns the server that runs on a folder now, or null. Starts nothing and does not keep it running. */
export async function findCluster(dir: string, password: string | null): Promise<Postmaster | null> {
  const home = await realpath(dir).catch(() => null);
  if (home === null) return null;
  const data = clusterPaths(home).data;
  const found = await readPostmaster(data);
  return found && (await askPostmaster(data, found.port, password)) === 'ready' ? found : null;
}

/** Returns the folder's real path, creating it when missing. */
async function homeIn(dir: string): Promise<string> {
  try {
    // Traversable for the user the server may have to run as; the data within is closed to everybody else.
    await mkdir(dir, { recursive: true, mode: 0o711 });
    return await realpath(dir);
  } catch (error) {
    throw unusable(dir, error);
  }
}

function unusable(dir: string, cause: unknown): AppError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = code === '' ? '' : ` (${code})`;
  return new AppError('DATABASE_UNREACHABLE', `The folder ${dir} of the PostgreSQL kept there cannot be used${why}.`, {
    hint: UNUSABLE[code] ?? 'See that it can be made, is a folder, and is on a disk that this user can write to.',
    cause,
  });
}

const NO_RIGHT =
  'Run as the user it belongs to, or give that folder to this user; a database may have been made there by root.';
const UNUSABLE: Record<string, string> = {
  EACCES: NO_RIGHT,
  EPERM: NO_RIGHT,
  ENOSPC: 'No space is left on its disk: make room.',
  EROFS: 'Its disk is read-only: work in another folder.',
};

/** Returns the healthy server of the data folder, or null. Stops one that is neither healthy nor starting, and cleans up what it left. */
async function joinable(data: string, password: string | null): Promise<Postmaster | null> {
  const found = await readPostmaster(data);
  if (!found) return null;
  for (let left = 10_000; left > 0; left -= 100) {
    if ((await askPostmaster(data, found.port, password)) === 'ready') return found;
    if (!isOurPostmaster(found.pid, data)) break;
    await Bun.sleep(100);
  }
  await stopPostmaster(data, found.pid);
  return null;
}

function clusterHandle(
  home: string,
  started: Postmaster,
  userLock: FileLock,
  reused: boolean,
  options: ClusterOptions,
): Cluster {
  const { password } = options;
  const paths = clusterPaths(home);
  const { port } = started;
  let running = started;
  let stopped = false;
  const release = () => {
    if (stopped) return null;
    stopped = true;
    process.off('exit', onExit);
    for (const signal of SIGNAL_NAMES) process.off(signal, onSignal);
    userLock.release();
    return tryFileLock(paths.users, 'exclusive');
  };
  const onExit = () => {
    const last = release();
    if (last && isOurPostmaster(running.pid, paths.data)) tryKill(running.pid, 'SIGINT');
    last?.release();
  };
  process.on('exit', onExit);
  for (const signal of SIGNAL_NAMES) process.on(signal, onSignal);

  const stop = async () => {
    using _lock = await waitForFileLock(paths.lock, 'exclusive', READY_MS);
    using last = release();
    if (last) await stopPostmaster(paths.data, running.pid);
  };
  const revive = async () => {
    if (stopped || isOurPostmaster(running.pid, paths.data)) return false;
    using lock = await waitForFileLock(paths.lock, 'exclusive', READY_MS);
    if (!lock) return false;
    const again = (await joinable(paths.data, password)) ?? (await launchCluster(home, { ...options, port }));
    if (again.port !== port) {
      await stopPostmaster(paths.data, again.pid);
      throw startError(home, `Another program has taken its port ${port}.`, 'End that program, and start again.');
    }
    running = again;
    return true;
  };
  const secret = password === null ? '' : `:${encodeURIComponent(password)}`;
  return {
    port,
    get pid() {
      return running.pid;
    },
    reused,
    adminUrl: (database = 'postgres') =>
      `postgres://postgres${secret}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    revive,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
const SIGNAL_NAMES = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Exits on a signal that nothing else handles, so that `exit` runs. A process that handles the signal itself ends in its own way. */
function onSignal(signal: keyof typeof SIGNALS): void {
  if (process.listeners(signal).every((listener) => listener === onSignal)) process.exit(128 + SIGNALS[signal]);
}
