import { readFileSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { ConninfoFault } from '../../db/connect/address/conninfo.ts';
import { completeConnection, namesDatabase, settingVariables } from '../../db/connect/address/environment.ts';
import { targetFault } from '../../db/connect/address/target.ts';
import { levelFault } from '../archive/codec.ts';
import { AppError } from '../core/errors.ts';

/** Every setting from outside the program, read once by a main function. */
export interface Config {
  /** Address of the database. Null: the embedded PostgreSQL. */
  databaseUrl: string | null;
  /** Address of the same database without a pooler between, for backups and restores. Null with `databaseUrl`. */
  databaseDirectUrl: string | null;
  /** Folder of the archives, relative to the working directory. */
  backupDir: string;
  /**
   * Modules that export the Drizzle tables, or drizzle-kit's configuration, relative to the working directory. Null:
   * the HRMS schema.
   */
  backupSchema: string | null;
  /**
   * Drizzle's casing of columns without a name of their own. Null: as the configuration says, or by their properties.
   */
  backupCasing: 'snake_case' | 'camelCase' | null;
  /** File that lists what backups leave out on purpose, relative to the working directory. Null: nothing. */
  backupExclude: string | null;
  /** True to end the command with an exit code of its own after a backup that does not hold everything. */
  strictExit: boolean;
  /** Connections that copy at the same time. */
  backupJobs: number;
  backupCompression: 'deflate' | 'zstd';
  /** Null: the best level for the method. */
  backupLevel: number | null;
  /** Longest wait for a lock in one try, in milliseconds. */
  lockTimeoutMs: number;
  /** Longest wait for locks over all tries, in milliseconds. */
  lockGiveUpMs: number;
  port: number;
  host: string;
  nodeEnv: 'development' | 'production' | 'test';
  /** Role of this process: `api` answers HTTP, `worker` runs operations, `all` does both. */
  role: 'all' | 'api' | 'worker';
  /**
   * Secret from which the keys protecting signing keys are derived. Null: one is made and kept under `.data/`, in
   * development only.
   */
  secretKey: string | null;
  /** Public address of the server, without a path. Null: the address it listens on. */
  publicUrl: string | null;
  /** Addresses and networks (CIDR) of proxies whose `X-Forwarded-*` headers count. */
  trustedProxies: string[];
  /** Other origins whose pages may call the API. */
  corsOrigins: string[];
  /** Files with certificate and key, both or none. */
  tls: { certFile: string; keyFile: string } | null;
  /** Largest upload, in bytes. */
  maxUploadBytes: number;
  /** Most uploads of one person that are neither accepted nor refused yet. */
  maxWaitingUploads: number;
  /** Most bytes of those uploads. Null: ten times the largest upload. */
  maxWaitingBytes: number | null;
  /** Days without use after which a session ends. */
  sessionDays: number;
  /** Days for which records of finished operations are kept. */
  operationDays: number;
  /** Milliseconds for which a plan keeps the rows it found different; 0 keeps none. */
  planKeepMs: number;
  /** Milliseconds without a sign of life after which an operation has failed. */
  stallMs: number;
  /** Operations a worker runs at the same time. */
  workerOperations: number;
  /** Niceness of the worker, as nice(1) counts. */
  workerNiceness: number;
  /** Most memory of the answering process, in MiB. Null: a share of the machine's. */
  memoryLimitMb: number | null;
  /** Most memory of a worker, in MiB. Null: a share of the machine's. */
  workerMemoryLimitMb: number | null;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** Null: standard output. */
  logFile: string | null;
  /** Bearer token that a scraper of `/metrics` must send. Null: only callers on this machine may read it. */
  metricsToken: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

const connection = z.string().superRefine((text, context) => {
  const message = targetFault(text);
  if (message !== null) context.addIssue({ code: 'custom', message });
});

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, { error: `must be a whole number from ${least} to ${most}` })
    .transform(Number)
    .pipe(
      z
        .number()
        .min(least, { error: `must be at least ${least}` })
        .max(most, { error: `must be at most ${most}` }),
    );

const bytes = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/, { error: `must be a number of bytes from ${least} to ${most}` })
    .transform(Number)
    .pipe(z.number().min(least).max(most));

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );

const oneOf = <const Words extends readonly [string, ...string[]]>(...words: Words) =>
  z.enum(words, { error: `must be one of: ${words.join(', ')}` });

const environment = z.object({
  DATABASE_URL: connection.nullable().default(null),
  DATABASE_DIRECT_URL: connection.nullable().default(null),
  DATABASE_URL_FILE: z.string().nullable().default(null),
  DATABASE_DIRECT_URL_FILE: z.string().nullable().default(null),
  BACKUP_DIR: z.string().default('./backups'),
  BACKUP_SCHEMA: z.string().nullable().default(null),
  BACKUP_CASING: oneOf('snake_case', 'camelCase').nullable().default(null),
  BACKUP_EXCLUDE: z.string().nullable().default(null),
  BACKUP_STRICT_EXIT: oneOf('true', 'false').default('false'),
  BACKUP_JOBS: whole(1, 64).nullable().default(null),
  BACKUP_COMPRESSION: oneOf('deflate', 'zstd').default('deflate'),
  BACKUP_LEVEL: whole(0, 19).nullable().default(null),
  LOCK_TIMEOUT_MS: whole(1, 600_000).default(2000),
  LOCK_GIVE_UP_MS: whole(1, 86_400_000).default(60_000),
  PORT: whole(0, 65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  NODE_ENV: oneOf('development', 'production', 'test').default('development'),
  ROLE: oneOf('all', 'api', 'worker').default('all'),
  SECRET_KEY: z.string().min(32, { error: 'must have at least 32 characters' }).nullable().default(null),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'must look like https://backup.example.org', abort: true })
    .refine((text) => URL.parse(text)?.pathname === '/', { error: 'must not have a path', abort: true })
    .transform((text) => new URL(text).origin)
    .nullable()
    .default(null),
  TRUSTED_PROXIES: list.pipe(
    z.array(
      z.string().refine((text) => ipaddr.isValid(text) || ipaddr.isValidCIDR(text), {
        error: 'must be addresses or networks such as 10.0.0.0/8, separated by commas',
      }),
    ),
  ),
  CORS_ORIGINS: list.pipe(
    z.array(
      z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text, {
        error: 'must be origins such as https://hrms.example.org, separated by commas',
      }),
    ),
  ),
  TLS_CERT: z.string().nullable().default(null),
  TLS_KEY: z.string().nullable().default(null),
  MAX_UPLOAD_BYTES: bytes(1, 1024 ** 5).default(100 * 1024 ** 2),
  MAX_WAITING_UPLOADS: whole(1, 10_000).default(20),
  MAX_WAITING_BYTES: bytes(1, 1024 ** 5)
    .nullable()
    .default(null),
  SESSION_DAYS: whole(1, 365).default(14),
  OPERATION_DAYS: whole(1, 36_500).default(365),
  PLAN_KEEP_MINUTES: whole(0, 10_080).default(60),
  STALL_MS: whole(1000, 999_999_999).default(1_800_000),
  WORKER_OPERATIONS: whole(1, 16).default(2),
  WORKER_NICENESS: whole(0, 19).default(10),
  MEMORY_LIMIT_MB: whole(128, 1_048_576).nullable().default(null),
  WORKER_MEMORY_LIMIT_MB: whole(128, 1_048_576).nullable().default(null),
  LOG_LEVEL: oneOf('debug', 'info', 'warn', 'error').default('info'),
  LOG_FILE: z.string().nullable().default(null),
  METRICS_TOKEN: z.string().min(16, { error: 'must have at least 16 characters' }).nullable().default(null),
});

/** The names of all settings, in the order of `.env.example`. */
export const SETTING_NAMES = Object.keys(environment.shape) as (keyof typeof environment.shape)[];

/**
 * Reads the settings; an empty one counts as not set. Throws CONFIG_INVALID that names every unusable setting and its
 * rule, without repeating the values of connection strings.
 */
export function readConfig(env: Environment, cores: number = availableParallelism()): Config {
  const given = givenSettings(env);
  const unread = [
    ...foreignHomes(given),
    ...fromFile(given, 'DATABASE_URL'),
    ...fromFile(given, 'DATABASE_DIRECT_URL'),
  ];
  const read = environment.safeParse(given);
  if (!read.success) {
    const faults = read.error.issues.map(({ path: [name], message }) =>
      fault(String(name), message, given[String(name)], given[`${String(name)}_FILE`]),
    );
    throw invalid([...unread, ...faults]);
  }
  const { data } = read;
  const variables = settingVariables(env).join(', ');
  const completed = (name: string, text: string | null): string | null => {
    try {
      const complete = completeConnection(text, env);
      const unusable = targetFault(complete);
      if (unusable === null) return complete;
      together.push(
        `${text === null ? `The database of ${variables}` : `${name}, completed by ${variables},`} ${unusable}`,
      );
    } catch (error) {
      if (!(error instanceof ConninfoFault)) throw error;
      together.push(`${text === null ? `The database of ${variables}` : name} ${error.message}`);
    }
    return null;
  };
  const together = [...unread, ...levelFaults(data.BACKUP_COMPRESSION, data.BACKUP_LEVEL)];
  if (data.LOCK_GIVE_UP_MS < data.LOCK_TIMEOUT_MS) {
    together.push(
      `LOCK_GIVE_UP_MS must be at least LOCK_TIMEOUT_MS (${data.LOCK_TIMEOUT_MS}); it is ${data.LOCK_GIVE_UP_MS}`,
    );
  }
  const databaseUrl =
    data.DATABASE_URL !== null || namesDatabase(env) ? completed('DATABASE_URL', data.DATABASE_URL) : null;
  const directUrl =
    data.DATABASE_DIRECT_URL === null ? null : completed('DATABASE_DIRECT_URL', data.DATABASE_DIRECT_URL);
  if (databaseUrl === null && directUrl !== null) {
    together.push('DATABASE_DIRECT_URL needs DATABASE_URL to be set too');
  }
  if ((data.TLS_CERT === null) !== (data.TLS_KEY === null)) together.push('TLS_CERT and TLS_KEY go together');
  if (together.length > 0) throw invalid(together);
  return {
    databaseUrl,
    databaseDirectUrl: directUrl ?? databaseUrl,
    backupDir: data.BACKUP_DIR,
    backupSchema: data.BACKUP_SCHEMA,
    backupCasing: data.BACKUP_CASING,
    backupExclude: data.BACKUP_EXCLUDE,
    strictExit: data.BACKUP_STRICT_EXIT === 'true',
    backupJobs: data.BACKUP_JOBS ?? Math.min(8, Math.max(2, cores)),
    backupCompression: data.BACKUP_COMPRESSION,
    backupLevel: data.BACKUP_LEVEL,
    lockTimeoutMs: data.LOCK_TIMEOUT_MS,
    lockGiveUpMs: data.LOCK_GIVE_UP_MS,
    port: data.PORT,
    host: data.HOST,
    nodeEnv: data.NODE_ENV,
    role: data.ROLE,
    secretKey: data.SECRET_KEY,
    publicUrl: data.PUBLIC_URL,
    trustedProxies: data.TRUSTED_PROXIES,
    corsOrigins: data.CORS_ORIGINS,
    tls: data.TLS_CERT && data.TLS_KEY ? { certFile: data.TLS_CERT, keyFile: data.TLS_KEY } : null,
    maxUploadBytes: data.MAX_UPLOAD_BYTES,
    maxWaitingUploads: data.MAX_WAITING_UPLOADS,
    maxWaitingBytes: data.MAX_WAITING_BYTES,
    sessionDays: data.SESSION_DAYS,
    operationDays: data.OPERATION_DAYS,
    planKeepMs: data.PLAN_KEEP_MINUTES * 60_000,
    stallMs: data.STALL_MS,
    workerOperations: data.WORKER_OPERATIONS,
    workerNiceness: data.WORKER_NICENESS,
    memoryLimitMb: data.MEMORY_LIMIT_MB,
    workerMemoryLimitMb: data.WORKER_MEMORY_LIMIT_MB,
    logLevel: data.LOG_LEVEL,
    logFile: data.LOG_FILE,
    metricsToken: data.METRICS_TOKEN,
  };
}

/** The settings that are a path. */
const PATHS = /_FILE$|_DIR$|^BACKUP_SCHEMA$|^BACKUP_EXCLUDE$|^TLS_/;

function givenSettings(env: Environment): Record<string, string | undefined> {
  const text = (name: string) => env[name]?.trim() || undefined;
  const path = (name: string) => text(name)?.replace(startsOf(name), (_, before) => `${before}${underHome('~', env)}`);
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, PATHS.test(name) ? path(name) : text(name)]));
}

/**
 * Returns the pattern of a `~` that means home; only BACKUP_SCHEMA may hold several paths, with commas between them.
 */
function startsOf(name: string): RegExp {
  return name === 'BACKUP_SCHEMA' ? /(^|,\s*)~(?=[/,]|$)/g : /^()~(?=\/|$)/;
}

/** Replaces a `~` at the start of a path by the home folder, because no shell does that in `.env` or `--output=~/x`. */
export function underHome(path: string, env: Environment): string {
  return path === '~' || path.startsWith('~/') ? join(env.HOME || homedir(), path.slice(1)) : path;
}

/**
 * Returns faults for paths that begin with `~user`: a folder of that very name would be made, and nobody would look for
 * it there.
 */
function foreignHomes(given: Record<string, string | undefined>): string[] {
  return Object.entries(given)
    .filter(([name, value]) => PATHS.test(name) && value !== undefined && startsLikeHome(name, value))
    .map(([name, value]) => fault(name, 'begins with the home of another user, which has to be written out', value));
}

function startsLikeHome(name: string, value: string): boolean {
  return (name === 'BACKUP_SCHEMA' ? /(^|,\s*)~/ : /^~/).test(value);
}

/** Replaces a setting by the content of `<name>_FILE`, so that the password is in no environment. Returns faults. */
function fromFile(given: Record<string, string | undefined>, name: 'DATABASE_URL' | 'DATABASE_DIRECT_URL'): string[] {
  const file = given[`${name}_FILE`];
  if (file === undefined) return [];
  if (given[name] !== undefined) return [`${name} and ${name}_FILE cannot both be set`];
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (text === '') return [`${name}_FILE names an empty file: ${file}`];
    if (/^[a-z]+:\/\/.*[\r\n]/s.test(text))
      return [`what the file of ${name}_FILE holds must be one address on one line`];
    given[name] = text;
    return [];
  } catch {
    // The value is not repeated when it looks like an address put there by mistake.
    return [`${name}_FILE names a file that cannot be read${/[:=@]/.test(file) ? '' : `: ${file}`}`];
  }
}

/**
 * Returns every text of the environment that may hold a password of the database, for masking; unreadable files are
 * left out.
 */
export function secretsOf(env: Environment): string[] {
  const given = givenSettings(env);
  fromFile(given, 'DATABASE_URL');
  fromFile(given, 'DATABASE_DIRECT_URL');
  const password = env.PGPASSWORD && `password='${env.PGPASSWORD.replaceAll(/['\\]/g, '\\$&')}'`;
  return [given.DATABASE_URL, given.DATABASE_DIRECT_URL, password].filter(
    (text) => text !== undefined && text !== '',
  ) as string[];
}

/**
 * Returns the settings with the database that the application's own configuration names. Throws CONFIG_INVALID without
 * repeating it.
 */
export function withDatabase(config: Config, url: string): Config {
  const read = connection.safeParse(url.trim());
  if (read.success) return { ...config, databaseUrl: read.data, databaseDirectUrl: read.data };
  throw new AppError(
    'CONFIG_INVALID',
    `The dbCredentials of ${config.backupSchema} cannot be used: the address ${read.error.issues[0]?.message}.`,
    { hint: 'Correct them there, or set DATABASE_URL.' },
  );
}

function levelFaults(method: 'deflate' | 'zstd', level: number | null): string[] {
  const fault = level === null ? null : levelFault(method, level);
  return fault === null ? [] : [`BACKUP_LEVEL ${fault}`];
}

/** Settings whose values may hold a secret and are not repeated. */
const SECRET_SETTINGS = /_URL$|^SECRET_KEY$|^METRICS_TOKEN$|^TLS_KEY$/;

function fault(name: string, rule: string, value: string | undefined, file?: string): string {
  if (file !== undefined) return `what the file of ${name}_FILE holds ${rule}`;
  return SECRET_SETTINGS.test(name) ? `${name} ${rule}` : `${name} ${rule}; it is "${value?.slice(0, 60)}"`;
}

function invalid(faults: string[]): AppError {
  const many = faults.length > 1;
  return new AppError(
    'CONFIG_INVALID',
    `${many ? `${faults.length} settings` : 'A setting'} cannot be used: ${faults.join('. ')}.`,
    {
      hint: `Set ${many ? 'them' : 'it'} in the environment or in the file .env; .env.example lists all settings with what they mean.`,
      details: { faults },
    },
  );
}
