import { z } from 'zod';
import { AppError } from '../../../server/core/errors.ts';
import type { ObjectName } from '../model.ts';
import { CASINGS, type Casing } from './casing.ts';

/** Contents of a `drizzle.config.ts`, as far as they concern a backup. */
export interface KitConfig {
  /** Files, folders and patterns. */
  schema: string[];
  casing: Casing | null;
  /** Returns true for this application's tables. */
  isIncluded: (table: ObjectName) => boolean;
  /**
   * Returns the address of the database; null when the file names none. Throws CONFIG_INVALID for a driver that uses no address, and for
   * certificates that no address can hold.
   */
  databaseUrl: () => string | null;
}

const words = z.union([z.string(), z.array(z.string())]).transform((given) => (Array.isArray(given) ? given : [given]));

const shape = z.looseObject({
  dialect: z.string().optional(),
  driver: z.string().optional(),
  schema: words.optional(),
  casing: z.enum(CASINGS).optional(),
  schemaFilter: words.optional(),
  tablesFilter: words.optional(),
  extensionsFilters: z.array(z.string()).optional(),
  dbCredentials: z.unknown().optional(),
});

/** Returns the configurations in a module; none when it is no drizzle-kit configuration. */
export async function configsIn(module: Record<string, unknown>): Promise<unknown[]> {
  const given: unknown = module.default ?? module;
  const isCallable = typeof given === 'function' && given.length === 0;
  const made: unknown = await resolved(isCallable ? (given as () => unknown) : () => given);
  const found: unknown[] = Array.isArray(made) ? made : [made];
  return found.length > 0 && found.every(looksLikeConfig) ? found : [];
}

/** Resolves a default export that is a function or a promise: only its result shows what it is. */
async function resolved(given: () => unknown): Promise<unknown> {
  try {
    return await given();
  } catch {
    return null;
  }
}

function looksLikeConfig(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  const { dialect, driver, schema, out, dbCredentials } = value as Record<string, unknown>;
  const text = (given: unknown) => typeof given === 'string';
  const namesSchema = text(schema) || (Array.isArray(schema) && schema.length > 0 && schema.every(text));
  return text(dialect) || namesSchema || (text(out) && typeof (dbCredentials ?? driver) !== 'undefined');
}

/** Reads one configuration of `file`. Throws CONFIG_INVALID that says which part cannot be used. */
export function readKitConfig(value: unknown, file: string): KitConfig {
  const read = shape.safeParse(value);
  if (!read.success) {
    const parts = [...new Set(read.error.issues.map((issue) => issue.path.join('.')))].join(', ');
    throw invalid(`${file} cannot be used: ${parts} is not what drizzle-kit takes.`, `Correct ${parts} in that file.`);
  }
  const { dialect, driver, schema, casing, schemaFilter, tablesFilter, extensionsFilters, dbCredentials } = read.data;
  // Before drizzle-kit 0.21 the driver was the dialect.
  const said = dialect ?? (driver === 'pg' ? 'postgresql' : undefined);
  if (said === undefined)
    throw invalid(`${file} names no dialect.`, "Add dialect: 'postgresql' to it, as drizzle-kit demands.");
  if (said !== 'postgresql')
    throw invalid(
      `${file} is for the dialect ${said}.`,
      'Only PostgreSQL can be backed up: dialect must be postgresql.',
    );
  if (schema === undefined || schema.length === 0)
    throw invalid(`${file} names no schema.`, 'Add schema: the files that declare the tables.');
  const patterns = [...(tablesFilter ?? [])];
  if (extensionsFilters?.includes('postgis')) patterns.push(...POSTGIS);
  return {
    schema,
    casing: casing ?? null,
    isIncluded: (table) => includesSchema(schemaFilter, table.schema) && includesTable(patterns, table.name),
    databaseUrl() {
      if (driver === undefined || driver === 'pg') return credentialsUrl(dbCredentials, file);
      throw invalid(
        `${file} reaches its database by the driver ${driver}, not by the address of a PostgreSQL server.`,
        driver === 'pglite'
          ? 'A PGlite database is files of its program, which cannot be backed up here. For a server with the same tables set DATABASE_URL.'
          : 'Set DATABASE_URL to the server’s own address.',
      );
    },
  };
}

/** Patterns that drizzle-kit appends to the filters for `extensionsFilters: ['postgis']`. */
const POSTGIS = ['!geography_columns', '!geometry_columns', '!spatial_ref_sys'];

function includesSchema(filter: string[] | undefined, schema: string): boolean {
  return filter === undefined || filter.length === 0 || includesTable(filter, schema);
}

/**
 * Matches as drizzle-kit does: no `!` pattern may forbid the name, and another pattern, or a `!` that does not forbid it, must admit it.
 */
function includesTable(patterns: readonly string[], name: string): boolean {
  const [no, yes] = [patterns.filter((one) => one.startsWith('!')), patterns.filter((one) => !one.startsWith('!'))];
  if (no.some((pattern) => new Bun.Glob(pattern.slice(1)).match(name))) return false;
  return no.length > 0 || yes.length === 0 || yes.some((pattern) => new Bun.Glob(pattern).match(name));
}

const credentials = z.union([
  z.object({ url: z.string().min(1) }),
  z
    .looseObject({ connectionString: z.string().min(1) })
    .transform(({ connectionString }) => ({ url: connectionString })),
  z.object({
    host: z.string().min(1),
    port: z.coerce.number().int().min(1).max(65_535).optional(),
    user: z.string().optional(),
    password: z.string().optional(),
    database: z.string().min(1),
    ssl: z.union([z.enum(['require', 'allow', 'prefer', 'verify-full']), z.boolean(), z.looseObject({})]).optional(),
  }),
]);

function credentialsUrl(given: unknown, file: string): string | null {
  const read = credentials.safeParse(given);
  if (!read.success) return null;
  if (!('host' in read.data)) return read.data.url;
  const { host, port, user, password, database, ssl } = read.data;
  const part = encodeURIComponent;
  const socket = host.startsWith('/');
  const login = user === undefined ? '' : `${part(user)}${password === undefined ? '' : `:${part(password)}`}@`;
  const place = socket ? 'localhost' : host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const query = [...(socket ? [`host=${part(host)}`] : []), ...(sslMode(ssl, file) ?? [])];
  return `postgres://${login}${place}${port === undefined ? '' : `:${port}`}/${part(database)}${query.length > 0 ? `?${query.join('&')}` : ''}`;
}

function sslMode(ssl: unknown, file: string): string[] | null {
  if (ssl === undefined || ssl === false) return null;
  if (ssl === true) return ['sslmode=verify-full'];
  if (typeof ssl === 'string') return [`sslmode=${ssl}`];
  const { rejectUnauthorized, ...more } = ssl as Record<string, unknown>;
  if (Object.keys(more).length > 0)
    throw invalid(
      `dbCredentials.ssl of ${file} says more than an address can hold: ${Object.keys(more).join(', ')}.`,
      'Set DATABASE_URL with sslmode and sslrootcert instead.',
    );
  return [`sslmode=${rejectUnauthorized === false ? 'require' : 'verify-full'}`];
}

function invalid(message: string, hint: string): AppError {
  return new AppError('CONFIG_INVALID', message, { hint });
}
