/** One setting of PostgreSQL that a session must have, whatever role, database or server say. */
export interface SessionSetting {
  /** Name as `pg_settings` spells it. */
  name: string;
  /** Value as the server spells it, since it is compared with what is read back. */
  value: string;
  /** The oldest server version that has the setting; absent when every one does. */
  since?: number;
  /** True when an ordinary role may not set it. */
  superuser?: true;
  /** The current value that is replaced; any other is left alone. */
  replaces?: string;
}

/**
 * Settings that every session applies before it reads or writes values or definitions; `restore.sql` and `schema/*.sql` apply the same. The
 * list began as pg_dump’s. Each line has a test that fails without it: `server/settings-walk/each-line.test.ts`.
 */
export const SESSION_SETTINGS: SessionSetting[] = [
  // Long statements must not be cut short, and a failed one must release its session.
  { name: 'statement_timeout', value: '0' },
  { name: 'lock_timeout', value: '0' },
  { name: 'idle_in_transaction_session_timeout', value: '0' },
  { name: 'idle_session_timeout', value: '0' },
  { name: 'transaction_timeout', value: '0', since: 170000 },
  { name: 'exit_on_error', value: 'off' },
  // Spelling of values, written and read.
  { name: 'client_encoding', value: 'UTF8' },
  { name: 'DateStyle', value: 'ISO, MDY' },
  { name: 'IntervalStyle', value: 'postgres' },
  { name: 'TimeZone', value: 'UTC' },
  { name: 'extra_float_digits', value: '3' },
  { name: 'bytea_output', value: 'hex' },
  { name: 'lc_monetary', value: 'C' },
  { name: 'xmloption', value: 'content' },
  { name: 'array_nulls', value: 'on' },
  // Spelling of definitions, written and read.
  { name: 'quote_all_identifiers', value: 'off' },
  { name: 'standard_conforming_strings', value: 'on' },
  // Location of tables and indexes that are created or rebuilt.
  { name: 'default_tablespace', value: '' },
  { name: 'default_table_access_method', value: 'heap' },
  // Visible rows and enforced rules.
  { name: 'row_security', value: 'off' },
  { name: 'session_replication_role', value: 'origin', superuser: true },
  { name: 'zero_damaged_pages', value: 'off', superuser: true },
  { name: 'ignore_checksum_failure', value: 'off', superuser: true },
  { name: 'default_transaction_isolation', value: 'read committed' },
  { name: 'default_transaction_read_only', value: 'off' },
  // A restore reported as done must outlive a crash of the server.
  { name: 'synchronous_commit', value: 'local', replaces: 'off' },
  // Rows in their table's order, and catalog queries without JIT compilation.
  { name: 'synchronize_seqscans', value: 'off' },
  { name: 'max_parallel_workers_per_gather', value: '0' },
  { name: 'jit', value: 'off' },
];

/** A setting that `target_session_attrs` asks about before it is set. */
const AFTER_SIGN_IN = 'default_transaction_read_only';

/**
 * Every planner setting that differs from the server's built-in default. Several together make a catalog query or foreign key check compare
 * every row with every other. That takes hours, or asks for all memory.
 */
const PLANNING = `FROM pg_catalog.pg_settings AS s
  WHERE s.context = 'user' AND s.setting <> s.boot_val
    AND (s.name LIKE 'enable\\_%' OR s.name LIKE '%\\_cost' OR s.name LIKE 'geqo%' OR s.name LIKE '%\\_collapse\\_limit' OR s.name IN ('plan_cache_mode', 'cursor_tuple_fraction', 'recursive_worktable_factor'))`;

/** Resets each of them, in a session and in a script for `psql`. */
export const PLANNING_AS_BUILT = `pg_catalog.set_config(s.name, s.boot_val, false) ${PLANNING}`;

/** Resets each of them until the transaction ends. */
export const PLANNING_AS_BUILT_IN_TRANSACTION = `pg_catalog.set_config(s.name, s.boot_val, true) ${PLANNING}`;

/**
 * Search path in which nothing of the database stands before, or beside, the catalog. Not empty, because drivers leave empty settings out.
 */
const CATALOG_NAMES = 'pg_catalog, pg_temp';

/**
 * Returns the settings that any role may name at sign-in, on every server. For drivers that open connections by themselves and query the
 * catalog before we do.
 */
export function signInSettings(): Record<string, string> {
  const plain = SESSION_SETTINGS.filter(({ since, superuser, replaces }) => !(since || superuser || replaces));
  return { search_path: CATALOG_NAMES, ...Object.fromEntries(plain.map(({ name, value }) => [name, value])) };
}

/** Returns the same settings as the text of a connection's `options`, except those that `signedInSettings` sets. */
export function signInOptions(): string {
  const escaped = (value: string) => value.replaceAll(/[\\ ]/g, '\\$&');
  return Object.entries(signInSettings())
    .filter(([name]) => name !== AFTER_SIGN_IN)
    .map(([name, value]) => `-c ${name}=${escaped(value)}`)
    .join(' ');
}

/** Returns the statement that applies the remaining settings once the connection is open. */
export function signedInSettings(): string {
  return `SET ${AFTER_SIGN_IN} = off`;
}
