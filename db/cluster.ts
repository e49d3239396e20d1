import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { AppError } from '../server/errors.ts';
import { type FileLock, tryFileLock, waitForFileLock } from './file-lock.ts';
import {
  askPostmaster,
  isOurPostmaster,
  type Postmaster,
  readPostmaster,
  stopPostmaster,
  tryKill,
} from './postmaster.ts';
import { canRun, type Launch, unprivilegedLaunch } from './unprivileged.ts';

export interface ClusterOptions {
  /** Folder that holds `initdb` and `postgres`. */
  binaries: string;
  /** Folder of this cluster, made when missing: `data/`, `postgres.log` and two lock files live in it. */
  dir: string;
  /** Password of the superuser `postgres`, asked of everybody by SCRAM; null trusts every local connection. Counts when the cluster is made. */
  password: string | null;
  /** Further words for `initdb`, such as a locale. The encoding is always UTF8. */
  initArgs?: string[];
  /** Server settings. A server that runs already keeps its own. */
  settings?: Record<string, string>;
  /** The port wanted; another free one is taken when it is busy. 0 or missing: any. */
  port?: number;
}

/** A running PostgreSQL on 127.0.0.1. Disposing it is `stop()`. */
export interface Cluster extends AsyncDisposable {
  readonly port: number;
  /** Process id of the server. */
  readonly pid: number;
  /** Whether it was running before; then its settings are those it was started with. */
  readonly reused: boolean;
  /** Address for the superuser, password included. */
  adminUrl(database?: string): string;
  /** Lets go of the server, and ends it unless another process or caller uses it too. Never loses data. Safe to call twice. */
  stop(): Promise<void>;
}

/** Longest wait for a server to be ready; a recovery after a crash may take its time. */
const READY_MS = 120_000;
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Starts the PostgreSQL of a folder, or joins the one that runs there already: left by a killed process, or started by another one that is alive.
 * It listens on 127.0.0.1 only, by TCP only (a socket's path is limited to 107 bytes), in its own session so that Ctrl-C reaches us first.
 * It ends with the last process that uses it; when that one is killed it stays, and the next start joins it. Root is never the server's user, see `unprivilegedLaunch`.
 * Throws DATABASE_UNREACHABLE when it cannot be started, with the end of its log, SERVER_UNSUPPORTED when the data is of another major version.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const home = await realpath(options.dir);
  const places = placesIn(home);
  using lock = await waitForFileLock(places.lock, 'exclusive', READY_MS);
  if (!lock)
    throw startError(
      home,
      'Another process has been starting or stopping it for two minutes.',
      'Wait for it, or end it.',
    );

  let running = await joinable(places.data, options.password);
  const reused = running !== null;
  running ??= await launch(home, options);
  const lease = tryFileLock(places.users, 'shared');
  if (!lease) throw startError(home, 'Another process is stopping it.', 'Try again.');
  return leased(places, running, lease, reused, options.password);
}

/** The server that runs on a folder now, or null. Starts nothing and does not keep it running. */
export async function findCluster(dir: string, password: string | null): Promise<Postmaster | null> {
  const home = await realpath(dir).catch(() => null);
  if (home === null) return null;
  const data = placesIn(home).data;
  const found = await readPostmaster(data);
  return found && (await askPostmaster(data, found.port, password)) === 'ready' ? found : null;
}

function placesIn(home: string) {
  return {
    data: join(home, 'data'),
    log: join(home, 'postgres.log'),
    lock: join(home, 'start.lock'),
    users: join(home, 'users.lock'),
  };
}

/** The healthy server of the data folder. One that is neither healthy nor on its way is ended, and what it left is cleaned. */
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

async function launch(home: string, options: ClusterOptions): Promise<Postmaster> {
  const { data, log } = placesIn(home);
  const made = await stat(data).catch(() => null);
  const how = await unprivilegedLaunch(made && { uid: made.uid, gid: made.gid });
  if (how.owner) await chown(home, how.owner.uid, how.owner.gid);
  if (!canRun(how, join(options.binaries, 'postgres'), home)) {
    throw startError(
      home,
      `The user PostgreSQL is run as can reach neither ${options.binaries} nor that folder.`,
      'Move the project out of a private home folder, or run as an ordinary user.',
    );
  }
  if (!made) await initialise(home, options, how);
  await checkVersion(data, options.binaries);

  for (let attempt = 1; ; attempt++) {
    const port = await freePort(attempt === 1 ? (options.port ?? 0) : 0);
    const child = await spawnServer(home, options, how, port);
    const ready = await untilReady(child, data, port, options.password);
    if (ready) return { pid: ready, port };
    const tail = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-12);
    // Another program took the port meanwhile, or children of a killed server still hold its memory: both pass.
    const passing = tail.some((line) => /could not bind|Address already in use|pre-existing shared memory/.test(line));
    if (!passing || attempt >= 20) {
      throw startError(
        home,
        'It ended at once.',
        `Read ${log}; its last line: ${tail.at(-1) || 'none, the program itself may not run on this machine'}`,
        { log: tail },
      );
    }
    await Bun.sleep(500);
  }
}

/** Makes the data folder beside its place and renames it, so that a half-made one is never mistaken for one. */
async function initialise(home: string, options: ClusterOptions, how: Launch): Promise<void> {
  const { data } = placesIn(home);
  const draft = `${data}.new`;
  const passwordFile = join(home, 'password.new');
  await rm(draft, { recursive: true, force: true });
  try {
    const auth = options.password === null ? ['--auth=trust'] : ['--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    if (options.password !== null) {
      await writeFile(passwordFile, `${options.password}\n`, { mode: 0o600 });
      if (how.owner) await chown(passwordFile, how.owner.uid, how.owner.gid);
    }
    const sync = options.settings?.fsync === 'off' ? ['--no-sync'] : [];
    const child = Bun.spawn(
      [
        ...how.prefix,
        join(options.binaries, 'initdb'),
        '-D',
        draft,
        '-U',
        'postgres',
        '--encoding=UTF8',
        '--no-instructions',
        ...auth,
        ...sync,
        ...(options.initArgs ?? []),
      ],
      { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe', env: { LC_ALL: 'C', PATH: SYSTEM_PATH } },
    );
    const [words, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
    if (code !== 0) {
      throw startError(home, 'initdb failed.', `It said: ${words.trim().slice(-1000) || `nothing, exit code ${code}`}`);
    }
    await rename(draft, data);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
}

async function checkVersion(data: string, binaries: string): Promise<void> {
  const [made, shown] = await Promise.all([
    readFile(join(data, 'PG_VERSION'), 'utf8'),
    new Response(Bun.spawn([join(binaries, 'postgres'), '--version']).stdout).text(),
  ]);
  const major = /(\d+)/.exec(shown)?.[1];
  if (major === undefined || major === made.trim()) return;
  throw new AppError(
    'SERVER_UNSUPPORTED',
    `The data in ${data} was made by PostgreSQL ${made.trim()}, and the program here is PostgreSQL ${major}.`,
    {
      hint: 'Start it once with the old version and back it up, then remove the folder and restore into the new one.',
    },
  );
}

async function spawnServer(home: string, options: ClusterOptions, how: Launch, port: number): Promise<ChildProcess> {
  const { data, log } = placesIn(home);
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    lc_messages: 'C',
    ...options.settings,
    port: String(port),
  };
  const words = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [program = '', ...rest] = [...how.prefix, join(options.binaries, 'postgres'), '-D', data, ...words];
  const logFile = await open(log, 'w', 0o600);
  try {
    const child = spawn(program, rest, {
      cwd: home,
      detached: true,
      stdio: ['ignore', logFile.fd, logFile.fd],
      env: { LC_ALL: 'C', PATH: SYSTEM_PATH },
    });
    child.unref();
    return child;
  } finally {
    await logFile.close();
  }
}

/** The server's process id once it answers, or null when it ended before. */
async function untilReady(
  child: ChildProcess,
  data: string,
  port: number,
  password: string | null,
): Promise<number | null> {
  let ended = false;
  void once(child, 'exit').then(
    () => (ended = true),
    () => (ended = true),
  );
  for (let left = READY_MS; left > 0 && !ended; left -= 25) {
    const found = await readPostmaster(data);
    if (found?.pid === child.pid && (await askPostmaster(data, port, password)) === 'ready') return found?.pid ?? null;
    await Bun.sleep(25);
  }
  if (child.pid !== undefined && !ended) await stopPostmaster(data, child.pid);
  return null;
}

function leased(
  places: ReturnType<typeof placesIn>,
  running: Postmaster,
  lease: FileLock,
  reused: boolean,
  password: string | null,
): Cluster {
  let stopped = false;
  const letGo = () => {
    if (stopped) return null;
    stopped = true;
    process.off('exit', onExit);
    for (const signal of SIGNAL_NAMES) process.off(signal, onSignal);
    lease.release();
    return tryFileLock(places.users, 'exclusive');
  };
  const onExit = () => {
    const last = letGo();
    if (last && isOurPostmaster(running.pid, places.data)) tryKill(running.pid, 'SIGINT');
    last?.release();
  };
  process.on('exit', onExit);
  for (const signal of SIGNAL_NAMES) process.on(signal, onSignal);

  const stop = async () => {
    using _lock = await waitForFileLock(places.lock, 'exclusive', READY_MS);
    using last = letGo();
    if (last) await stopPostmaster(places.data, running.pid);
  };
  const secret = password === null ? '' : `:${encodeURIComponent(password)}`;
  return {
    port: running.port,
    pid: running.pid,
    reused,
    adminUrl: (database = 'postgres') =>
      `postgres://postgres${secret}@127.0.0.1:${running.port}/${encodeURIComponent(database)}`,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
const SIGNAL_NAMES = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A process that handles the signal itself ends in its own way, which runs `exit`; any other one would die without it. */
function onSignal(signal: keyof typeof SIGNALS): void {
  if (process.listeners(signal).every((listener) => listener === onSignal)) process.exit(128 + SIGNALS[signal]);
}

/** A port of 127.0.0.1 that nobody listens on now: the one wanted, or any. */
async function freePort(wanted: number): Promise<number> {
  const server = createServer();
  try {
    server.listen(wanted, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address ? address.port : wanted;
  } catch (error) {
    if (wanted === 0) throw error;
    return freePort(0);
  } finally {
    server.close();
  }
}

function startError(home: string, why: string, hint: string, details?: Record<string, unknown>): AppError {
  return new AppError('DATABASE_UNREACHABLE', `The PostgreSQL in ${home} could not be started. ${why}`, {
    hint,
    ...(details && { details }),
  });
}
