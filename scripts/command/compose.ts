import { constants, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { accountName } from '../../db/connect/account.ts';
import { ConninfoFault } from '../../db/connect/address/conninfo.ts';
import { completeConnection, settingVariables } from '../../db/connect/address/environment.ts';
import { targetFault } from '../../db/connect/address/target.ts';
import { startEmbedded } from '../../db/embedded/embedded.ts';
import { AppError } from '../../server/core/errors.ts';
import type { OnProgress } from '../../server/core/progress.ts';
import type { OperationDeps } from '../../server/jobs/operations.ts';
import { readRecordedBackups } from '../../server/jobs/queue/recorded-backups.ts';
import { type Config, readConfig, type SETTING_NAMES } from '../../server/process/config.ts';
import { composeDatabase } from '../../server/process/schema.ts';
import { createLocalStorage } from '../../server/storage/local/local.ts';
import type { Storage } from '../../server/storage/storage.ts';

type SettingName = (typeof SETTING_NAMES)[number];

/** Folder for the data of `bun start`, relative to the working directory. */
export const DATA_DIR = '.data';

/** Folder of its embedded PostgreSQL. */
export const EMBEDDED_DIR = `${DATA_DIR}/postgres`;

/** The flag of every command that works on a database: without it none touches the demo database. */
export const DEMO_FLAG = {
  kind: 'switch',
  help: `the demo database that \`bun start\` keeps in ${EMBEDDED_DIR}, whatever DATABASE_URL says`,
} as const;

/** Descriptions in `--help` of the settings that commands read. */
const SETTINGS = {
  DATABASE_URL: 'postgres://user:password@host:5432/database; must be set unless --demo is given',
  DATABASE_DIRECT_URL: 'the same database past a connection pooler, if there is one',
  DATABASE_URL_FILE: 'a file that holds DATABASE_URL, in its place; PGHOST, PGSERVICE, PGPASSFILE … count as for psql',
  BACKUP_DIR: 'folder of the backups; ./backups when unset',
  BACKUP_SCHEMA: 'module, folder or pattern of Drizzle tables, or a drizzle.config.ts; the HRMS when unset',
  BACKUP_CASING: 'snake_case or camelCase, as given to drizzle({ casing }); as drizzle.config.ts says when unset',
  BACKUP_JOBS: 'connections that copy at once; by the number of cores when unset',
  BACKUP_COMPRESSION: 'deflate (opens anywhere, when unset) or zstd (faster, smaller)',
  BACKUP_EXCLUDE: 'file that says, with reasons, what backups leave out on purpose',
  BACKUP_STRICT_EXIT: 'true: as --strict-exit',
  BACKUP_LEVEL: 'deflate 0 to 9, zstd 1 to 19; the best for speed when unset',
  LOCK_TIMEOUT_MS: 'longest wait for a table in one try; 2000 when unset',
  LOCK_GIVE_UP_MS: 'longest wait for tables over all tries; 60000 when unset',
} as const satisfies Partial<Record<SettingName, string>>;

/** The settings that name the database. */
export const DATABASE_SETTINGS = ['DATABASE_URL', 'DATABASE_DIRECT_URL', 'DATABASE_URL_FILE'] as const;

/** The settings of every command that reads the schema from the application. */
export const SCHEMA_SETTINGS = ['BACKUP_SCHEMA', 'BACKUP_CASING'] as const;

export function settingsHelp(...names: (keyof typeof SETTINGS)[]): { name: string; help: string }[] {
  return names.map((name) => ({ name, help: SETTINGS[name] }));
}

/** The flag of every command that works on some of the tables. */
export const TABLES_FLAG = { kind: 'list', value: 'a,b', help: 'only these tables' } as const;

/** The flag of every command that may work on another database than that of the settings. */
export const INTO_FLAG = { kind: 'text', value: 'URL', help: 'another database than that of the settings' } as const;

/** Returns the flag of a command that stores something. */
export const outputFlag = (what: string) =>
  ({ kind: 'text', short: 'o', value: 'DIR', help: `folder to store ${what} in, instead of BACKUP_DIR` }) as const;

/** Returns the flag of a command that works on several connections. */
export const jobsFlag = (does: string) =>
  ({ kind: 'number', value: 'N', min: 1, max: 64, help: `connections that ${does} at once` }) as const;

/** The flag of every command that may wait for other operations. */
export const WAIT_FLAG = {
  kind: 'duration',
  optional: true,
  value: '30m',
  help: 'wait while another operation runs, so long at most, instead of stopping with exit code 6',
} as const;

/** Returns the settings of a command that needs no database; database settings are not read, and cannot be wrong. */
export function configWithoutDatabase(env: Record<string, string | undefined>): Config {
  return readConfig(Object.fromEntries(Object.entries(env).filter(([name]) => !/^DATABASE_|^PG/.test(name))));
}

/** Returns the settings, overridden by a command's flags. Throws CONFIG_INVALID. */
export function configFor(
  env: Record<string, string | undefined>,
  flags: {
    demo?: boolean;
    into?: string | undefined;
    output?: string | undefined;
    compression?: string | undefined;
    level?: number | undefined;
    jobs?: number | undefined;
  } = {},
): Config {
  const over: Record<string, string | undefined> = { ...env };
  if (flags.into !== undefined) {
    if (flags.demo)
      throw new AppError('USAGE', '--into and --demo both name a database.', { hint: 'Give one of them.' });
    over.DATABASE_URL = readInto(flags.into, env);
    // They belong to the other database.
    over.DATABASE_DIRECT_URL = undefined;
    over.DATABASE_URL_FILE = undefined;
    over.DATABASE_DIRECT_URL_FILE = undefined;
  }
  if (flags.output !== undefined) over.BACKUP_DIR = flags.output;
  // A level belongs to one method: that of the settings means nothing to another.
  if (flags.compression !== undefined && flags.compression !== (env.BACKUP_COMPRESSION || 'deflate'))
    over.BACKUP_LEVEL = undefined;
  if (flags.compression !== undefined) over.BACKUP_COMPRESSION = flags.compression;
  if (flags.level !== undefined) over.BACKUP_LEVEL = String(flags.level);
  if (flags.jobs !== undefined) over.BACKUP_JOBS = String(flags.jobs);
  return readConfig(over);
}

/** Completes the address as `psql` would. Throws with the name of the flag that gave it. */
function readInto(into: string, env: Record<string, string | undefined>): string {
  const unusable = (fault: string) =>
    new AppError('USAGE', `--into ${fault}.`, {
      hint: 'docs/database-address.md says what is understood.',
    });
  const own = targetFault(into);
  if (own !== null) throw unusable(own);
  try {
    const complete = completeConnection(into, env);
    const fault = targetFault(complete);
    if (fault === null) return complete;
    throw unusable(`completed by ${settingVariables(env).join(', ')} ${fault}`);
  } catch (error) {
    throw error instanceof ConninfoFault ? unusable(error.message) : error;
  }
}

/** A database for the duration of a command; an embedded one is released afterwards. */
export interface CommandDatabase extends AsyncDisposable {
  /** Address, with the password. */
  url: string;
}

/**
 * Finds the database: from the settings, from the application's own configuration, or with `demo` the embedded one only. Throws
 * CONFIG_INVALID when nothing names one. Opens no connection.
 */
export async function openDatabase(
  config: Config,
  { demo, signal }: { demo: boolean; signal: AbortSignal },
): Promise<CommandDatabase> {
  if (demo) return openDemo();
  const { databaseDirectUrl: url } = await composeDatabase(config, signal);
  if (url !== null) return { url, [Symbol.asyncDispose]: async () => undefined };
  throw new AppError('CONFIG_INVALID', 'DATABASE_URL is not set, so there is no database to work on.', {
    hint: (await isHidden('.env'))
      ? 'The file .env in this folder cannot be read by this user: run as its owner, or give it to this user with chown.'
      : 'Set DATABASE_URL=postgres://user:password@host:5432/database (or PGHOST, PGDATABASE …) in the environment or in the file .env. For the demo database of `bun start`, add --demo.',
  });
}

/** Returns true for a file that exists but cannot be read; the runtime silently skips such a `.env`. */
async function isHidden(file: string): Promise<boolean> {
  return (
    existsSync(file) &&
    (await access(file, constants.R_OK).then(
      () => false,
      () => true,
    ))
  );
}

async function openDemo(): Promise<CommandDatabase> {
  const dir = resolve(EMBEDDED_DIR);
  if (existsSync(dir)) return startEmbedded(dir);
  throw new AppError('CONFIG_INVALID', `There is no demo database in ${dir}.`, {
    hint: 'Run `bun start` in this folder without DATABASE_URL, which makes one, or go to the folder where it was started.',
  });
}

/** Returns the backup folder, recognised by what the database remembers once there is one. Touches nothing yet. */
export function composeStorage(config: Config, database: () => string | null = () => null): Storage {
  return createLocalStorage(config.backupDir, async (folder) => {
    const url = database();
    return url === null ? [] : await readRecordedBackups(url, folder);
  });
}

/** Returns who runs this command, for archives and records: `maria@db1 (command line)`. */
export function commandActor(env: Record<string, string | undefined>): string {
  const user = env.USER || env.LOGNAME || (accountName() ?? `user ${process.getuid?.() ?? '?'}`);
  const behind = env.SUDO_USER && env.SUDO_USER !== user ? `${env.SUDO_USER} as ` : '';
  return `${behind}${user}@${hostname()} (command line)`;
}

/** Returns what `runOperation` needs besides the verb. */
export function operationDeps(databaseUrl: string, onWait: (message: string) => void): OperationDeps {
  return { databaseUrl, now: () => new Date(), newId: () => crypto.randomUUID(), pause: (ms) => Bun.sleep(ms), onWait };
}

/** Reports progress to two listeners: the person in front of the command, and the operation's record. */
export function both(first: OnProgress, second: OnProgress): OnProgress {
  return (event) => {
    first(event);
    second(event);
  };
}
