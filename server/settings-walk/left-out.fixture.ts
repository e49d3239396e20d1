/** Of this process alone, so that two walks on one server do not meet. */
export const TABLESPACE = `walk ${process.pid}`;

/** Settings that the walk leaves alone, and why. A setting that is neither here nor walked fails a test. */
export const LEFT_OUT: Record<string, string> = {
  extension_destdir:
    'of Debian, for who builds packages: with a folder that is not there, the server itself cannot list its extensions',
  local_preload_libraries:
    'a library that is not there keeps everybody out at the sign-in, one that is there runs code of its own',
  session_preload_libraries: 'as local_preload_libraries',
  log_min_messages: 'what the server writes to its own log; its lower levels write the log of the test server full',
  log_statement_stats: 'cannot be had together with the three it sums up; writes to the server’s own log only',
  transaction_deferrable: 'of the transaction under way; cannot be kept for a role or a database',
  transaction_isolation: 'as transaction_deferrable',
  transaction_read_only: 'as transaction_deferrable',
};

/** Settings that end a run of an ordinary role, who may not set them: it says so by their names. */
export const REFUSED = ['session_replication_role', 'zero_damaged_pages', 'ignore_checksum_failure'];

/** Ends of ranges that are not gone to; the walk takes the value given instead. */
export const CAPPED: Record<string, { min?: string; max?: string; why: string }> = {
  temp_buffers: { max: '10000', why: 'the server takes the memory at the first temporary table' },
  max_stack_depth: { max: '2048', why: 'the server takes no more than its system gives' },
  work_mem: { max: '1048576', why: 'the server takes what it may have, and then has no memory' },
  hash_mem_multiplier: { max: '10', why: 'as work_mem' },
  maintenance_work_mem: { max: '1048576', why: 'as work_mem' },
  vacuum_cost_delay: { max: '1', why: 'ANALYZE would sleep for minutes' },
  commit_delay: { max: '1000', why: 'each commit would sleep' },
  statement_timeout: { max: '10000', why: 'the largest value is no limit; a limit is what may do harm' },
  lock_timeout: { max: '10000', why: 'as statement_timeout' },
  transaction_timeout: { max: '10000', why: 'as statement_timeout' },
  idle_in_transaction_session_timeout: { max: '10000', why: 'as statement_timeout' },
  idle_session_timeout: { max: '10000', why: 'as statement_timeout' },
};

/** Other values of settings that are free text. `locales` stands for those the server has. */
export const CHOICES: Record<string, string[]> = {
  DateStyle: ['SQL, DMY', 'SQL, MDY', 'German', 'Postgres, DMY', 'Postgres, MDY', 'ISO, DMY', 'ISO, YMD'],
  TimeZone: ['Asia/Kathmandu', 'America/New_York', '<-03:30>+03:30'],
  application_name: ['another'],
  backtrace_functions: ['errstart'],
  client_encoding: ['LATIN1', 'SJIS', 'EUC_JP', 'SQL_ASCII', 'GB18030'],
  createrole_self_grant: ['set, inherit'],
  default_table_access_method: ['walk_heap'],
  default_tablespace: [TABLESPACE],
  default_text_search_config: ['pg_catalog.simple', 'pg_catalog.german'],
  dynamic_library_path: ['$libdir:/nowhere'],
  extension_control_path: ['/nowhere'],
  lc_messages: ['locales'],
  lc_monetary: ['locales'],
  lc_numeric: ['locales'],
  lc_time: ['locales'],
  'plpgsql.extra_errors': ['all'],
  'plpgsql.extra_warnings': ['all'],
  restrict_nonsystem_relation_kind: ['view, foreign-table'],
  search_path: ['shadow, pg_catalog, public', 'pg_temp, public', "''"],
  temp_tablespaces: [TABLESPACE],
  timezone_abbreviations: ['Australia', 'India'],
  wal_consistency_checking: ['all'],
};
