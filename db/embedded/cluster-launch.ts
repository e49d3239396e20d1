import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../server/core/errors.ts';
import { freePort } from './free-port.ts';
import { askPostmaster, type Postmaster, readPostmaster, stopPostmaster } from './postmaster.ts';
import { type Launch, missingRight, unprivilegedLaunch } from './unprivileged.ts';

export interface ClusterOptions {
  /** Folder that holds `initdb` and `postgres`. */
  binaries: string;
  /** Folder of this cluster, created when missing: holds `data/`, `postgres.log` and two lock files. */
  dir: string;
  /**
   * Password of the superuser `postgres`, required of everybody by SCRAM; null trusts every local connection. Applies when the cluster is
   * created.
   */
  password: string | null;
  /** Further arguments for `initdb`, such as a locale. The encoding is always UTF8. */
  initArgs?: string[];
  /** Server settings. A server that is already running keeps its own. */
  settings?: Record<string, string>;
  /** Preferred port; another free one is taken when it is busy. 0 or absent: any. */
  port?: number;
}

/** Longest wait in milliseconds for a server to be ready; recovery after a crash takes time. */
export const READY_MS = 120_000;
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Returns the paths of a cluster's files within its folder. */
export function clusterPaths(home: string) {
  return {
    data: join(home, 'data'),
    log: join(home, 'postgres.log'),
    lock: join(home, 'start.lock'),
    users: join(home, 'users.lock'),
  };
}

/**
 * Creates the data when there is none and starts the server on it; the caller has made sure that none runs. `home` is the real path of the
 * cluster's folder. Throws DATABASE_UNREACHABLE with the end of the log, or SERVER_UNSUPPORTED when the data is of another major version.
 */
export async function launchCluster(home: string, options: ClusterOptions): Promise<Postmaster> {
  const { data, log } = clusterPaths(home);
  const made = await stat(data).catch(() => null);
  const how = await unprivilegedLaunch(made && { uid: made.uid, gid: made.gid });
  if (how.owner) await chown(home, how.owner.uid, how.owner.gid);
  const missing = missingRight(how, join(options.binaries, 'postgres'), home);
  if (missing !== null) throw startError(home, ...beyond(how, missing, options.binaries));
  if (!made) await initialise(home, options, how);
  await checkVersion(data, options.binaries);

  for (let attempt = 1; ; attempt++) {
    const port = await freePort(attempt === 1 ? (options.port ?? 0) : 0);
    const child = await spawnServer(home, options, how, port);
    const ready = await untilReady(child, data, port, options.password);
    if (typeof ready === 'number') return { pid: ready, port };
    const tail = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-12);
    // Another program took the port meanwhile, or children of a killed server still hold its memory: both pass.
    const passing = tail.some((line) => /could not bind|Address already in use|pre-existing shared memory/.test(line));
    if (!passing || attempt >= 20) {
      throw startError(
        home,
        ready === 'ended' ? 'It ended at once.' : `It was not ready after ${READY_MS / 1000} seconds, and was stopped.`,
        `Read ${log}; its last line: ${tail.at(-1) || 'none, the program itself may not run on this machine'}`,
        { log: tail },
      );
    }
    await Bun.sleep(500);
  }
}

/** Returns why PostgreSQL's user has no access, and what to do. Only another user is barred by a private home folder. */
function beyond(how: Launch, missing: 'program' | 'folder', binaries: string): [why: string, hint: string] {
  const why = `The user PostgreSQL is run as may not ${missing === 'program' ? `run the programs in ${binaries}` : 'write to that folder'}.`;
  if (how.owner) return [why, 'Move the project out of a private home folder, or run as an ordinary user.'];
  return [
    why,
    missing === 'program'
      ? 'Run `bun install` as this user, or give those files the right to be run; the file system may also forbid it (mounted noexec).'
      : 'Run as the user it belongs to, or give that folder to this user.',
  ];
}

/** Creates the data in a temporary folder and renames it, so that a half-made one is never mistaken for a whole one. */
async function initialise(home: string, options: ClusterOptions, how: Launch): Promise<void> {
  const { data } = clusterPaths(home);
  const temporary = `${data}.new`;
  const passwordFile = join(home, 'password.new');
  await rm(temporary, { recursive: true, force: true });
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
        temporary,
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
    await rename(temporary, data);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(temporary, { recursive: true, force: true });
  }
}

async function checkVersion(data: string, binaries: string): Promise<void> {
  const [made, program] = await Promise.all([
    readFile(join(data, 'PG_VERSION'), 'utf8'),
    new Response(Bun.spawn([join(binaries, 'postgres'), '--version']).stdout).text(),
  ]);
  const major = /(\d+)/.exec(program)?.[1];
  if (major === undefined || major === made.trim()) return;
  throw new AppError(
    'SERVER_UNSUPPORTED',
    `The data in ${data} was made by PostgreSQL ${made.trim()}, and the program here is PostgreSQL ${major}.`,
    {
      hint: `Start it once with PostgreSQL ${made.trim()} and back it up, then move that folder away, and restore into the one made anew.`,
    },
  );
}

async function spawnServer(home: string, options: ClusterOptions, how: Launch, port: number): Promise<ChildProcess> {
  const { data, log } = clusterPaths(home);
  const settings = {
    // TCP only: the path of a socket is limited to 107 bytes.
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
      // In a session of its own, so that Ctrl-C reaches this program first.
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

/** Returns the server's process id once it answers, or why it never did: it exited, or took too long and was stopped. */
async function untilReady(
  child: ChildProcess,
  data: string,
  port: number,
  password: string | null,
): Promise<number | 'ended' | 'late'> {
  let ended = false;
  void once(child, 'exit').then(
    () => (ended = true),
    () => (ended = true),
  );
  for (let left = READY_MS; left > 0 && !ended; left -= 25) {
    const found = await readPostmaster(data);
    if (found !== null && found.pid === child.pid && (await askPostmaster(data, port, password)) === 'ready')
      return found.pid;
    await Bun.sleep(25);
  }
  if (ended || child.pid === undefined) return 'ended';
  await stopPostmaster(data, child.pid);
  return 'late';
}

/** Builds the error for a server that does not start. */
export function startError(home: string, why: string, hint: string, details?: Record<string, unknown>): AppError {
  return new AppError('DATABASE_UNREACHABLE', `The PostgreSQL in ${home} could not be started. ${why}`, {
    hint,
    ...(details && { details }),
  });
}
