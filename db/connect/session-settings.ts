/** One setting of PostgreSQL that a session must have, whatever role, database or server say. */
export interface SessionSetting {
  /** As `pg_settings` spells it. */
  name: string;
  /** As the server spells it when asked: what is read back is compared with this. */
  value: string;
  /** The oldest server that has the setting, when that is not every one. */
  since?: number;
  /** An ordinary role may not set it. */
  superuser?: true;
  /** Only a session that has this value is given the other one. */
  insteadOf?: string;
}

/**
 * What every session that reads or writes values or definitions says of itself first; `restore.sql` and `schema/*.sql` say the same.
 * The list began as pg_dump’s. Each line has a test that fails without it: `server/settings-walk/each-line.test.ts`.
 */
export const SESSION_SETTINGS: SessionSetting[] = [
  // Statements that take their time must not end half-way, and one that fails must leave its session.
  { name: 'statement_timeout', value: '0' },
  { name: 'lock_timeout', value: '0' },
  { name: 'idle_in_transaction_session_timeout', value: '0' },
  { name: 'idle_session_timeout', value: '0' },
  { name: 'transaction_timeout', value: '0', since: 170000 },
  { name: 'exit_on_error', value: 'off' },
  // How values are spelled, and read.
  { name: 'client_encoding', value: 'UTF8' },
  { name: 'DateStyle', value: 'ISO, MDY' },
  { name: 'IntervalStyle', value: 'postgres' },
  { name: 'TimeZone', value: 'UTC' },
  { name: 'extra_float_digits', value: '3' },
  { name: 'bytea_output', value: 'hex' },
  { name: 'lc_monetary', value: 'C' },
  { name: 'xmloption', value: 'content' },
  { name: 'array_nulls', value: 'on' },
  // How definitions are spelled, and read.
  { name: 'quote_all_identifiers', value: 'off' },
  { name: 'standard_conforming_strings', value: 'on' },
  // Where tables and indexes go that are made or made again.
  { name: 'default_tablespace', value: '' },
  { name: 'default_table_access_method', value: 'heap' },
  // Which rows are seen, and which rules are kept.
  { name: 'row_security', value: 'off' },
  { name: 'session_replication_role', value: 'origin', superuser: true },
  { name: 'zero_damaged_pages', value: 'off', superuser: true },
  { name: 'ignore_checksum_failure', value: 'off', superuser: true },
  { name: 'default_transaction_isolation', value: 'read committed' },
  { name: 'default_transaction_read_only', value: 'off' },
  // A restore that was called done must outlive a crash of the server.
  { name: 'synchronous_commit', value: 'local', insteadOf: 'off' },
  // Rows in the order of their table, and catalogs read without a compiler's detour.
  { name: 'synchronize_seqscans', value: 'off' },
  { name: 'max_parallel_workers_per_gather', value: '0' },
  { name: 'jit', value: 'off' },
];

/** Asked about by `target_session_attrs` before it is set. */
const AFTER_SIGN_IN = 'default_transaction_read_only';

/**
 * Every setting that only weighs how a statement is carried out, and does not stand as the server was built: with several of them
 * together, a question to the catalog or the check of a foreign key compares each row with each other one, for hours, or asks for all memory.
 */
const PLANNING = `FROM pg_catalog.pg_settings AS s
  WHERE s.context = 'user' AND s.setting <> s.boot_val
    AND (s.name LIKE 'enable\\_%' OR s.name LIKE '%\\_cost' OR s.name LIKE 'geqo%' OR s.name LIKE '%\\_collapse\\_limit' OR s.name IN ('plan_cache_mode', 'cursor_tuple_fraction', 'recursive_worktable_factor'))`;

/** Sets each of them back, in a session and in a script for `psql`. */
export const PLANNING_AS_BUILT = `pg_catalog.set_config(s.name, s.boot_val, false) ${PLANNING}`;

/** The same until the transaction ends. */
export const PLANNING_AS_BUILT_IN_TRANSACTION = `pg_catalog.set_config(s.name, s.boot_val, true) ${PLANNING}`;

/** Nothing of the database stands before, or beside, the names of the catalog. Not empty, because drivers leave empty settings out. */
const CATALOG_NAMES = 'pg_catalog, pg_temp';

/** Those that any role may name while it signs in, to every server: for drivers that open their connections by themselves, and ask the catalog before anything of ours. */
export function signInSettings(): Record<string, string> {
  const plain = SESSION_SETTINGS.filter(({ since, superuser, insteadOf }) => !(since || superuser || insteadOf));
  return { search_path: CATALOG_NAMES, ...Object.fromEntries(plain.map(({ name, value }) => [name, value])) };
}

/** The same as the text of a connection's `options`, but for what `signedInSettings` sets. */
export function signInOptions(): string {
  const escaped = (value: string) => value.replaceAll(/[\\ ]/g, '\\$&');
  return Object.entries(signInSettings())
    .filter(([name]) => name !== AFTER_SIGN_IN)
    .map(([name, value]) => `-c ${name}=${escaped(value)}`)
    .join(' ');
}

/** The statement for what is left of them once the connection is made. */
export function signedInSettings(): string {
  return `SET ${AFTER_SIGN_IN} = off`;
}
