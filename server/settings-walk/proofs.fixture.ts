import { TABLESPACE } from './left-out.fixture.ts';

/** What a session does under another value of one setting, and what would come of it without the line that sets it back. */
export interface Proof {
  /** The value the database gives the setting. */
  value: string;
  breaks: string;
  /** Statements, and the words below. */
  steps: string[];
  /** Run by the superuser before the steps. */
  before?: string;
  /** A script for psql cannot show it, and why. */
  notByHand?: string;
  /** The driver says the setting itself while it signs in. */
  onlyByHand?: true;
  superuser?: true;
  /** Another session holds `public.held` for a while. */
  held?: true;
}

/** Nothing happens for half a second. */
export const PAUSE = 'PAUSE';
/** Another session writes a row to `public.counted` and commits. */
export const OTHER_WRITES = 'OTHER WRITES';

export const PROOF_SQL = `
  CREATE TABLE public.counted (id integer);
  CREATE TABLE public.held (id integer);
  CREATE TABLE public.parent (id integer PRIMARY KEY);
  CREATE TABLE public.child (id integer REFERENCES public.parent);
  CREATE TABLE public.hidden (id integer);
  INSERT INTO public.hidden VALUES (1), (2);
  ALTER TABLE public.hidden ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
  CREATE POLICY first_only ON public.hidden USING (id = 1);
  CREATE UNLOGGED TABLE public.big AS SELECT i, pg_catalog.repeat('x', 1900) AS filler FROM pg_catalog.generate_series(1, 14000) AS i;
  ANALYZE public.big;
`;

/** Makes a table whose only page is read from disk next: a copy to another tablespace passes by the server's memory. */
function damagedTable(bytes: string, at: number): string {
  return `
    DROP TABLE IF EXISTS public.damaged;
    CREATE TABLE public.damaged AS SELECT 1 AS id, 7 AS salary;
    ALTER TABLE public.damaged SET TABLESPACE "${TABLESPACE}";
    DO $$ BEGIN
      EXECUTE pg_catalog.format('COPY (SELECT 1) TO PROGRAM %L', pg_catalog.format(
        'cat >/dev/null; printf ''${bytes}'' | dd of="%s" bs=1 seek=${at} conv=notrunc status=none', pg_catalog.pg_relation_filepath('public.damaged')));
    END $$`;
}

const COMMITTED = [
  'BEGIN',
  'INSERT INTO public.counted VALUES (1)',
  `SELECT pg_catalog.set_config('proof.lsn', pg_catalog.pg_current_wal_insert_lsn()::text, false) <> '' AS noted`,
  'COMMIT',
  `SELECT pg_catalog.pg_current_wal_flush_lsn() >= pg_catalog.current_setting('proof.lsn')::pg_lsn AS on_disk`,
];

/** For every line of `SESSION_SETTINGS`. */
export const PROOFS: Record<string, Proof> = {
  statement_timeout: { value: '100ms', breaks: 'ends a long statement', steps: ['SELECT pg_catalog.pg_sleep(0.4)'] },
  lock_timeout: {
    value: '1ms',
    breaks: 'ends a wait for a table',
    steps: ['BEGIN', 'LOCK TABLE public.held IN ACCESS SHARE MODE', 'COMMIT'],
    held: true,
  },
  idle_in_transaction_session_timeout: {
    value: '200ms',
    breaks: 'ends the snapshot’s session while others copy',
    steps: ['BEGIN', PAUSE, 'SELECT 1 AS one'],
  },
  idle_session_timeout: {
    value: '300ms',
    breaks: 'ends the session that holds the operation’s locks',
    steps: [PAUSE, 'SELECT 1 AS one'],
  },
  transaction_timeout: {
    value: '300ms',
    breaks: 'ends the restore before its commit',
    steps: ['BEGIN', PAUSE, 'SELECT 1 AS one'],
  },
  exit_on_error: {
    value: 'on',
    breaks: 'ends the session at a statement that may fail',
    steps: ['SELECT 1/0', 'SELECT 1 AS one'],
    notByHand: 'the script stops at its first error anyhow',
  },
  client_encoding: {
    value: 'LATIN1',
    breaks: 'stores two letters for one',
    steps: [`SELECT pg_catalog.length('é') AS letters`],
    onlyByHand: true,
  },
  DateStyle: {
    value: 'SQL, DMY',
    breaks: 'day and month change places',
    steps: [`SELECT '2020-01-02'::date::text AS written`, `SELECT '01/02/2020'::date = '2020-01-02' AS as_read`],
  },
  IntervalStyle: {
    value: 'sql_standard',
    breaks: 'the sign of an hour',
    steps: [`SELECT '-1 days +02:03:04'::interval::text AS written`, `SELECT '-1 02:03:04'::interval::text AS as_read`],
  },
  TimeZone: {
    value: 'Asia/Kathmandu',
    breaks: 'the hour',
    steps: [
      `SELECT '2020-01-02 00:00:00+00'::timestamptz::text AS written`,
      `SELECT '2020-01-02'::timestamptz = '2020-01-02 00:00:00+00' AS as_read`,
    ],
  },
  extra_float_digits: {
    value: '-10',
    breaks: 'the last digits',
    steps: [`SELECT (0.1::float8 + 0.2::float8)::text AS written`],
  },
  bytea_output: {
    value: 'escape',
    breaks: 'other text for the same bytes',
    steps: [`SELECT '\\x00ff'::bytea::text AS written`],
  },
  lc_monetary: {
    value: 'C.UTF-8',
    breaks: 'sign and decimal point of money; where the machine has no such locale, only the setting itself tells',
    steps: [`SELECT '1234.56'::money::text AS written`, `SELECT pg_catalog.current_setting('lc_monetary') AS said`],
  },
  xmloption: { value: 'document', breaks: 'refuses content', steps: [`SELECT 'a<b/>'::xml::text AS as_read`] },
  array_nulls: {
    value: 'off',
    breaks: 'NULL becomes a word',
    steps: [`SELECT ('{NULL}'::text[])[1] IS NULL AS as_read`],
  },
  quote_all_identifiers: {
    value: 'on',
    breaks: 'the same definition looks like another one',
    steps: [`SELECT pg_catalog.pg_get_indexdef('public.parent_pkey'::regclass) AS definition`],
  },
  standard_conforming_strings: {
    value: 'off',
    breaks: 'takes a backslash out of a literal',
    steps: [`SELECT 'a\\\\b' AS as_read`],
  },
  default_tablespace: {
    value: TABLESPACE,
    breaks: 'a rebuilt index lies elsewhere',
    steps: [
      'BEGIN',
      'CREATE INDEX made ON public.counted (id)',
      `SELECT reltablespace::text AS place FROM pg_catalog.pg_class WHERE relname = 'made'`,
      'ROLLBACK',
    ],
  },
  default_table_access_method: {
    value: 'proof_heap',
    breaks: 'staging is of another kind',
    steps: [
      'BEGIN',
      'CREATE TABLE public.made (id integer)',
      `SELECT a.amname AS kind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_am a ON a.oid = c.relam WHERE c.relname = 'made'`,
      'ROLLBACK',
    ],
  },
  row_security: {
    value: 'on',
    breaks: 'leaves out rows without a word',
    steps: ['SELECT pg_catalog.count(*) AS rows FROM public.hidden'],
  },
  session_replication_role: {
    value: 'replica',
    breaks: 'lets in rows that refer to nothing',
    steps: ['BEGIN', 'INSERT INTO public.child VALUES (99)', 'ROLLBACK'],
    superuser: true,
  },
  zero_damaged_pages: {
    value: 'on',
    breaks: 'leaves out rows of a damaged page without a word',
    steps: ['SELECT pg_catalog.count(*) AS rows FROM public.damaged'],
    before: damagedTable('\\377\\377\\377\\377\\377\\377', 12),
    superuser: true,
  },
  ignore_checksum_failure: {
    value: 'on',
    breaks:
      'reads damaged rows as if they were sound; where the server keeps no checksums, only the setting itself tells',
    // The salary is the last field of the only row, which ends where the page ends but for its alignment.
    steps: [
      'SELECT salary FROM public.damaged',
      `SELECT pg_catalog.current_setting('ignore_checksum_failure') AS said`,
    ],
    before: damagedTable('\\001', 8189),
    superuser: true,
  },
  default_transaction_isolation: {
    value: 'serializable',
    breaks: 'does not see what was committed while it waited',
    steps: [
      'BEGIN',
      `SELECT pg_catalog.set_config('proof.rows', pg_catalog.count(*)::text, false) <> '' AS noted FROM public.counted`,
      OTHER_WRITES,
      `SELECT pg_catalog.count(*) - pg_catalog.current_setting('proof.rows')::integer AS seen FROM public.counted`,
      'COMMIT',
    ],
  },
  default_transaction_read_only: {
    value: 'on',
    breaks: 'refuses every write',
    steps: ['INSERT INTO public.counted VALUES (1)'],
  },
  synchronous_commit: {
    value: 'off',
    breaks: 'a restore that was called done is gone after a crash',
    steps: Array.from({ length: 10 }, () => COMMITTED).flat(),
  },
  synchronize_seqscans: {
    value: 'on',
    breaks: 'the order of rows in an archive',
    steps: [
      'SELECT pg_catalog.count(*) AS read FROM (SELECT i FROM public.big LIMIT 7000) AS half',
      'SELECT i AS first FROM public.big LIMIT 1',
    ],
  },
  max_parallel_workers_per_gather: {
    value: '4',
    breaks: 'several processes read a table, in no order',
    steps: [
      'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0',
      `EXPLAIN (COSTS OFF) SELECT i FROM public.big WHERE filler <> ''`,
    ],
  },
  jit: {
    value: 'on',
    breaks:
      'each question to the catalog is compiled first; where the server has no compiler, only the setting itself tells',
    steps: [
      'SET jit_above_cost = 0',
      'EXPLAIN SELECT pg_catalog.count(*) FROM pg_catalog.generate_series(1, 10)',
      `SELECT pg_catalog.current_setting('jit') AS said`,
    ],
  },
};
